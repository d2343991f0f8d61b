"""What `cxwatch backtest` prints: marks from files, an incident a line, and how often wrong, how late."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxwatch.backtest import Rules, Timed, batches, run_stream
from cxwatch.backtest_report import BadMarks, alert_row, read_marks, summary_row
from detectors.backtest import Mark
from detectors.settings import DetectionSettings
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339
from tests.deciding.rig import ALERTS, SETTINGS, T0, spike
from tests.measure import oracle

RULES = Rules(SETTINGS, DetectionSettings(), ALERTS)
ONSET = T0 + 24 * HOUR_MS
WANTED = [
    Mark(T0, T0 + HOUR_MS, "web", None, "quiet"),
    Mark(T0 + HOUR_MS, T0 + 2 * HOUR_MS, None, "buy", "event"),
    Mark(T0, T0 + DAY_MS, None, None, "ignore"),
]
CSV = """start,end,channel,stage,kind
2026-11-17T00:00Z,2026-11-17T01:00Z,web,,quiet
2026-11-17T02:00+01:00,2026-11-17T03:00+01:00,,buy,Event
2026-11-17T00:00:00Z,2026-11-18T00:00:00Z,,, ignore
"""
LINES = """{"start": "2026-11-17T00:00Z", "end": "2026-11-17T01:00Z", "channel": "web", "kind": "quiet"}

{"start": "2026-11-17T01:00Z", "end": "2026-11-17T02:00Z", "channel": null, "stage": "buy", "type": "event"}
{"start": "2026-11-17T00:00Z", "end": "2026-11-18T00:00Z", "ignore": true}
"""
COLUMNS = """start,end,channel,stage,quiet,event,ignore
2026-11-17T00:00Z,2026-11-17T01:00Z,web,,x,,
2026-11-17T01:00Z,2026-11-17T02:00Z,,buy,,x,
2026-11-17T00:00Z,2026-11-18T00:00Z,,,,,x
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "marks"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("text", [CSV, LINES, COLUMNS, "\ufeff" + CSV, "\ufeff" + LINES, CSV.replace("\n", "\r\n")])
def test_marks_are_read_from_csv_and_json_lines(tmp_path: Path, text: str) -> None:
    assert read_marks(write(tmp_path, text)) == WANTED


def test_an_empty_file_holds_no_marks(tmp_path: Path) -> None:
    assert read_marks(write(tmp_path, "")) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CSV.replace("quiet", "calm"), r"mark 1: kind 'calm' must be quiet, event or ignore"),
        (CSV.replace(" ignore", ""), r"mark 3: kind '' must be"),
        (CSV.replace("02:00+01:00", "02:00"), r"mark 2: start '2026-11-17T02:00' must be a time with offset"),
        (CSV.replace("2026-11-18T00:00:00Z", "soon"), r"mark 3: end 'soon' must be a time with offset"),
        (CSV.replace("start", "begin"), r"mark 1: start '' must be"),
        (CSV.replace("01:00Z,web", "00:00Z,web"), r"mark 1: end must be after start"),
        ("{no json\n", r"neither CSV nor JSON lines"),
        ('{"start": "2026-11-17T00:00Z"}\n[1]\n', r"neither CSV nor JSON lines"),
        ('{"start": 5, "end": 6, "kind": "quiet"}\n', r"mark 1: start '5' must be"),
        ('{"start": "2026-11-17T00:00Z", "end": "2026-11-18T00:00Z", "kind": "quiet", "stage": 5}', r"mark 1: stage"),
        ("start,end\n" + "x" * 200_000, r"neither CSV nor JSON lines"),
        (b"\xff\xfe\x00", r"cannot be read as UTF-8"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(tmp_path: Path, text: str | bytes, said: str) -> None:
    with pytest.raises(BadMarks, match=said):
        read_marks(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadMarks, match="check the path"):
        read_marks(tmp_path / "nothing.csv")


async def test_a_noticed_event_and_a_quiet_week_in_numbers() -> None:
    events = [Timed(e["time_ms"], oracle.raw(e)) for e in spike()]
    rows = [alert_row(incident) for incident in await run_stream(events, RULES)]
    (row,) = rows
    assert (row.type, row.page, row.segment.channel, row.segment.stage) == ("alert", True, "web", "buy")
    assert rfc3339(ONSET) < row.detected_at < rfc3339(ONSET + HOUR_MS)
    assert row.since < row.detected_at
    assert row.n > 0
    marks = [
        Mark(T0, ONSET, None, None, "quiet"),
        Mark(ONSET, ONSET + 90 * MINUTE_MS, "web", "buy", "event"),
        Mark(ONSET, ONSET + 90 * MINUTE_MS, "app", None, "event"),
    ]
    summary = summary_row(rows, events, marks)
    assert (summary.type, summary.events, summary.alerts, summary.notices) == ("summary", len(events), 1, 0)
    assert summary.seconds == (events[-1].time_ms - events[0].time_ms) / 1_000
    assert (summary.false_alerts, summary.false_alerts_per_week) == (0, 0.0)
    assert summary.quiet_weeks == pytest.approx(1 / 7)
    noticed, missed = summary.delays
    assert noticed.hours is not None
    assert 0 < noticed.hours < 1
    told_ms = ONSET + round(noticed.hours * HOUR_MS)
    assert rfc3339(told_ms) == row.detected_at
    assert noticed.events == sum(ONSET <= e.time_ms <= told_ms for e in events)
    assert (missed.hours, missed.events) == (None, None)
    text = "\n".join(summary.lines())
    assert "1 alerts and 0 notices" in text
    assert "0 false alerts on 0.1 quiet weeks: 0.00 a week." in text
    assert "not noticed" in text


async def test_an_alert_in_a_quiet_stretch_is_a_false_one_and_without_marks_nothing_is_judged() -> None:
    events = [Timed(e["time_ms"], oracle.raw(e)) for e in spike()]
    rows = [alert_row(incident) for incident in await run_stream(events, RULES)]
    quiet = Mark(T0, T0 + 3 * DAY_MS + DAY_MS // 2, "web", None, "quiet")
    summary = summary_row(rows, events, [quiet])
    assert (summary.false_alerts, summary.false_alerts_per_week) == (1, 2.0)
    assert summary_row(rows, events, []).false_alerts_per_week is None
    excused = [quiet, Mark(ONSET, ONSET + DAY_MS, None, None, "ignore")]
    assert summary_row(rows, events, excused).false_alerts == 0


async def test_an_empty_stream_has_no_incidents() -> None:
    assert await run_stream([], RULES) == []


def test_batches_lose_nothing_and_are_bounded_in_time() -> None:
    events = [Timed(T0 + i * HOUR_MS, b"") for i in range(20)] + [Timed(T0 + 20 * HOUR_MS, b"")] * 4_500
    cut = list(batches(events))
    assert [e for batch in cut for e in batch] == events
    assert all(batch[-1].time_ms - batch[0].time_ms < 6 * HOUR_MS for batch in cut)
    assert max(map(len, cut)) <= 2_000
