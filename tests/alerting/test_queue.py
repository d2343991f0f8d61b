"""The queue: whom to contact next, whatever the business hours do to the clocks; and the file that leaves it."""

from __future__ import annotations

import csv
import io
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hyp_settings
from hypothesis import strategies as st
from sqlalchemy import delete

from alerting import caseactions, casebook, queue, showing
from alerting.doing import ActionError, Doing
from alerting.export import cell, csv_lines
from alerting.hours import BusinessHours
from alerting.priority import parts
from alerting.queue import QueueFilter
from alerting.react import react
from alerting.records import Case
from alerting.tables import cases
from detectors.records import Findings
from streams.clock import HOUR_MS, MINUTE_MS

T0 = 1_794_924_300_000
OFFICE = BusinessHours("UTC", (((540, 1_020),),) * 5 + ((), ()), always=False)


def case(number: int, **changes) -> Case:
    whole = Case(
        case_id=number,
        customer=f"c_{number}",
        state="open",
        kind="moment_of_truth",
        channel="web",
        stage="buy",
        reason="charged_twice",
        severity=40,
        value=0,
        repeats=0,
        tier=None,
        opened_ms=T0,
        last_flag_ms=T0,
        first_contact_due_ms=T0 + 4 * HOUR_MS,
        contacted_ms=None,
        next_contact_due_ms=None,
        promise=None,
        resolution_due_ms=None,
        first_missed_ms=None,
        next_missed_ms=None,
        resolution_missed_ms=None,
        main_reason=None,
        claimed_by=None,
        snoozed_until_ms=None,
        closed_ms=None,
        closed_reason=None,
        version=1,
        updated_ms=T0,
    )
    return replace(whole, **changes)


def keep(engine, *several):
    with engine.begin() as conn:
        for one in several:
            casebook.save_case(conn, one)


def ordered(engine, settings, now_ms=T0, wanted=None, **window):
    with engine.connect() as conn:
        return [c.case_id for c in queue.read_queue(conn, wanted or QueueFilter(), now_ms, settings, **window)]


STORIES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 25), st.integers(0, 900), st.integers(1, 900), st.booleans()),
    max_size=40,
)


@hyp_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES, st.integers(0, 20), st.integers(1, 15))
def test_every_page_is_what_sorting_all_cases_by_priority_gives(engine, settings, story, offset, limit):
    office = replace(settings, hours=OFFICE)
    now_ms = T0 + 15 * HOUR_MS
    several = [
        case(
            number,
            severity=severity,
            value=value,
            opened_ms=T0 + opened * MINUTE_MS,
            first_contact_due_ms=T0 + (opened + due) * MINUTE_MS,
            state="contacted" if contacted else "open",
            contacted_ms=T0 + opened * MINUTE_MS + MINUTE_MS if contacted else None,
        )
        for number, (severity, value, opened, due, contacted) in enumerate(story, start=1)
    ]
    with engine.begin() as conn:
        conn.execute(delete(cases))
    keep(engine, *several)
    plain = sorted(several, key=lambda c: (-parts(c, now_ms, office).total, c.first_contact_due_ms, c.case_id))
    whole = [c.case_id for c in plain]
    assert ordered(engine, office, now_ms, offset=offset, limit=limit) == whole[offset : offset + limit]


def test_the_clock_of_a_case_stands_still_at_night(settings):
    office = replace(settings, hours=OFFICE)
    one = case(1, opened_ms=T0 + 175 * MINUTE_MS - HOUR_MS, first_contact_due_ms=T0 + 20 * HOUR_MS)
    at_five = parts(one, T0 + 175 * MINUTE_MS, office).time
    assert parts(one, T0 + 175 * MINUTE_MS + 10 * HOUR_MS, office).time == at_five


def test_filters_leave_the_others_out(engine, settings):
    keep(
        engine,
        case(1, claimed_by="Ben", state="claimed"),
        case(2, channel="app", tier="Gold"),
        case(3, kind="silent_unhappy", snoozed_until_ms=T0 + HOUR_MS),
        case(4, state="recovered", closed_ms=T0),
    )
    shown = {
        "all": QueueFilter(),
        "mine": QueueFilter(claimed_by="Ben"),
        "app": QueueFilter(channel="app", stage="buy"),
        "gold": QueueFilter(tier="gold"),
        "done": QueueFilter(states=("recovered",)),
        "silent": QueueFilter(kind="silent_unhappy", snoozed=True),
        "one": QueueFilter(customer="c_2"),
        "some": QueueFilter(case_ids=[1, 3]),
    }
    found = {name: ordered(engine, settings, wanted=wanted) for name, wanted in shown.items()}
    assert found == {
        "all": [1, 2],
        "mine": [1],
        "app": [2],
        "gold": [2],
        "done": [4],
        "silent": [3],
        "one": [2],
        "some": [1],
    }
    assert ordered(engine, settings, now_ms=T0 + 2 * HOUR_MS) == [1, 2, 3]  # the snooze is over


def test_the_numbers_above_the_queue(engine, settings):
    keep(
        engine,
        case(1, first_contact_due_ms=T0 - HOUR_MS),  # overdue
        case(2, first_contact_due_ms=T0 + 20 * MINUTE_MS),
        case(3, first_contact_due_ms=T0 + 90 * MINUTE_MS),
        case(4, state="contacted", first_contact_due_ms=T0 - HOUR_MS, contacted_ms=T0 - 2 * HOUR_MS),
        case(5, state="recovered", closed_ms=T0, contacted_ms=T0 - MINUTE_MS, first_contact_due_ms=T0 - HOUR_MS),
        case(6, snoozed_until_ms=T0 + HOUR_MS),
    )
    with engine.connect() as conn:
        counts = queue.count_queue(conn, T0, settings)
    assert (counts.overdue, counts.within_1h, counts.later, counts.outcome_awaited) == (1, 1, 1, 1)
    assert (counts.done_today, counts.snoozed, counts.on_time, counts.due_today) == (1, 1, 1, 3)


def test_a_case_names_the_incident_that_went_on_at_its_place(engine, settings, make):
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=5))
        react(tx, settings, T0 + 6 * MINUTE_MS, [make.flag("c_in", time_ms=T0 + MINUTE_MS)], Findings())
        react(tx, settings, T0, [make.flag("c_out", number=2, time_ms=T0 - HOUR_MS)], Findings())
        react(tx, settings, T0, [make.flag("c_app", number=3, channel="app", time_ms=T0 + 1)], Findings())
    with engine.connect() as conn:
        found = casebook.read_cases(conn)[::-1]
        rows = showing.case_rows(conn, found, T0, settings)
    assert [(row.customer, row.incident) for row in rows] == [("c_in", 1), ("c_out", None), ("c_app", None)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("+49", "'+49"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("＝1", "'＝1"),
        ("fine = 1", "fine = 1"),
        (-5, "-5"),
        (None, ""),
    ],
)
def test_no_cell_of_the_file_is_a_formula(value, shown):
    assert cell(value) == shown


@given(st.text(max_size=50))
def test_whatever_is_written_stays_in_its_cell(text):
    row = showing_row(text)
    head, line = csv.reader(io.StringIO("".join(csv_lines([row])).removeprefix("\ufeff")))
    assert len(head) == len(line)
    assert dict(zip(head, line, strict=True))["reason"] in (text, f"'{text}")


def showing_row(text):
    from alerting.case_wire import case_row
    from alerting.settings import AlertSettings

    one = case(1, reason=text)
    return case_row(one, parts(one, T0, AlertSettings()), T0)


def test_of_many_who_claim_at_once_each_case_has_one_winner(engine, settings, make):
    """Ten agents for ten cases, all at once; bench/claims.py does it with a thousand."""
    with engine.begin() as tx:
        react(tx, settings, T0, [make.flag(f"c_{n}", number=n) for n in range(10)], Findings())
    won: list[tuple[int, str]] = []

    def agent(name: str) -> None:
        for case_id in range(1, 11):
            try:
                with engine.begin() as conn:
                    caseactions.claim(conn, settings, case_id, 1, Doing(name, T0))
            except ActionError:
                continue
            won.append((case_id, name))

    threads = [threading.Thread(target=agent, args=(f"agent {n}",)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(case_id for case_id, _ in won) == list(range(1, 11))
    with engine.connect() as conn:
        assert {c.case_id: c.claimed_by for c in casebook.read_cases(conn)} == dict(won)
        assert all([e.kind for e in casebook.case_history(conn, n)] == ["opened", "claimed"] for n in range(1, 11))
