"""`cxwatch budget`: the promise on the company's own streams, before anything is switched on."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.conftest import Row, Shell, answer, lines

START = datetime(2026, 3, 2, tzinfo=UTC)


def shop(path: Path, days: int = 12) -> Path:
    """A hundred answers a day, one in ten bad."""
    draw = random.Random(5)
    events: list[Row] = []
    for number in range(days * 96):
        time = START + timedelta(minutes=15 * number)
        score = 1 if draw.random() < 0.1 else 5
        events.append(answer(number, time=time.isoformat(), metric="stars", score=score, customer=f"c{number}"))
    return lines(path, events)


def test_it_says_how_often_alerts_would_be_false_and_what_would_be_noticed(cxwatch: Shell, folder: Path) -> None:
    words = ("budget", shop(folder / "a.jsonl"), "--weeks", "1", "--seconds", "120", "--seed", "3", "--json")
    ended = cxwatch(*words)
    assert ended.code == 0
    place, summary = ended.rows
    assert (place["type"], place["kind"], place["channel"], place["stage"]) == ("place", "answers", "web", "buy")
    assert place["events_a_day"] == pytest.approx(96)
    assert place["bad_share"] == pytest.approx(0.1, abs=0.03)
    assert sum(size["spikes"] for size in place["spikes"]) == summary["spikes"] > 0
    for size in place["spikes"]:
        assert size["noticed"] <= size["spikes"]
        assert 0 <= size["low"] <= size["high"] <= 1
    assert (summary["weeks"], summary["spike_weeks"], summary["quiet_days"]) == (1, 1, 10)
    assert summary["low"] <= summary["false_alerts_per_week"] <= summary["high"]
    assert summary["promised"] == 2
    assert "promised: 2." in ended.err
    assert not (folder / "cxwatch-data").exists()
    assert cxwatch(*words).rows == ended.rows  # seeded


def test_marks_say_which_days_were_quiet(cxwatch: Shell, folder: Path) -> None:
    marks = folder / "marks.csv"
    marks.write_text("start,end,kind\n2026-03-03T00:00Z,2026-03-05T12:00Z,event\n", encoding="utf-8")
    words = ("budget", shop(folder / "a.jsonl"), "--marks", marks, "--weeks", "1", "--seconds", "1", "--json")
    *_, summary = cxwatch(*words).rows
    assert (summary["quiet_days"], summary["left_out_days"]) == (7, 3)
    marks.write_text("start,end,kind\n2026-03-03T00:00Z,2026-03-09T00:00Z,quiet\n", encoding="utf-8")
    few = cxwatch(*words)
    assert (few.code, few.out) == (1, "")
    assert "6 whole quiet days" in few.err


def test_without_files_it_reads_what_was_measured(cxwatch: Shell, folder: Path) -> None:
    assert "there is nothing in" in cxwatch("budget").err
    assert cxwatch("budget", "--marks", "m.csv").code == 2
    ended = cxwatch("ingest", shop(folder / "a.jsonl"), "--json")
    assert ended.code == 0
    *places, summary = cxwatch("budget", "--weeks", "1", "--seconds", "5", "--json").rows
    assert [place["stage"] for place in places] == ["buy"]
    assert summary["quiet_days"] == 10
