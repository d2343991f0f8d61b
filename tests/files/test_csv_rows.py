"""CSV and its kin: what is read, what is refused and why, and what makes a whole file unreadable."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.decode import Decoder
from streams.events import Feedback, Refused
from streams.files.mapping import Mapping
from streams.files.reader import UnreadableFile, read_rows
from streams.settings import MeasureSettings
from tests.files.support import COMMON, HEADER, NOW_MS, TIME, accepted, refused, rows_of


def score_of(*rows: Any) -> list[Any]:
    return [getattr(row.event, "score", row.event) for row in rows]


def test_rows_become_events_and_names_nobody_knows_are_ignored(tmp_path: Path) -> None:
    text = f"id,time,score,comment,thumbs_up\n1,{TIME},3,slow,9\n2,{TIME},9,,\n"
    first, second = rows_of(tmp_path / "a.csv", text)
    event = accepted(first)
    assert isinstance(event, Feedback)
    assert (event.id, event.score, event.comment, event.channel, first.number) == ("1", 3, "slow", "web", 1)
    assert getattr(accepted(second), "comment", "") is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "txt"])
def test_the_delimiter_is_found_plain_or_compressed(tmp_path: Path, delimiter: str, suffix: str) -> None:
    text = f"id,time,score,comment\r\n1,{TIME},3,x\r\n".replace(",", delimiter)
    raw = b"\xef\xbb\xbf" + text.encode()
    (row,) = rows_of(tmp_path / f"a.{suffix}", gzip.compress(raw) if suffix.endswith("gz") else raw)
    assert accepted(row).id == "1"


def test_delimiters_inside_names_and_cells_do_not_mislead(tmp_path: Path) -> None:
    text = f'id;time;"a, b, c, d, e, f";score;comment\n1;{TIME};"x;y";3;"one, ""two""; three"\n'
    (row,) = rows_of(tmp_path / "a.csv", text)
    assert getattr(accepted(row), "comment", "") == 'one, "two"; three'


def test_line_breaks_inside_quotes_belong_to_the_cell(tmp_path: Path) -> None:
    text = f'{HEADER},comment\r\n1,{TIME},3,"one\r\ntwo\n\nthree"\r\n\r\n2,{TIME},4,four'
    first, second = rows_of(tmp_path / "a.csv", text)
    assert getattr(accepted(first), "comment", "") == "one\r\ntwo\n\nthree"
    assert (second.number, score_of(second)) == (2, [4])


def test_five_point_nought_is_five_and_four_and_a_half_is_refused(tmp_path: Path) -> None:
    cells = ["5.0", "5", " 7 ", "4.5", "five", "11", ""]
    rows = rows_of(tmp_path / "a.csv", f"{HEADER}\n" + "".join(f"{n},{TIME},{c}\n" for n, c in enumerate(cells)))
    assert score_of(*rows[:3]) == [5, 5, 7]
    assert [(refused(row).field, refused(row).value) for row in rows[3:]] == [
        ("score", "4.5"),
        ("score", "five"),
        ("score", "11"),
        ("score", ""),
    ]


def test_rows_that_do_not_fit_the_header_are_refused_and_reading_goes_on(tmp_path: Path) -> None:
    text = f"{HEADER}\n1,{TIME}\n2,{TIME},3,4\n3,{TIME},3\n"
    short, long, good = rows_of(tmp_path / "a.csv", text)
    assert "3 cells" in refused(short).rule
    assert "has 4" in refused(long).rule
    assert b'"2"' in long.raw
    assert accepted(good).id == "3"


def test_a_quote_that_is_never_closed_does_not_eat_the_file(tmp_path: Path) -> None:
    many = "".join(f"{n},{TIME},3\n" for n in range(60_000))
    rows = rows_of(tmp_path / "a.csv", f'{HEADER}\nbad,"{TIME},3\n{many}')
    assert "quote" in refused(rows[0]).rule
    assert accepted(rows[-1]).id == "59999"
    (last,) = rows_of(tmp_path / "b.csv", f'{HEADER}\nbad,"{TIME},3\n')
    assert "quote" in refused(last).rule


def test_bytes_that_are_not_utf_8_are_refused_only_where_they_are_read(tmp_path: Path) -> None:
    head = b"id,time,score,comment,\xfcber\n"
    in_read = f"1,{TIME},3,caf".encode() + b"\xe9,x\n"
    in_other = f"2,{TIME},3,ok,".encode() + b"\xe9\n"
    first, second = rows_of(tmp_path / "a.csv", head + in_read + in_other)
    assert (refused(first).field, refused(first).rule) == ("comment", "must be valid UTF-8")
    assert b"caf\xe9" in first.raw  # a second try is refused for the same reason
    assert accepted(second).id == "2"


@pytest.mark.parametrize(
    ("content", "maps", "named"),
    [
        ("", (), "no header"),
        ("id,time\n", (), "score"),
        ("nr,time,score\n", ("number=id",), "'number'"),
        ("nr,time,score\n", (), "'nr', 'time', 'score'"),
        ("id,time,score,score\n", (), "two columns named 'score'"),
        ("id,time,score\n".encode("utf-16"), (), "UTF-8"),
        (b"\x1f\x8b broken", (), "damaged"),
        (gzip.compress(b"id,time,score\n" * 9)[:-10], (), "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_what_to_do(
    tmp_path: Path, content: str | bytes, maps: tuple[str, ...], named: str
) -> None:
    with pytest.raises(UnreadableFile) as error:
        rows_of(tmp_path / "a.csv", content, maps=maps)
    assert named in str(error.value)
    assert "a.csv" in str(error.value)
    assert error.value.way_out


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        next(read_rows(tmp_path / "no.csv", Mapping(), Decoder(MeasureSettings()), NOW_MS))


def test_a_column_given_twice_is_no_matter_where_another_fills_the_field(tmp_path: Path) -> None:
    text = f"id,time,time,at,score,channel,channel\n1,x,y,{TIME},3,a,b\n"
    (row,) = rows_of(tmp_path / "a.csv", text, maps=["at=time"])
    assert (accepted(row).channel, accepted(row).time_ms % 1000) == ("web", 0)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        path.write_text(f"{HEADER},note\n" + "".join(f"{n},{TIME},3,{'x' * 400}\n" for n in range(rows)))
        decoder = Decoder(MeasureSettings(), lambda _: None)
        tracemalloc.start()
        try:
            count = sum(1 for _ in read_rows(path, Mapping.parse((), COMMON), decoder, NOW_MS))
            assert count == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(100)  # what is imported and kept at first use
    assert peak(8_000) < peak(800) + 300_000  # the file grew by 3 MB


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
comment = st.text("ab,;|\t\"'\r\n é\U0001f600", max_size=12)


@settings(max_examples=80, deadline=None)
@given(
    table=st.lists(st.tuples(st.integers(0, 10), comment, cell), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    packs=st.booleans(),
)
def test_any_table_that_csv_writes_reads_back(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[tuple[int, str, str]],
    delimiter: str,
    quoting: Any,
    end: str,
    packs: bool,
) -> None:
    if end == "\n" and quoting == csv.QUOTE_MINIMAL:  # csv.writer leaves \r unquoted then: no reader could tell
        table = [(score, said.replace("\r", ""), other.replace("\r", "")) for score, said, other in table]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(["id", "time", "score", "comment", "any; other, name"])
    for number, (score, said, other) in enumerate(table):
        writer.writerow([str(number), TIME, score, said, other])
    raw = out.getvalue().encode()
    rows = rows_of(tmp_path_factory.mktemp("csv") / "a.csv", gzip.compress(raw) if packs else raw)
    assert not [row for row in rows if isinstance(row.event, Refused)]
    found = [(row.event.id, row.event.score, row.event.comment or "") for row in rows]  # type: ignore[union-attr]
    assert found == [(str(number), score, said) for number, (score, said, _) in enumerate(table)]
