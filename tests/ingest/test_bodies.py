"""What may be sent, in which shapes, and what happens to what cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from tests.ingest.support import Server, feedback, lines, packed

Send = Callable[..., Response]
NDJSON = "application/x-ndjson"


def problem(answer: Response, status: int) -> dict[str, Any]:
    """An RFC 9457 problem whose detail is a sentence for people."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found


def test_one_event_is_in_the_log_when_the_answer_comes(send: Send, server: Server) -> None:
    answer = send(feedback(customer="anna"))
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "refused": []})
    assert server.logged() == [feedback(customer="anna")]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps([feedback("a"), feedback("b")]).encode(), "application/json"),
        (json.dumps([feedback("a"), feedback("b")], indent=2).encode(), "text/plain"),
        (lines(feedback("a"), feedback("b")), NDJSON),
        (lines(feedback("a"), b"", feedback("b"), b"\r"), "application/jsonl; charset=utf-8"),
        (lines(feedback("a"), feedback("b")) + b"\n", "application/json"),
        (b"\xef\xbb\xbf" + lines(feedback("a"), feedback("b")), ""),
    ],
)
def test_many_events_are_an_array_or_lines_whatever_the_content_type(
    send: Send, server: Server, body: bytes, kind: str
) -> None:
    answer = send(body, kind)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2), answer.text
    assert server.ids() == ["a", "b"]


def test_refused_events_are_named_and_do_not_hold_back_the_others(send: Send, server: Server) -> None:
    answer = send([feedback("a"), feedback("b", score=11), 7, feedback("c")])
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    first, second = answer.json()["refused"]
    assert (first["index"], first["field"], first["value"]) == (1, "score", "11")
    assert "from 0 to 10" in first["rule"]
    assert (second["index"], second["value"]) == (2, "7")
    assert "object" in second["rule"]
    assert server.ids() == ["a", "c"]


def test_refused_events_are_kept_as_dead_letters(send: Send, server: Server) -> None:
    bad = feedback("b", channel="web", score=11)
    send([feedback("a"), bad])
    send([feedback("a"), bad])
    (letter,) = server.letters()
    assert (letter.origin, letter.field, letter.value, letter.times) == ("http", "score", "11", 2)
    assert json.loads(letter.raw) == bad


def test_dead_letters_are_bounded(send: Send, server: Server) -> None:
    send([feedback(n, score=99) for n in range(80)])
    assert len(server.letters()) == 50


def test_when_every_event_is_refused_nothing_was_accepted(send: Send, server: Server) -> None:
    found = problem(send([feedback(score=11), feedback(type="unheard")]), 422)
    assert [(one["index"], one["field"]) for one in found["refused"]] == [(0, "score"), (1, "type")]
    assert server.logged() == []
    assert len(server.letters()) == 2


def test_lines_that_are_no_json_are_refused_one_by_one(send: Send, server: Server) -> None:
    answer = send(lines(b'{"id": ', feedback("a"), b'{"id": "\xff"}'), NDJSON)
    assert answer.json()["accepted"] == 1
    assert [one["index"] for one in answer.json()["refused"]] == [0, 2]


@pytest.mark.parametrize("kind", ["application/json", NDJSON])
@pytest.mark.parametrize("body", [b"", b" \r\n\t ", b"\xef\xbb\xbf"])
def test_an_empty_body_is_a_problem(send: Send, body: bytes, kind: str) -> None:
    assert "empty" in problem(send(body, kind), 400)["detail"]


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"[{}", b"hello", b'{"a": 1,\n "b": {}\n', b"[" * 100_000, b"\xff\xfe{\x00}\x00"]
)
def test_a_body_that_is_no_json_is_a_problem(send: Send, server: Server, body: bytes) -> None:
    problem(send(body), 400)
    assert server.letters() == []


def test_text_is_utf_8_in_the_fields_that_are_read(send: Send, server: Server) -> None:
    raw = lines(feedback("a", comment="caf?", mood="gr?n"))
    read = send(raw.replace(b"caf?", b"caf\xe9").replace(b"gr?n", b"green"))
    assert problem(read, 422)["refused"][0]["field"] == "comment"
    assert send(lines(feedback("b", comment="ok"))).status_code == 202


def test_what_no_database_holds_is_still_kept_as_a_dead_letter(send: Send, server: Server) -> None:
    found = problem(send(feedback(stage="a\x00b")), 422)
    assert found["refused"][0]["field"] == "stage"
    assert "\x00" not in server.letters()[0].value


def test_at_most_ten_thousand_events_a_request(send: Send, server: Server) -> None:
    # Elements that are refused at a glance: the bound is what counts here.
    assert problem(send(b"[" + b"0," * 10_000 + b"0]"), 413)["detail"].startswith("The request has 10,001 events")
    assert problem(send(b"0\n" * 10_001, NDJSON), 413)
    assert problem(send(b"[" + b"0," * 2_000_000 + b"0]"), 413)
    assert len(problem(send(b"[" + b"0," * 9_999 + b"0]"), 422)["refused"]) == 10_000


def test_at_most_ten_megabytes_a_request(send: Send, server: Server) -> None:
    event = lines(feedback())
    assert send(event.ljust(10_000_000)).status_code == 202
    assert problem(send(event.ljust(10_000_001)), 413)


def test_a_body_without_a_length_is_cut_off_at_the_bound(client: Any, server: Server) -> None:
    def pieces() -> Any:
        yield lines(feedback())
        for _ in range(11):
            yield b" " * 1_000_000

    assert problem(client.post("/api/v1/events", content=pieces()), 413)
    assert server.logged() == []


def test_gzip_is_inflated(send: Send, server: Server) -> None:
    body = packed(lines(feedback("a"))) + packed(b"\n" + lines(feedback("b"), feedback("c", score=99)))
    answer = send(body + b"\0" * 7, NDJSON, Content_Encoding="gzip")
    assert (answer.json()["accepted"], len(answer.json()["refused"])) == (2, 1)
    assert server.ids() == ["a", "b"]


def test_gzip_is_bounded_while_it_is_inflated(send: Send) -> None:
    layers = packed(b" " * 60_000_000)
    assert len(layers) < 100_000
    assert "inflated" in problem(send(layers, Content_Encoding="gzip"), 413)["detail"]
    assert "members" in problem(send(packed(b"") * 2_000, Content_Encoding="gzip"), 400)["detail"]


@pytest.mark.parametrize(
    "breaks", [lambda b: b[:-9], lambda b: b[:40], lambda b: b + b"x", lambda b: b"no gzip at all"]
)
def test_broken_gzip_is_a_problem(send: Send, server: Server, breaks: Callable[[bytes], bytes]) -> None:
    assert "gzip" in problem(send(breaks(packed(lines(feedback()))), Content_Encoding="gzip"), 400)["detail"]
    assert server.logged() == []


def test_another_encoding_is_a_problem_that_names_those_that_are_read(send: Send) -> None:
    answer = send(lines(feedback()), Content_Encoding="br")
    assert "gzip" in problem(answer, 415)["detail"]
    assert answer.headers["accept-encoding"] == "gzip, identity"
