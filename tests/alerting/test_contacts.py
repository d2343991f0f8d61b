"""Contacts, callbacks and clocks: what agents record, what is refused, and what is missed once."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from sqlalchemy import insert, select

from alerting import actions, caseactions, casebook, contactlog, outbox, store, ticking
from alerting.caseactions import Attempt
from alerting.clocks import clocks_of
from alerting.doing import Doing, NotPossible
from alerting.hours import BusinessHours
from alerting.permission import Consent, consent_of, permission
from alerting.react import react
from alerting.settings import AlertSettings
from alerting.tables import notes
from detectors.records import Findings
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.customers import CustomerState
from streams.store.tables import customers

T0 = 1_794_924_300_000  # Tue 17 Nov 2026, 14:05 UTC
OFFICE = BusinessHours("UTC", (((540, 1_020),),) * 5 + ((), ()), always=False)  # 9 to 17


def open_case(engine, settings, make, customer="c_1", number=1, now_ms=T0):
    with engine.begin() as tx:
        react(tx, settings, now_ms, [make.flag(customer, number=number)], Findings())
        return casebook.open_case_of(tx, customer)


def contact(engine, settings, case, at_ms=T0, **attempt):
    with engine.begin() as conn:
        return caseactions.contact(
            conn, settings, case.case_id, case.version, Doing("Ben", at_ms), attempt=Attempt(**attempt)
        )


def history(engine, case_id=1):
    with engine.connect() as conn:
        return [(event.kind, event.actor) for event in casebook.case_history(conn, case_id)]


class _Profile(msgspec.Struct):
    time_ms: int
    source: str
    id: str
    consent: bool | str | None


def consents(engine, customer, said):
    state = CustomerState.new(customer)
    state.set_profile(_Profile(T0, "crm", "p1", said))
    with engine.begin() as conn:
        conn.execute(insert(customers).values(customer=customer, partition=0, state=state.encode(), last_ms=T0))


def test_a_case_has_three_clocks_in_business_hours(engine, settings, make):
    office = replace(settings, hours=OFFICE, first_contact_minutes_default=240, resolution_minutes_default=960)
    case = open_case(engine, office, make)
    assert case.first_contact_due_ms == T0 + 20 * HOUR_MS  # 175 min today, 65 tomorrow from 9:00
    assert [clock.name for clock in clocks_of(case)] == ["first_contact", "resolution"]
    done = contact(engine, office, case, callback_ms=T0 + DAY_MS, promise="Refund of the second charge")
    assert [(c.name, c.state_at(T0 + 1)) for c in clocks_of(done)] == [
        ("first_contact", "kept"),
        ("next_contact", "running"),
        ("resolution", "running"),
    ]


def test_somebody_who_was_not_reached_is_tried_again_and_the_first_contact_was_made(engine, settings, make):
    case = open_case(engine, settings, make)
    tried = contact(engine, settings, case, at_ms=T0 + HOUR_MS, reached=False)
    assert (tried.state, tried.claimed_by, tried.contacted_ms) == ("claimed", "Ben", T0 + HOUR_MS)
    assert tried.next_contact_due_ms == T0 + HOUR_MS + settings.next_contact_minutes * MINUTE_MS
    reached = contact(engine, settings, tried, at_ms=T0 + 2 * HOUR_MS)
    assert (reached.state, reached.contacted_ms, reached.next_contact_due_ms) == ("contacted", T0 + HOUR_MS, None)
    with engine.connect() as conn:
        assert [(made.way, made.reached) for made in contactlog.of_case(conn, 1)] == [("phone", True), ("phone", False)]


def test_a_customer_who_was_never_reached_is_not_recovered_and_one_who_was_is_not_closed_without_contact(
    engine, settings, make
):
    case = contact(engine, settings, open_case(engine, settings, make), reached=False)
    with engine.begin() as conn, pytest.raises(NotPossible, match="nobody was reached"):
        caseactions.close(conn, settings, 1, case.version, Doing("Ben", T0), outcome="recovered")
    case = contact(engine, settings, case)
    with engine.begin() as conn, pytest.raises(NotPossible, match="say recovered or not recovered"):
        caseactions.close(
            conn, settings, 1, case.version, Doing("Ben", T0), outcome="closed_without_contact", reason="x"
        )
    with engine.begin() as conn:
        done = caseactions.close(
            conn, settings, 1, case.version, Doing("Ben", T0), outcome="not_recovered", main_reason="charged_twice"
        )
    assert (done.state, done.main_reason) == ("not_recovered", "charged_twice")


def test_beyond_the_cap_a_customer_is_left_in_peace_unless_they_asked_or_were_promised(engine, settings, make):
    capped = replace(settings, contacts_max=2)
    case = open_case(engine, capped, make)
    for hour in (1, 2):
        case = contact(engine, capped, case, at_ms=T0 + hour * HOUR_MS)
    with pytest.raises(NotPossible, match=r"2 of 2 contacts in 7 days are used, next from 24 Nov 15:05"):
        contact(engine, capped, case, at_ms=T0 + 3 * HOUR_MS)
    case = contact(engine, capped, case, at_ms=T0 + 3 * HOUR_MS, asked=True, callback_ms=T0 + DAY_MS, promise="a call")
    case = contact(engine, capped, case, at_ms=T0 + DAY_MS)  # was promised
    with engine.connect() as conn:
        assert len(contactlog.of_case(conn, 1)) == 4


def test_the_cap_counts_over_all_cases_of_a_customer(engine, settings, make):
    capped = replace(settings, contacts_max=1)
    case = contact(engine, capped, open_case(engine, capped, make))
    with engine.begin() as conn:
        caseactions.close(conn, capped, 1, case.version, Doing("Ben", T0), outcome="recovered")
    second = open_case(engine, capped, make, number=2, now_ms=T0 + HOUR_MS)
    with pytest.raises(NotPossible, match="1 of 1 contacts"):
        contact(engine, capped, second, at_ms=T0 + HOUR_MS)


def test_who_does_not_want_to_be_contacted_is_not_and_ways_are_kept_to(engine, settings, make):
    consents(engine, "c_no", "no")
    consents(engine, "c_mail", "email")
    with pytest.raises(NotPossible, match="does not want to be contacted"):
        contact(engine, settings, open_case(engine, settings, make, "c_no"))
    mail = open_case(engine, settings, make, "c_mail", number=2)
    with pytest.raises(NotPossible, match="by email only"):
        contact(engine, settings, mail)
    assert contact(engine, settings, mail, way="email").state == "contacted"


@pytest.mark.parametrize(
    ("said", "consent"),
    [
        (None, Consent()),
        ("", Consent()),
        (True, Consent(True)),
        (False, Consent(False)),
        ("Opt_Out", Consent(False)),
        ("marketing", Consent(True)),
        ("Phone; email", Consent(True, frozenset({"phone", "email"}))),
        (3.5, Consent()),
    ],
)
def test_consent_is_read_from_what_the_crm_says(said, consent):
    assert consent_of(said) == consent


def test_the_cap_says_when_it_lets_somebody_again():
    used = [T0 - 3 * DAY_MS, T0 - DAY_MS, T0 - HOUR_MS, T0 - 30 * DAY_MS]
    allowed = permission(Consent(), None, used, T0, AlertSettings())
    assert (allowed.used, allowed.most, allowed.next_ms) == (3, 3, T0 + 4 * DAY_MS)


def test_a_missed_clock_is_recorded_once_and_told(engine, settings, make):
    case = open_case(engine, settings, make)
    late_ms = case.first_contact_due_ms + MINUTE_MS
    for at_ms in (late_ms - 2 * MINUTE_MS, late_ms, late_ms + MINUTE_MS):
        with engine.begin() as tx:
            ticking.tick(tx, at_ms, settings)
    assert history(engine) == [("opened", None), ("first_contact_missed", None)]
    contact(engine, settings, case, at_ms=late_ms + 5 * MINUTE_MS)  # the version has not moved on
    assert history(engine)[-1] == ("contacted", "Ben")
    with engine.connect() as conn:
        said = list(conn.execute(select(notes.c.text).order_by(notes.c.note_id)).scalars())
        assert outbox.read(conn, "case-1").desired_revision == 3
    assert said == ["! First contact is overdue: it was due 18:05.", "Contacted by Ben."]


def test_a_miss_that_nobody_saw_in_time_is_recorded_with_the_late_contact(engine, settings, make):
    case = open_case(engine, settings, make)
    contact(engine, settings, case, at_ms=case.first_contact_due_ms + MINUTE_MS)
    assert [kind for kind, _ in history(engine)] == ["opened", "first_contact_missed", "contacted"]


def test_a_promised_callback_that_is_not_kept_is_missed_and_a_new_one_can_be(engine, settings, make):
    case = open_case(engine, settings, make)
    case = contact(engine, settings, case, callback_ms=T0 + HOUR_MS, promise="a call")
    for at_ms in (T0 + 2 * HOUR_MS, T0 + 3 * HOUR_MS):
        with engine.begin() as tx:
            ticking.tick(tx, at_ms, settings)
    with engine.connect() as conn:
        case = casebook.read_case(conn, 1)
    case = contact(engine, settings, case, at_ms=T0 + 4 * HOUR_MS, callback_ms=T0 + 5 * HOUR_MS, promise="another")
    with engine.begin() as tx:
        ticking.tick(tx, T0 + 6 * HOUR_MS, settings)
    assert [kind for kind, _ in history(engine)].count("next_contact_missed") == 2


@pytest.mark.parametrize("callback_ms", [T0, T0 - 1, T0 + 91 * DAY_MS])
def test_a_callback_lies_ahead_and_within_ninety_days(engine, settings, make, callback_ms):
    with pytest.raises(NotPossible, match="later than now"):
        contact(engine, settings, open_case(engine, settings, make), callback_ms=callback_ms)


def test_a_case_can_be_put_back_and_handed_over_and_noted(engine, settings, make):
    open_case(engine, settings, make)
    with engine.begin() as conn:
        caseactions.claim(conn, settings, 1, 1, Doing("Ben", T0))
        assert caseactions.release(conn, settings, 1, 2, Doing("Ben", T0)).claimed_by is None
        given = caseactions.hand_over(conn, settings, 1, 3, Doing("Ben", T0), to="Jana K.")
        assert (given.state, given.claimed_by) == ("claimed", "Jana K.")
        caseactions.note_case(conn, settings, 1, 4, Doing("Ben", T0), said="Wants a call after six")
        with pytest.raises(NotPossible, match="empty"):
            caseactions.note_case(conn, settings, 1, 5, Doing("Ben", T0), said="\u200b ")
        said = list(conn.execute(select(notes.c.text)).scalars())
    assert not any("after six" in text for text in said)  # what people type stays in the product


def test_nobody_takes_an_incident_people_are_reminded_three_times_and_an_acknowledgement_ends_it(
    engine, settings, make
):
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=0))
    for minutes in (10, 15, 17, 18, 40, 62, 300, 900):
        with engine.begin() as tx:
            ticking.tick(tx, T0 + minutes * MINUTE_MS, settings)
    with engine.connect() as conn:
        told = [event.text for event in store.incident_history(conn, 1)][1:]
    assert told == [
        "! Nobody has taken this for 16 min.",
        "! Nobody has taken this for 1 h 1 min.",
        "! Nobody has taken this for 4 h 59 min.",
    ]
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("app", "use", at=0))
        actions.acknowledge(tx, settings, 2, 1, Doing("Jana K.", T0 + 2 * MINUTE_MS))
        assert ticking.tick(tx, T0 + DAY_MS, settings) == 0


def test_after_a_night_without_the_process_one_reminder_is_enough(engine, settings, make):
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=0))
        assert ticking.tick(tx, T0 + 9 * HOUR_MS, settings) == 1
        assert ticking.tick(tx, T0 + 10 * HOUR_MS, settings) == 0
