"""CSV and its kin: what is read, what is refused, and what makes a whole file unreadable."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.decode import Decoder
from streams.events import Feedback, Refused
from streams.files.mapping import Mapping
from streams.files.reader import UnreadableFile, read_rows
from streams.files.tables import ROW_CHARS_MAX
from streams.settings import MeasureSettings
from tests.files.conftest import NOW_MS, SETS, Reads

TIME = "2026-03-01T11:00:00Z"
HEADER = "id,time,score,comment\n"


def row(number: int, score: str = "4", comment: str = "fine") -> str:
    return f"r{number},{TIME},{score},{comment}\n"


def test_rows_become_events_and_keep_their_json(read: Reads) -> None:
    (found,) = read(HEADER + row(1, comment='"two\nlines, ""quoted"""'))
    assert isinstance(found.event, Feedback)
    assert (found.number, found.event.id, found.event.score) == (1, "r1", 4)
    assert found.event.comment == 'two\nlines, "quoted"'
    assert b'"source":"shop"' in found.raw
    assert not found.ambiguous


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["reviews.csv", "reviews.tsv", "reviews.txt"])
def test_the_delimiter_is_found(read: Reads, delimiter: str, name: str) -> None:
    content = f"id{delimiter}time{delimiter}score{delimiter}comment\nr1{delimiter}{TIME}{delimiter}5{delimiter}ok\n"
    (found,) = read(content, name=name)
    assert isinstance(found.event, Feedback)
    assert found.event.comment == "ok"


def test_the_delimiter_is_the_one_that_makes_columns_we_read(read: Reads) -> None:
    content = f"review id;time;score;a,b,c,d,e,f\nr1;{TIME};5;x\n"
    (found,) = read(content, maps=["review id=id"])
    assert isinstance(found.event, Feedback)


def test_the_mark_of_utf_8_blank_lines_and_old_line_ends_do_no_harm(read: Reads) -> None:
    text = "\n" + HEADER + "\n" + row(1) + "\n\n" + row(2)
    for line_end in ("\n", "\r\n", "\r"):
        found = read(b"\xef\xbb\xbf" + text.replace("\n", line_end).encode())
        assert [r.number for r in found] == [1, 2]
        assert all(isinstance(r.event, Feedback) for r in found)


def test_gzip_is_opened_whatever_its_name_is(read: Reads) -> None:
    packed = gzip.compress((HEADER + row(1)).encode())
    for name in ("reviews.csv.gz", "reviews.csv", "reviews"):
        assert [type(r.event) for r in read(packed, name=name)] == [Feedback]


def test_a_mapped_column_wins_over_one_of_that_name_and_a_constant_over_both(read: Reads) -> None:
    content = f"id,time,score,stars,comment\nr1,{TIME},1,5,private\n"
    (found,) = read(content, maps=["stars=score"], sets=[*SETS, "comment="])
    assert isinstance(found.event, Feedback)
    assert (found.event.score, found.event.comment) == (5, None)
    assert b"private" not in found.raw
    (found,) = read(content, maps=["stars=score"], sets=[*SETS, "score=3"])
    assert isinstance(found.event, Feedback)
    assert found.event.score == 3


def test_columns_nobody_named_are_ignored_and_attributes_are_collected(read: Reads) -> None:
    content = f"id,time,score,version,secret\nr1,{TIME},5.0,3.7,x\n"
    (found,) = read(content, maps=["version=attributes.version"])
    assert isinstance(found.event, Feedback)
    assert found.event.attributes == {"version": "3.7"}
    assert b"secret" not in found.raw


@pytest.mark.parametrize(
    ("line", "field", "value", "rule"),
    [
        (row(1, score="4.5"), "score", "4.5", "must be a whole number from 1 to 5"),
        (row(1, score="9"), "score", "9", "must be a whole number from 1 to 5"),
        (row(1, score="five"), "score", "five", "must be a whole number"),
        (row(1, score=""), "score", "", "must be given"),
        (f",{TIME},4,x\n", "id", "", "must be given"),
        ("r1,2026-03-01 11:00:00,4,x\n", "time", "2026-03-01 11:00:00", "--timezone"),
        ("r1,2026-03-01,4,x\n", "time", "2026-03-01", "--date-only"),
        ("r1,2026-03-01T13:00:00Z,4,x\n", "time", "2026-03-01T13:00:00", "in the future"),
        (row(1, comment="x" * 4_001), "comment", "x" * 200, "must be text of at most 4000"),
        ("r1,now\n", "row", "r1, now", "must have 4 cells as the header has, but has 2"),
        (row(1, comment="a,b"), "row", "r1", "but has 5"),
        (row(1, comment="x" * 200_000), "row", "", "must have cells of at most 131,072 characters"),
    ],
)
def test_a_bad_row_is_refused_with_field_value_and_rule_and_the_rest_goes_on(
    read: Reads, line: str, field: str, value: str, rule: str
) -> None:
    found = read(HEADER + row(0) + line + row(2))
    assert [r.number for r in found] == [1, 2, 3]
    assert isinstance(found[0].event, Feedback)
    assert isinstance(found[2].event, Feedback)
    why = found[1].event
    assert isinstance(why, Refused)
    assert why.field == field
    assert why.value.startswith(value)
    assert rule in why.rule


def test_what_is_not_utf_8_is_refused_only_where_it_is_read(read: Reads) -> None:
    content = b"id,time,score,comment,other\nr1,%b,4,caf\xe9,x\nr2,%b,4,fine,caf\xe9\n" % (TIME.encode(), TIME.encode())
    bad, good = read(content)
    assert isinstance(bad.event, Refused)
    assert (bad.event.field, bad.event.rule) == ("comment", "must be valid UTF-8")
    assert b"caf\xe9" in bad.raw
    assert isinstance(good.event, Feedback)


def test_a_quote_that_is_never_closed_does_not_eat_the_file(read: Reads) -> None:
    (found,) = read(HEADER + row(1, comment='"open') + row(2))
    assert isinstance(found.event, Refused)
    assert "close the quotes" in found.event.rule

    many = "".join(row(n) for n in range(10_000))
    found_many = read(HEADER + row(1, comment='"open') + many)
    refused = [r for r in found_many if isinstance(r.event, Refused)]
    assert 1 <= len(refused) <= 2
    assert isinstance(found_many[-1].event, Feedback)
    assert len(found_many) > 5_000


def test_a_line_without_end_is_refused_within_its_bound(read: Reads) -> None:
    found = read(HEADER + "," * (3 * ROW_CHARS_MAX) + "\n" + row(2))
    assert isinstance(found[0].event, Refused)
    assert "shorter than" in found[0].event.rule
    assert isinstance(found[1].event, Feedback)


@pytest.mark.parametrize(
    ("content", "maps", "says"),
    [
        (b"", [], "has no header: its first line must name the columns"),
        (b"id,time\n", [], r"nothing that gives score: name the column with --map COLUMN=score.*'id', 'time'"),
        (HEADER.encode(), ["stars=attributes.stars"], "has no column 'stars', which --map names: its columns are 'id'"),
        (b"id,time,score,score\n", [], "two columns named 'score'"),
        ("id,time,score\n".encode("utf-16"), [], "not text in UTF-8: save it as CSV"),
        (b"PK\x03\x04 a spreadsheet", [], "not text in UTF-8"),
        (gzip.compress(HEADER.encode() * 99, mtime=0)[:40], [], "is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why_and_what_to_do(
    read: Reads, content: bytes, maps: list[str], says: str
) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read(content, maps=maps)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        list(read_rows(tmp_path / "none.csv", Mapping(), Decoder(MeasureSettings()), NOW_MS))
    with pytest.raises(UnreadableFile, match="is a directory"):
        list(read_rows(tmp_path, Mapping(), Decoder(MeasureSettings()), NOW_MS))


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(30_000):
            file.write(row(number, comment="x" * 200))
    mapping = Mapping.parse([], SETS)
    tracemalloc.start()
    count = sum(1 for _ in read_rows(path, mapping, Decoder(MeasureSettings()), NOW_MS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 30_000
    assert peak < path.stat().st_size / 4


# Lone surrogates cannot be written, U+0000 is refused, and spaces at the ends of an id stay.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(texts, st.integers(1, 5), texts), min_size=1, max_size=8),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.booleans(),
)
def test_whatever_pythons_csv_writes_reads_back(
    read: Reads, rows: list[tuple[str, int, str]], delimiter: str, quoting: int, mark: bool
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(["id", "time", "unread", "score", "comment"])
    for number, (unread, score, comment) in enumerate(rows):
        writer.writerow([f"r{number}", TIME, unread, score, comment])
    found = read(written.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert [r.number for r in found] == list(range(1, len(rows) + 1))
    for number, (one, (_, score, comment)) in enumerate(zip(found, rows, strict=True)):
        assert isinstance(one.event, Feedback)
        assert (one.event.id, one.event.score, one.event.comment or "") == (f"r{number}", score, comment)
