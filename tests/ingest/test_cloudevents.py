"""CloudEvents 1.0 in structured mode, wherever an event may stand."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from tests.ingest.support import Server, envelope, feedback, lines

Send = Callable[..., Response]
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.mark.parametrize("kind", [ONE, "application/json", ""])
def test_the_envelope_fills_what_the_data_lacks(send: Send, server: Server, kind: str) -> None:
    assert send(envelope(), kind).json() == {"accepted": 1, "refused": []}
    assert server.logged() == [feedback("ce1", source="/shop", time="2026-03-01T11:58:00Z", customer="anna")]


def test_what_the_data_says_wins(send: Send, server: Server) -> None:
    data = feedback("own", source="crm", customer="bert", time="2026-03-01T10:00:00Z")
    send(envelope(data, type="com.example.interaction"), ONE)
    assert server.logged() == [data]


def test_batches_and_mixtures(send: Send, server: Server) -> None:
    assert send([envelope(id="a"), envelope(id="b")], BATCH).json()["accepted"] == 2
    assert send([feedback("c"), envelope(id="d")]).json()["accepted"] == 2
    assert send(lines(envelope(id="e"), feedback("f")), "application/x-ndjson").json()["accepted"] == 2
    assert server.ids() == ["a", "b", "c", "d", "e", "f"]


def test_data_may_be_base64(send: Send, server: Server) -> None:
    inside = base64.b64encode(json.dumps(envelope()["data"]).encode()).decode()
    assert send(envelope(..., data_base64=inside) | {"data": None}, ONE).status_code == 202
    assert server.ids() == ["ce1"]


def test_an_erasure_needs_no_data(send: Send, server: Server) -> None:
    bare = {name: value for name, value in envelope(type="erasure").items() if name != "data"}
    assert send(bare, ONE).status_code == 202
    assert server.logged()[0]["customer"] == "anna"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (envelope(specversion="0.3"), "specversion"),
        (envelope(specversion=1.0), "specversion"),
        (envelope(type="com.example.unheard"), "type"),
        (envelope(type=...), "type"),
        (envelope(type=7), "type"),
        (envelope("text"), "data"),
        (envelope([1]), "data"),
        (envelope(None), "data"),
        (envelope(data_base64="e30="), "data_base64"),
        (envelope(None, data_base64="%%%"), "data_base64"),
        (envelope(None, data_base64="W10="), "data_base64"),
        (envelope(id=...), "id"),
        (envelope({"metric": "nps", "score": 11, "channel": "web", "stage": "buy"}), "score"),
    ],
)
def test_envelopes_that_cannot_be_used_name_the_field(
    send: Send, server: Server, sent: dict[str, Any], field: str
) -> None:
    answer = send([sent, feedback("good")], BATCH if "specversion" not in sent else "application/json")
    assert answer.json()["accepted"] == 1, answer.text
    (found,) = answer.json()["refused"]
    assert (found["index"], found["field"]) == (0, field)
    assert server.letters()[0].field == field


def test_an_event_under_the_media_type_of_cloudevents_needs_an_envelope(send: Send) -> None:
    answer = send(feedback(), ONE)
    assert answer.status_code == 422
    assert answer.json()["refused"][0]["field"] == "specversion"


def test_a_comment_about_specversion_makes_no_envelope(send: Send, server: Server) -> None:
    event = feedback(comment='"specversion"', attributes={"specversion": "1.0"})
    assert send(event).status_code == 202
    assert server.logged() == [event]
