"""Whom to contact: one open case a customer, its priority in parts, its clock."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from alerting import caseactions, casebook, outbox
from alerting.caseactions import Attempt
from alerting.doing import Doing, NotPossible, NotThere, Stale
from alerting.priority import parts, repeat_points, value_points
from alerting.react import react
from alerting.settings import AlertSettings, Route
from alerting.tables import notes
from detectors.records import Findings
from streams.clock import MINUTE_MS
from streams.customers import CustomerState
from streams.records import Segment
from streams.store.tables import customers

T0 = 1_794_924_300_000
NOBODY = Findings()


def raise_flags(engine, settings, *flags, now_ms=T0):
    with engine.begin() as tx:
        react(tx, settings, now_ms, flags, NOBODY)
    with engine.connect() as conn:
        return casebook.read_cases(conn, None)[::-1]


class _Profile(msgspec.Struct):
    time_ms: int
    source: str
    id: str
    tier: str
    value: float


def know(engine, customer, tier, value):
    state = CustomerState.new(customer)
    state.set_profile(_Profile(T0, "crm", "p1", tier, value))
    with engine.begin() as conn:
        conn.execute(insert(customers).values(customer=customer, partition=0, state=state.encode(), last_ms=T0))


def test_a_bad_event_at_a_moment_of_truth_opens_a_case(engine, settings, make):
    (case,) = raise_flags(engine, settings, make.flag())
    assert (case.case_id, case.state, case.severity) == (1, "open", 50)
    assert case.first_contact_due_ms == T0 + 240 * MINUTE_MS


def test_a_detractors_comment_opens_a_case_whatever_its_priority(engine, settings, make):
    assert len(raise_flags(engine, settings, make.flag(kind="detractor_comment", severity=1))) == 1


def test_other_flags_open_a_case_from_a_priority_on(engine, settings, make):
    assert raise_flags(engine, settings, make.flag(kind="third_contact", severity=40)) == []
    know(engine, "c_gold", "Gold", 100.0)
    (case,) = raise_flags(engine, settings, make.flag("c_gold", kind="third_contact", severity=40))
    assert (case.value, case.tier) == (25, "Gold")


def test_the_tier_decides_by_when_the_first_contact_is_due(engine, make):
    settings = AlertSettings(first_contact_minutes={"gold": 75})
    know(engine, "c_gold", "Gold", 100.0)
    (case,) = raise_flags(engine, settings, make.flag("c_gold"))
    assert case.first_contact_due_ms == T0 + 75 * MINUTE_MS


def test_a_customer_has_one_open_case_and_a_new_flag_raises_its_priority(engine, settings, make):
    first = make.flag(kind="detractor_comment", severity=20)
    raise_flags(engine, settings, first)
    second = make.flag(number=2, severity=50)
    (case,) = raise_flags(engine, settings, second, now_ms=T0 + MINUTE_MS)
    assert (case.severity, case.repeats, case.kind) == (50, 4, "moment_of_truth")
    with engine.connect() as conn:
        assert [e.kind for e in casebook.case_history(conn, 1)] == ["opened", "raised"]
        assert outbox.read(conn, "case-1").not_before_ms == T0 + 60_000


def test_a_moment_of_truth_does_not_wait_for_the_hold_off_also_on_an_open_case(engine, settings, make):
    raise_flags(engine, settings, make.flag(kind="detractor_comment"))
    raise_flags(engine, settings, make.flag(number=2), now_ms=T0 + 1_000)
    with engine.connect() as conn:
        assert outbox.read(conn, "case-1").not_before_ms == T0 + 1_000


def test_the_same_flag_twice_changes_nothing(engine, settings, make):
    before = raise_flags(engine, settings, make.flag())
    assert raise_flags(engine, settings, make.flag(), now_ms=T0 + 99) == before


def test_after_a_case_is_closed_a_new_flag_opens_another(engine, settings, make):
    raise_flags(engine, settings, make.flag())
    with engine.begin() as conn:
        caseactions.close(
            conn, settings, 1, 1, Doing("Ben", T0), outcome="closed_without_contact", reason="did not consent"
        )
    assert [c.state for c in raise_flags(engine, settings, make.flag(number=2))] == ["closed_without_contact", "open"]


def test_priority_shows_its_parts_and_contact_stops_its_clock(engine, settings, make):
    (case,) = raise_flags(engine, settings, make.flag())
    assert parts(case, T0 + 120 * MINUTE_MS, settings).time == 5
    assert parts(case, T0 + 999 * MINUTE_MS, settings).time == 10
    with engine.begin() as conn:
        done = caseactions.contact(conn, settings, 1, 1, Doing("Ben", T0 + 24 * MINUTE_MS), attempt=Attempt())
    assert parts(done, T0 + 999 * MINUTE_MS, settings).time == 1


@given(st.integers(0, 100), st.one_of(st.none(), st.floats(-1e9, 1e9)), st.sampled_from([None, "Gold", "x"]))
def test_points_stay_within_their_bounds(repeats, value, tier):
    assert 0 <= repeat_points(repeats) <= 15
    assert 0 <= value_points(tier, value, AlertSettings()) <= 25


def test_of_two_who_claim_a_case_one_wins(engine, settings, make):
    raise_flags(engine, settings, make.flag())
    with engine.begin() as conn:
        assert caseactions.claim(conn, settings, 1, 1, Doing("Jana K.", T0)).claimed_by == "Jana K."
        with pytest.raises(Stale):
            caseactions.claim(conn, settings, 1, 1, Doing("Ben", T0))
        with pytest.raises(NotPossible, match=r"claimed by Jana K\."):
            caseactions.claim(conn, settings, 1, 2, Doing("Ben", T0))
        with pytest.raises(NotThere):
            caseactions.claim(conn, settings, 7, 1, Doing("Ben", T0))


def test_nobody_is_recovered_without_having_been_contacted(engine, settings, make):
    raise_flags(engine, settings, make.flag())
    with engine.begin() as conn:
        with pytest.raises(NotPossible, match="nobody was reached"):
            caseactions.close(conn, settings, 1, 1, Doing("Ben", T0), outcome="recovered")
        caseactions.contact(conn, settings, 1, 1, Doing("Ben", T0), attempt=Attempt(said="Refund promised."))
        closed = caseactions.close(conn, settings, 1, 2, Doing("Ben", T0), outcome="recovered")
        said = list(conn.execute(select(notes.c.text)).scalars())
    assert closed.state == "recovered"
    assert not any("Refund" in text for text in said)  # what was said to a customer stays in the case


def test_closing_without_contact_needs_a_reason(engine, settings, make):
    raise_flags(engine, settings, make.flag())
    with engine.begin() as conn, pytest.raises(NotPossible, match="needs a reason"):
        caseactions.close(conn, settings, 1, 1, Doing("Ben", T0), outcome="closed_without_contact", reason=" ")


def test_the_first_route_that_fits_takes_the_message():
    settings = AlertSettings(
        routes=(
            Route("C0PHONE001", about="incident", channels=("phone",)),
            Route("C0GRAVE001", severity_from="critical"),
        )
    )
    assert settings.target("incident", Segment("phone", "support"), "minor") == "C0PHONE001"
    assert settings.target("incident", Segment("web", "buy"), "critical") == "C0GRAVE001"
    assert settings.target("incident", Segment("web", "buy"), "major") == "#cx-alerts"
    assert settings.target("case", Segment("web", "buy")) == "C0GRAVE001"
