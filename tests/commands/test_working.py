"""`cxwatch incidents`, `queue` and `case`: what people work on, from a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.react import react
from alerting.settings import AlertSettings
from cxwatch.database import open_engine
from detectors.records import Anomaly, Findings
from streams.clock import MINUTE_MS, SystemClock
from streams.records import Flag, Segment
from tests.commands.conftest import Shell, answer, lines


@pytest.fixture
def busy(cxwatch: Shell, folder: Path) -> Shell:
    """Two customers to contact and one incident, found a moment ago."""
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)])).code == 0
    now_ms = SystemClock().now_ms()
    engine = open_engine(folder / "cxwatch-data" / "state.db", durable=True)
    flags = [
        Flag(f"f{n}", "moment_of_truth", f"c_{n}", 0, now_ms, "web", "buy", "shop", f"e{n}", severity, "charged_twice")
        for n, severity in ((1, 30), (2, 50))
    ]
    anomaly = Anomaly(
        segment=Segment("web", "buy"),
        page=True,
        signal="share",
        metric=None,
        since_ms=now_ms - 10 * MINUTE_MS,
        detected_ms=now_ms,
        observed=0.58,
        expected=0.15,
        expected_low=0.12,
        expected_high=0.19,
        times_usual_volume=2.9,
        n=31,
        bad=18,
        evidence=210.0,
        severity="major",
        reason="18 of 31 bad since 14:05.",
        detectors=("share_jump",),
    )
    with engine.begin() as tx:
        react(tx, AlertSettings(), now_ms, flags, Findings(anomalies=(anomaly,)))
    engine.dispose()
    return cxwatch


def test_the_queue_shows_the_most_urgent_first_with_the_parts_of_its_priority(busy: Shell) -> None:
    rows = busy("queue", "--json").rows
    assert [row["id"] for row in rows] == [2, 1]
    assert rows[0]["priority"] == {"total": 50, "severity": 50, "value": 0, "repeats": 0, "time": 0}
    assert rows[0]["incident"] == 1
    shown = busy("queue")
    assert "50 + 0 + 0 + 0" in shown.out
    assert "left" in shown.out
    assert "0 overdue, 0 within 1 h, 2 later" in shown.err


def test_a_case_is_claimed_contacted_and_recovered_from_a_terminal(busy: Shell) -> None:
    assert "Claimed by" in busy("case", "2", "claim").err
    assert busy("queue", "--json").rows[0]["state"] == "claimed"
    done = busy("case", "2", "contact", "--note", "Refund ordered", "--callback", "2999-01-01T00:00")
    assert (done.code, "within 90 days" in done.err) == (1, True)
    assert busy("case", "2", "contact", "--note", "Refund ordered").code == 0
    assert [row["id"] for row in busy("queue", "--json").rows] == [1]
    (detail,) = busy("case", "2", "recovered", "--json").rows
    assert detail["case"]["state"] == "recovered"
    assert [e["kind"] for e in detail["history"]] == ["opened", "claimed", "contacted", "recovered"]
    assert detail["contacts"][0]["note"] == "Refund ordered"


def test_of_two_who_act_on_the_same_version_the_second_is_told(busy: Shell) -> None:
    assert busy("case", "1", "claim", "--version", "1").code == 0
    late = busy("case", "1", "claim", "--version", "1")
    assert (late.code, "somebody else was faster" in late.err) == (1, True)


def test_a_case_shows_why_by_when_and_what_happened(busy: Shell) -> None:
    out = busy("case", "2").out
    for said in ("Case 2: c_2, web · buy, part of incident #1", "Priority 50 = severity 50", "First contact: running"):
        assert said in out
    assert "0 of 3 contacts in 7 days used" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("case", "9"), 1, "there is no case 9"),
        (("case", "1", "praise"), 2, "is not an action: claim, release"),
        (("case", "1", "close"), 1, "needs a reason"),
        (("case", "1", "contact", "--way", "pigeon"), 2, "must be one of phone, email"),
        (("case", "1", "contact", "--callback", "tomorrow"), 2, "must be a time such as"),
        (("incidents", "9"), 1, "there is no incident #9"),
        (("incidents", "1", "reopen"), 1, "nothing to reopen"),
        (("incidents", "1", "snooze", "--minutes", "0"), 1, "minutes must be from 1"),
    ],
)
def test_what_cannot_be_done_says_why(busy: Shell, words: tuple[str, ...], code: int, said: str) -> None:
    ended = busy(*words)
    assert ended.code == code
    assert said in ended.err


def test_an_incident_is_taken_noted_and_resolved_from_a_terminal(busy: Shell) -> None:
    assert [row["id"] for row in busy("incidents", "--json").rows] == [1]
    assert "Acknowledged by" in busy("incidents", "1", "acknowledge").err
    busy("incidents", "1", "note", "--note", "Payment provider has errors")
    out = busy("incidents", "1", "resolve").out
    assert "#1 web · buy: resolved, major" in out
    assert "Payment provider has errors" in out
    assert "#1 web · buy: acknowledged" in busy("incidents", "1", "reopen").out


def test_an_empty_queue_says_so(cxwatch: Shell, folder: Path) -> None:
    assert cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, score=9)])).code == 0
    assert "Nobody is waiting." in cxwatch("queue").err
