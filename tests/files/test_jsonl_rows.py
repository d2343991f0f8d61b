"""JSON lines: events as they are, or with other names mapped to our fields."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from streams.files.mapping import Mapping
from streams.files.names import found_names
from streams.files.reader import UnreadableFile
from tests.files.support import accepted, json_line, refused, rows_of


def test_complete_events_pass_as_they_are(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + json_line(id="a", extra=1) + b"\r\n\n" + json_line(id="b", score=99)
    first, second = rows_of(tmp_path / "a.jsonl", gzip.compress(content), sets=())
    assert (accepted(first).id, first.number) == ("a", 1)
    assert msgspec.json.decode(first.raw)["extra"] == 1
    assert (refused(second).field, second.number) == ("score", 4)


def test_names_are_mapped_and_constants_win(tmp_path: Path) -> None:
    line = json_line(id=..., nr=17, text="slow", comment="not this one", score="5.0", source="old", channel="app")
    (row,) = rows_of(
        tmp_path / "a.ndjson", line, maps=["nr=id", "text=comment"], sets=["source=shop", "attributes.file=f1"]
    )
    event = accepted(row)
    assert (event.id, event.source, event.channel, event.attributes) == ("17", "shop", "app", {"file": "f1"})
    assert (getattr(event, "comment", ""), getattr(event, "score", 0)) == ("slow", 5)


def test_a_value_that_no_number_holds_is_refused_not_lost(tmp_path: Path) -> None:
    line = json_line(type="profile", customer="anna", value="1e999", metric=..., score=...)
    (row,) = rows_of(tmp_path / "a.jsonl", line, sets=["source=crm"])
    assert refused(row).field == "value"


def test_lines_too_long_to_be_events_are_refused_and_reading_goes_on(tmp_path: Path) -> None:
    long = json_line(comment="x" * 600_000)
    padded = b" " * 300_000 + json_line(id="padded")
    for sets in ((), ("source=shop",)):
        rows = rows_of(tmp_path / "a.jsonl", long + padded + json_line(id="last"), sets=sets)
        assert ["KiB" in refused(row).rule for row in rows[:2]] == [True, True]
        assert [accepted(row).id for row in rows[2:]] == ["last"]


def test_text_is_utf_8_in_the_fields_that_are_read(tmp_path: Path) -> None:
    bad = json_line(comment="caf?").replace(b"?", b"\xe9")
    fine = json_line(id="b", other="caf?").replace(b"?", b"\xe9")
    for sets in ((), ("source=shop",)):
        first, second = rows_of(tmp_path / "a.jsonl", bad + fine, sets=sets)
        assert refused(first).field == "comment"
        assert accepted(second).id == "b"


@pytest.mark.parametrize("content", [b'[{"id": 1}]', b'{\n "id": 1\n}\n'])
def test_json_that_is_not_one_event_a_line_names_the_way_out(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="jq -c"):
        rows_of(tmp_path / "a.json", content)


def test_lines_are_told_from_tables_by_their_first_character(tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "events", json_line(), sets=())
    assert accepted(row).id == "e1"


def test_the_names_of_a_file_are_found_the_most_frequent_first(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [json_line(channel="kiosk"), json_line(channel="fax"), json_line(channel="fax"), json_line(score=99)]
    rows_of(path, b"".join(lines))
    assert found_names(path, Mapping()) == (["fax", "kiosk"], ["buy"])
