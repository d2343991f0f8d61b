"""JSON lines: as they are, or with their names mapped."""

from __future__ import annotations

import gzip
from typing import Any

import msgspec
import pytest

from streams.events import Feedback, Interaction, Refused
from streams.files.reader import UnreadableFile
from tests.files.conftest import Reads

EVENT: dict[str, Any] = {
    "id": "e1",
    "source": "shop",
    "time": "2026-03-01T11:00:00Z",
    "type": "feedback",
    "channel": "web",
    "stage": "buy",
    "metric": "nps",
    "score": 3,
}


def line(**changes: Any) -> bytes:
    return msgspec.json.encode({k: v for k, v in {**EVENT, **changes}.items() if v is not ...}) + b"\n"


def test_complete_events_pass_unchanged(read: Reads) -> None:
    spaced = b'{"id": "e1",  "source":"shop","time":"2026-03-01T11:00:00Z","type":"feedback","channel":"web",'
    spaced += b'"stage":"buy","metric":"nps","score":3,"extra":1}'
    first, second = read(b"\xef\xbb\xbf" + spaced + b"\r\n\n" + line(id="e2"), name="events.jsonl", sets=[])
    assert first.raw == spaced
    assert (first.number, second.number) == (1, 3)
    assert isinstance(second.event, Feedback)


@pytest.mark.parametrize("name", ["events.jsonl", "events.ndjson", "events.json", "events.txt", "events", "e.jsonl.gz"])
def test_json_lines_are_known_by_name_or_by_their_first_character(read: Reads, name: str) -> None:
    content = gzip.compress(line()) if name.endswith(".gz") else line()
    assert [type(r.event) for r in read(content, name=name, sets=[])] == [Feedback]


def test_a_last_line_without_an_end_is_read(read: Reads) -> None:
    assert [type(r.event) for r in read(line() + line(id="e2").strip(), name="e.jsonl", sets=[])] == [Feedback] * 2


def test_names_are_mapped_constants_win_and_what_is_not_ours_goes(read: Reads) -> None:
    content = line(id=..., review=4711, text="fine", comment="mine", source="x", ver="3.7", secret=1)
    (found,) = read(
        content, name="e.jsonl", maps=["review=id", "text=comment", "ver=attributes.version"], sets=["source=store"]
    )
    assert isinstance(found.event, Feedback)
    assert (found.event.id, found.event.comment, found.event.source) == ("4711", "fine", "store")
    assert found.event.attributes == {"version": "3.7"}
    assert b"secret" not in found.raw
    assert b"mine" not in found.raw


def test_attributes_that_are_mapped_join_those_that_are_there(read: Reads) -> None:
    (found,) = read(line(attributes={"a": 1}, b="two"), name="e.jsonl", maps=["b=attributes.b"], sets=[])
    assert not isinstance(found.event, Refused)
    assert found.event.attributes == {"a": 1, "b": "two"}


def test_text_that_stands_for_a_number_is_read_where_names_are_mapped(read: Reads) -> None:
    content = line(type="interaction", interaction="call", metric=..., score=..., wait="12.5", why="a; b")
    (found,) = read(content, name="e.jsonl", maps=["wait=wait_seconds"], sets=[])
    assert isinstance(found.event, Interaction)
    assert found.event.wait_seconds == 12.5
    (answer,) = read(line(score="5.0", why="a; b"), name="e.jsonl", maps=["why=reasons"], sets=[])
    assert isinstance(answer.event, Feedback)
    assert (answer.event.score, answer.event.reasons) == (5, ("a", "b"))


def test_local_times_get_the_files_time_zone(read: Reads) -> None:
    content = line(time="2025-10-26 02:30:00") + line(id="e2") + line(id="e3", time="2025-10-26")
    twice, own, day = read(content, name="e.jsonl", sets=[], timezone="Europe/Berlin", date_only=True)
    assert twice.ambiguous
    assert not own.ambiguous
    assert not isinstance(day.event, Refused)
    assert b"2025-10-25T22:00:00" in day.raw


@pytest.mark.parametrize(
    ("bad", "field", "rule"),
    [
        (b"{not json\n", "event", "must be valid JSON"),
        (b"[1]\n", "event", "must be a JSON object"),
        (line(score=11), "score", "must be a whole number from 0 to 10"),
        (line(score="3"), "score", "must be a whole number"),
        (line(time="2026-03-01"), "time", "--date-only"),
        (line(time="2026-03-01 11:00"), "time", "--timezone"),
        (line(type="guess"), "type", "must be one of"),
        (line().replace(b'"e1"', b'"caf\xe9"'), "id", "must be valid UTF-8"),
        (line(comment="x" * 300_000), "event", "must be smaller than 256 KiB"),
        (line(comment="x" * 3_000_000), "event", "must be smaller than 256 KiB"),
    ],
)
def test_a_bad_line_is_refused_with_field_and_rule_and_the_rest_goes_on(
    read: Reads, bad: bytes, field: str, rule: str
) -> None:
    first, second, third = read(line() + bad + line(id="e3"), name="e.jsonl", sets=[])
    assert isinstance(first.event, Feedback)
    assert isinstance(third.event, Feedback)
    assert third.number == 3
    assert isinstance(second.event, Refused)
    assert second.event.field == field
    assert rule in second.event.rule


def test_what_is_not_utf_8_does_no_harm_in_a_field_that_is_not_read(read: Reads) -> None:
    content = line(other="cafe").replace(b"cafe", b"caf\xe9")
    (found,) = read(content, name="e.jsonl", maps=[], sets=["source=shop"])
    assert isinstance(found.event, Feedback)


@pytest.mark.parametrize("content", [b"[" + line() + b"]", b"  \n[\n{", b'{\n  "id": 1\n}\n'])
def test_json_that_is_not_one_event_a_line_says_how_to_make_it_so(read: Reads, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="jq -c"):
        read(content, name="e.json", sets=[])
