"""The route in the OpenAPI document: what may be sent, made from the structs that check it, and every answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, RequestBody
from litestar.openapi.spec import Schema as LitestarSchema

from streams.ingest.body import BODY_BYTES_MAX
from streams.ingest.problems import PROBLEM_TYPE, IngestProblem
from streams.ingest.split import EVENTS_MAX
from streams.wire import BY_TYPE

DESCRIPTION = (
    f"At most {EVENTS_MAX:,} events and {BODY_BYTES_MAX // 1_000_000} MB a request, compressed with gzip or not. "
    "The answer comes once what was accepted is durable in the log. An event that is refused does not hold back the "
    "others; it is kept as a dead letter. Events are told apart by (source, id) when they are measured: sending a "
    "request twice does no harm."
)
_EXAMPLE = {
    "id": "4711",
    "source": "shop",
    "time": "2026-03-01T09:30:00+01:00",
    "type": "feedback",
    "channel": "web",
    "stage": "buy",
    "customer": "c-1042",
    "metric": "nps",
    "score": 3,
    "comment": "The payment page kept failing.",
}
_WHAT = {
    400: "The body cannot be read: empty, no valid JSON, broken gzip",
    401: "A token is needed",
    403: "The token may not send events",
    413: f"More than {EVENTS_MAX:,} events or {BODY_BYTES_MAX // 1_000_000} MB: send several smaller requests",
    415: "A Content-Encoding other than gzip",
    422: "No event was accepted; `refused` says why",
    429: "This client has too much waiting for answers: send again after Retry-After",
    503: "The log is behind or cannot be written, nothing was accepted: send again after Retry-After",
}
ANSWERS = {
    status: ResponseSpec(IngestProblem, generate_examples=False, description=what, media_type=PROBLEM_TYPE)
    for status, what in _WHAT.items()
}


@dataclass
class Schema(LitestarSchema):
    """A JSON schema that is ready as it is."""

    ready: Any = None

    def to_schema(self) -> dict[str, Any]:
        return dict(self.ready)


@dataclass
class IngestOperation(Operation):
    """Litestar's description, with the body that the route reads by itself and the header of busy answers."""

    def __post_init__(self) -> None:
        self.request_body = _request_body()
        for status in ("429", "503"):
            answer = (self.responses or {}).get(status)
            if isinstance(answer, OpenAPIResponse):
                answer.headers = {
                    "Retry-After": OpenAPIHeader(
                        schema=LitestarSchema(type=OpenAPIType.INTEGER, minimum=1), description="Seconds to wait"
                    )
                }


def _request_body() -> RequestBody:
    event = {"oneOf": [_schema_of(name) for name in BY_TYPE]}
    envelope = _envelope()
    either = {"anyOf": [event, envelope]}
    many = {"type": "array", "minItems": 1, "maxItems": EVENTS_MAX}
    lines = {"type": "string", "description": "One JSON object a line, each an event or a CloudEvent"}
    wrapped = {
        "specversion": "1.0",
        "id": "4711",
        "source": "shop",
        "type": "com.example.feedback",
        "subject": "c-1042",
        "time": _EXAMPLE["time"],
        "data": {name: _EXAMPLE[name] for name in ("channel", "stage", "metric", "score")},
    }
    line = msgspec.json.encode(_EXAMPLE).decode()
    content: dict[str, tuple[dict[str, Any], Any]] = {
        "application/json": ({"anyOf": [event, envelope, {**many, "items": either}]}, [_EXAMPLE]),
        "application/x-ndjson": (lines, f"{line}\n{line}\n"),
        "application/jsonl": (lines, f"{line}\n{line}\n"),
        "application/cloudevents+json": (envelope, wrapped),
        "application/cloudevents-batch+json": ({**many, "items": envelope}, [wrapped]),
    }
    return RequestBody(
        content={kind: OpenAPIMediaType(Schema(ready=ready), example) for kind, (ready, example) in content.items()},
        description="One event, an array of events, or one event a line; CloudEvents 1.0 wherever an event may stand.",
        required=True,
    )


def _schema_of(name: str) -> dict[str, Any]:
    """The JSON schema of one type of event, by itself."""
    _, found = msgspec.json.schema_components([BY_TYPE[name]])
    (schema,) = found.values()
    return {**schema, "title": name, "description": f"An event of type {name}; unknown fields are ignored"}


def _envelope() -> dict[str, Any]:
    text = {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "title": "CloudEvent",
        "description": "A CloudEvents 1.0 envelope. What data lacks of id, source, time, type and customer is taken "
        "from id, source, time, type (its last dotted part) and subject.",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {**text, "description": f"{', '.join(BY_TYPE)}, or ending in a dot and one of them"},
            "time": {"type": "string", "format": "date-time"},
            "subject": {"type": "string", "description": "The customer, where data names none"},
            "data": {"type": "object", "description": "The event's own fields"},
            "data_base64": {"type": "string", "contentEncoding": "base64", "description": "data as base64 of JSON"},
        },
        "required": ["specversion"],
    }
