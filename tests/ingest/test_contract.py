"""The route in the OpenAPI document says what it does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.support import URL, Server


@pytest.fixture
def described(server: Server) -> dict[str, Any]:
    document = server.app.openapi_schema.to_schema()
    assert document["openapi"].startswith("3.1")
    found: dict[str, Any] = document["paths"][URL]["post"]
    return found


def test_every_shape_that_may_be_sent_is_described(described: dict[str, Any]) -> None:
    content = described["requestBody"]["content"]
    assert set(content) == {
        "application/json",
        "application/x-ndjson",
        "application/jsonl",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
    }
    event, _, many = content["application/json"]["schema"]["anyOf"]
    assert [one["title"] for one in event["oneOf"]] == ["feedback", "interaction", "profile", "erasure"]
    assert {"id", "source", "time", "metric", "score"} <= set(event["oneOf"][0]["required"])
    assert many["maxItems"] == 10_000


def test_every_answer_is_described(described: dict[str, Any]) -> None:
    answers = described["responses"]
    assert {"202", "400", "413", "422", "429", "503"} <= set(answers)
    for status in ("429", "503"):
        assert "Retry-After" in answers[status]["headers"]
    assert all("application/problem+json" in answers[s]["content"] for s in answers if s.startswith(("4", "5")))


def test_the_examples_in_the_document_are_accepted(described: dict[str, Any], send: Any, server: Server) -> None:
    for kind, media in described["requestBody"]["content"].items():
        example = media["example"]
        answer = send(example.encode() if isinstance(example, str) else example, kind)
        assert (answer.status_code, answer.json()["refused"]) == (202, []), (kind, answer.text)
