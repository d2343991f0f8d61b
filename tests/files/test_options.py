"""--map, --set, --timezone and --date-only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.clock import to_ms
from streams.files.mapping import Mapping, MappingError
from tests.files.support import COMMON, accepted, json_line, refused, rows_of

BERLIN = "Europe/Berlin"


def moment(text: str) -> int:
    from datetime import datetime

    return to_ms(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"maps": ["reviewId"]}, "column=field"),
        ({"maps": ["=id"]}, "column=field"),
        ({"maps": ["a=custommer"]}, "did you mean customer"),
        ({"maps": ["a=id", "a=source"]}, "second time"),
        ({"maps": ["a=id", "b=id"]}, "second column"),
        ({"maps": ["a=attributes."]}, "not a field"),
        ({"sets": ["source"]}, "field=value"),
        ({"sets": ["source=a", "source=b"]}, "second time"),
        ({"sets": ["place=b"]}, "not a field"),
        ({"sets": ["source=\udce4"]}, "UTF-8"),
        ({"timezone": "Europe/Berln"}, "did you mean Europe/Berlin"),
    ],
)
def test_options_that_cannot_be_used_say_why(options: dict[str, Any], named: str) -> None:
    with pytest.raises(MappingError, match=named):
        Mapping.parse(**options)


def test_a_constant_wins_over_a_column_and_an_empty_one_leaves_the_field_out(tmp_path: Path) -> None:
    text = "Review = Id,time,score,source,comment,customer\n1,2026-02-01T10:00:00Z,3,other,private,anna\n"
    (row,) = rows_of(tmp_path / "a.csv", text, maps=["Review = Id=id"], sets=[*COMMON, "comment=", "customer="])
    event = accepted(row)
    assert (event.id, event.source, event.customer, getattr(event, "comment", "")) == ("1", "shop", None, None)


def test_a_mapped_column_wins_over_one_with_the_name_and_fills_nothing_else(tmp_path: Path) -> None:
    text = "id,nr,time,score,customer\nx,1,2026-02-01T10:00:00Z,3,anna\n"
    (row,) = rows_of(tmp_path / "a.csv", text, maps=["nr=id", "customer=attributes.who", "score=score"])
    event = accepted(row)
    assert (event.id, event.customer, event.attributes) == ("1", None, {"who": "anna"})


def read(tmp_path: Path, kind: str, time: str, **options: Any) -> Any:
    """One event with this time, from a table or from JSON lines."""
    if kind == "csv":
        (row,) = rows_of(tmp_path / "a.csv", f'id,score,time\n1,3,"{time}"\n', **options)
    else:
        (row,) = rows_of(tmp_path / "a.jsonl", json_line(time=time), **options)
    return row


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_local_times_need_a_time_zone(tmp_path: Path, kind: str) -> None:
    assert "--timezone" in refused(read(tmp_path, kind, "2026-02-01 10:00:00")).rule
    row = read(tmp_path, kind, "2026-02-01 10:00:00", timezone=BERLIN)
    assert (accepted(row).time_ms, row.ambiguous) == (moment("2026-02-01T09:00:00Z"), False)
    summer = read(tmp_path, kind, "2025-07-01T10:00:00.5", timezone=BERLIN)
    assert accepted(summer).time_ms == moment("2025-07-01T08:00:00.500Z")
    own = read(tmp_path, kind, "2026-02-01 10:00:00-05:00", timezone=BERLIN)
    assert accepted(own).time_ms == moment("2026-02-01T15:00:00Z")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("local", "utc", "is_ambiguous"),
    [
        ("2025-10-26 02:30:00", "2025-10-26T00:30:00Z", True),  # twice: summer time came first
        ("2025-03-30 02:30:00", "2025-03-30T01:30:00Z", True),  # never: winter time was valid before
        ("2025-10-26 01:59:59", "2025-10-25T23:59:59Z", False),
        ("2025-10-26 03:00:00", "2025-10-26T02:00:00Z", False),
        ("2025-03-30 03:00:00", "2025-03-30T01:00:00Z", False),
    ],
)
def test_a_local_time_that_is_twice_or_never_is_read_with_the_earlier_offset(
    tmp_path: Path, kind: str, local: str, utc: str, is_ambiguous: bool
) -> None:
    row = read(tmp_path, kind, local, timezone=BERLIN)
    assert (accepted(row).time_ms, row.ambiguous) == (moment(utc), is_ambiguous)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_date_alone_is_read_only_when_asked_for(tmp_path: Path, kind: str) -> None:
    assert "--date-only" in refused(read(tmp_path, kind, "2026-02-01", timezone=BERLIN)).rule
    row = read(tmp_path, kind, "2026-02-01", timezone=BERLIN, date_only=True)
    assert accepted(row).time_ms == moment("2026-01-31T23:00:00Z")
    assert accepted(read(tmp_path, kind, "2026-02-01", date_only=True)).time_ms == moment("2026-02-01T00:00:00Z")


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("time", ["2026-02-30 10:00:00", "2026-02-01 25:00:00", "0001-01-01 00:00", "01.02.2026", ""])
def test_a_time_that_is_none_is_refused(tmp_path: Path, kind: str, time: str) -> None:
    row = read(tmp_path, kind, time, timezone=BERLIN)
    assert (refused(row).field, row.ambiguous) == ("time", False)


def test_the_same_mapping_has_the_same_fingerprint() -> None:
    one = Mapping.parse(["a=id", "b=time"], ["source=x", "type=feedback"])
    same = Mapping.parse(["b=time", "a=id"], ["type=feedback", "source=x"])
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != Mapping.parse(["a=id", "b=time"], ["source=y", "type=feedback"]).fingerprint
