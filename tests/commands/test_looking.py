"""`cxwatch windows`, `incidents` and `backtest`: reading without a server."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.conftest import Row, Shell, ago, answer, lines

FIELDS = {
    *("segment", "metric", "survey_kind", "window", "start", "end"),
    *("final", "n", "counts", "score", "low", "high"),
}


@pytest.fixture
def filled(cxwatch: Shell, folder: Path) -> Shell:
    events = [answer(n, score=9) for n in range(12)]
    events += [answer(n, channel="app", score=2) for n in range(20, 24)]
    events += [answer(40, metric="stars", score=4, time=ago(days=2))]
    assert cxwatch("ingest", lines(folder / "a.jsonl", events)).code == 0
    return cxwatch


def test_windows_have_the_fields_of_the_api(filled: Shell) -> None:
    rows = filled("windows", "--json").rows
    assert rows
    assert all(row.keys() == FIELDS for row in rows)
    (web,) = (row for row in rows if row["segment"] == {"channel": "web", "stage": "buy"} and row["window"] == "1h")
    assert (web["metric"], web["survey_kind"], web["n"], web["counts"]) == ("nps", "hot", 12, {"9": 12})
    assert web["score"] == 100
    assert web["low"] <= 100 <= web["high"]


def test_too_few_answers_have_no_score_and_say_so(filled: Shell) -> None:
    (row,) = filled("windows", "--window", "1h", "--channel", "app", "--stage", "buy", "--json").rows
    assert (row["n"], row["score"], row["low"], row["high"]) == (4, None, None, None)
    assert "too few" in filled("windows", "--window", "1h", "--channel", "app").out


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--window", "24h", "window"),
        ("--metric", "stars", "metric"),
        ("--survey-kind", "hot", "survey_kind"),
    ],
)
def test_a_filter_leaves_what_was_asked_for(filled: Shell, option: str, value: str, field: str) -> None:
    every = filled("windows", "--json").rows
    rows = filled("windows", option, value, "--json").rows
    assert rows == [row for row in every if row[field] == value]
    assert rows


def test_a_channel_names_its_own_row_and_its_stages(filled: Shell) -> None:
    rows = filled("windows", "--channel", "web", "--window", "15m", "--json").rows
    assert [row["segment"] for row in rows] == [{"channel": "web", "stage": None}, {"channel": "web", "stage": "buy"}]


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("--window", ("15m", "1h", "24h", "7d")),
        ("--channel", ("web", "app")),
        ("--survey-kind", ("hot", "cold")),
    ],
)
def test_a_wrong_filter_names_what_is_allowed(filled: Shell, option: str, allowed: tuple[str, ...]) -> None:
    ended = filled("windows", option, "2h", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert f"{option} 2h" in ended.err
    assert all(name in ended.err for name in allowed)


def test_quiet_is_no_data_not_zero(filled: Shell) -> None:
    ended = filled("windows", "--metric", "thumbs")
    assert ended.code == 0
    assert "no data, not zero" in ended.err


@pytest.mark.parametrize("command", [("windows",), ("incidents",), ("replay",), ("dead-letters", "list"), ("live",)])
def test_before_there_is_anything_it_says_how_to_start(cxwatch: Shell, folder: Path, command: tuple[str, ...]) -> None:
    ended = cxwatch(*command)
    assert (ended.code, ended.out) == (1, "")
    assert "cxwatch ingest FILE" in ended.err
    assert list(folder.iterdir()) == []


def test_no_incidents_are_none_not_an_error(filled: Shell) -> None:
    ended = filled("incidents", "--json")
    assert (ended.code, ended.out) == (0, "")
    assert "No incidents." in ended.err


START = datetime(2026, 3, 1, tzinfo=UTC)
BROKEN = START + timedelta(days=8)


def fall(path: Path) -> Path:
    """Eight happy days, then half a day of one star."""
    rng = random.Random(3)
    events: list[Row] = []
    for number in range(8 * 144 + 72):
        time = START + timedelta(minutes=10 * number)
        score = 1 if time >= BROKEN else rng.choice((5, 5, 5, 5, 4, 4, 4, 2))
        events.append(answer(number, time=time.isoformat(), metric="stars", score=score))
    return lines(path, events)


def test_backtest_says_what_would_have_been_alerted(cxwatch: Shell, folder: Path) -> None:
    marks = folder / "marks.csv"
    marks.write_text(
        "start,end,channel,stage,kind\n2026-03-02T00:00Z,2026-03-08T00:00Z,,,quiet\n"
        "2026-03-09T00:00Z,2026-03-09T12:00Z,web,buy,event\n",
        encoding="utf-8",
    )
    ended = cxwatch("backtest", fall(folder / "a.jsonl"), "--marks", marks, "--json")
    assert ended.code == 0
    *found, summary = ended.rows
    assert {row["type"] for row in found} <= {"alert", "notice", "suppressed"}
    alerts = [row for row in found if row["type"] == "alert"]
    assert alerts
    assert datetime.fromisoformat(alerts[0]["detected_at"]) > BROKEN
    assert alerts[0]["page"] is True
    assert alerts[0]["reason"]
    assert summary["type"] == "summary"
    assert summary["events"] == 8 * 144 + 72
    assert summary["alerts"] == len(alerts)
    assert summary["false_alerts"] == 0
    (delay,) = summary["delays"]
    assert 0 < delay["hours"] < 12
    assert not (folder / "cxwatch-data").exists()  # in memory


def test_backtest_draws_the_stream_with_its_alerts_on_a_page(cxwatch: Shell, folder: Path) -> None:
    ended = cxwatch("backtest", fall(folder / "a.jsonl"), "--html", folder / "out.html", "--json")
    assert ended.code == 0
    page = (folder / "out.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert 'fill="#cf222e"' in page  # the alert
    assert "<script" not in page


@pytest.mark.long
def test_backtest_puts_each_detector_beside_the_default(cxwatch: Shell, folder: Path) -> None:
    ended = cxwatch("backtest", fall(folder / "a.jsonl"), "--compare", "--json")
    assert ended.code == 0
    compared = [row for row in ended.rows if row["type"] == "compared"]
    assert ended.rows[-1]["type"] == "summary"
    assert compared[0]["detectors"] == ["evidence", "drift"]
    assert {"drift", "forecast", "share_jump"} <= {row["detectors"][0] for row in compared}
    assert compared[0]["alerts"] == ended.rows[-1]["alerts"] > 0


def test_backtest_of_nothing_readable_or_of_bad_marks_is_refused(cxwatch: Shell, folder: Path) -> None:
    (folder / "a.jsonl").write_text('{"no": "event"}\n', encoding="utf-8")
    nothing = cxwatch("backtest", "a.jsonl", "--json")
    assert (nothing.code, nothing.out) == (2, "")
    assert "no event that can be read" in nothing.err
    (folder / "marks.csv").write_text("start,end,kind\n2026-03-02,2026-03-08T00:00Z,quiet\n", encoding="utf-8")
    bad = cxwatch("backtest", lines(folder / "b.jsonl", [answer(1)]), "--marks", "marks.csv", "--json")
    assert (bad.code, bad.out) == (2, "")
    assert "mark 1: start '2026-03-02'" in bad.err


def test_past_windows_go_to_a_file(filled: Shell, folder: Path) -> None:
    span = ("--window", "24h", "--from", ago(days=3), "--to", ago(days=-2))
    shown = filled("windows", *span, "--json").rows
    assert shown
    ended = filled("windows", *span, "--output", "out.csv")
    assert ended.code == 0
    assert f"{len(shown)} rows in out.csv" in ended.err
    assert len((folder / "out.csv").read_text().splitlines()) == len(shown) + 1
    assert "must end with .csv or .parquet" in filled("windows", *span, "--output", "out.xlsx").err
    assert filled("windows", "--from", ago(days=3)).code == 2
