"""One spike is one incident, named by the place that explains most of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hyp_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, StaticPool, create_engine

from alerting import actions, outbox, store, waiting
from alerting.doing import Doing, NotPossible, Stale
from alerting.react import react
from alerting.settings import AlertSettings
from alerting.waiting import Gates
from detectors.records import Cause, CurvePoint, Findings
from streams.clock import MINUTE_MS
from streams.records import Segment

T0 = 1_794_924_300_000
WEB_BUY = ("web", "buy")


def play(engine: Engine, settings: AlertSettings, *steps: Findings, now_ms: int = T0 + 120 * MINUTE_MS) -> list:
    for findings in steps:
        with engine.begin() as tx:
            react(tx, settings, now_ms, (), findings)
    with engine.connect() as conn:
        return store.read_incidents(conn, now_ms)[::-1]


def together(*several: Findings) -> Findings:
    return Findings(
        tuple(a for f in several for a in f.anomalies),
        tuple(u for f in several for u in f.updates),
        tuple(r for f in several for r in f.recoveries),
    )


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_a_leaf_and_all_its_rollups_are_one_incident_in_whatever_order_they_are_found(engine, settings, make, order):
    places = [("web", "buy"), ("web", None), (None, "buy"), (None, None)]
    found = [make.anomaly(*places[i], at=5 + step) for step, i in enumerate(order)]
    (incident,) = play(engine, settings, *found)
    assert incident.number == 1
    assert incident.named == Segment("web", "buy")
    assert {m.segment for m in incident.members} == {Segment(*p) for p in places}


def test_two_places_of_one_stage_are_one_incident_when_the_stage_moves_as_a_whole(engine, settings, make):
    stage = make.anomaly(None, "buy", at=6)
    bigger = make.anomaly("app", "buy", at=7, n=60, bad=40)
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY), stage, bigger)
    assert incident.named == Segment("app", "buy")  # explains more than web did


def test_two_places_of_one_stage_are_two_incidents_when_the_stage_as_a_whole_is_as_usual(engine, settings, make):
    assert len(play(engine, settings, make.anomaly(*WEB_BUY), make.anomaly("app", "buy", at=6))) == 2


def test_a_second_trouble_elsewhere_is_not_hidden_by_the_first_ones_rollups(engine, settings, make):
    first = together(make.anomaly(*WEB_BUY), make.anomaly("web", None), make.anomaly(None, None))
    incidents = play(engine, settings, first, make.anomaly("app", "deliver", at=9))
    assert [i.named for i in incidents] == [Segment("web", "buy"), Segment("app", "deliver")]


def test_an_incident_is_pending_until_its_hold_off_ends(engine, settings, make):
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY, at=5))
    assert incident.stage_at(T0 + 5 * MINUTE_MS) == "pending"
    assert incident.stage_at(T0 + 6 * MINUTE_MS) == "firing"


def test_it_resolves_when_the_place_that_names_it_recovers_though_a_rollup_is_still_off(engine, settings, make):
    first = together(make.anomaly(*WEB_BUY), make.anomaly("web", None))
    (incident,) = play(engine, settings, first, make.recovery(*WEB_BUY))
    assert (incident.state, incident.resolved_by) == ("resolved", None)


def test_it_stays_open_under_another_name_while_another_leaf_is_still_off(engine, settings, make):
    spike = together(make.anomaly(*WEB_BUY, bad=25), make.anomaly("app", "buy"), make.anomaly(None, "buy"))
    # leaves come first in one closing, so tell the stage before the second leaf
    steps = (make.anomaly(*WEB_BUY, bad=25), make.anomaly(None, "buy", at=6), make.anomaly("app", "buy", at=7))
    assert spike.anomalies
    (incident,) = play(engine, settings, *steps, make.recovery(*WEB_BUY))
    assert (incident.state, incident.named) == ("firing", Segment("app", "buy"))
    (incident,) = play(engine, settings, make.recovery("app", "buy", at=70))
    assert incident.state == "resolved"


@pytest.mark.parametrize(("minutes", "incidents", "linked"), [(29, 1, None), (31, 2, 1)])
def test_back_within_30_minutes_reopens_and_later_opens_a_linked_one(
    engine, settings, make, minutes, incidents, linked
):
    found = play(
        engine,
        settings,
        make.anomaly(*WEB_BUY),
        make.recovery(*WEB_BUY, at=60),
        make.anomaly(*WEB_BUY, at=60 + minutes),
    )
    assert len(found) == incidents
    assert found[-1].state == "firing"
    assert found[-1].linked_to == linked


def test_the_grouping_of_minutes_into_rounds_changes_nothing(engine, settings, make, tmp_path):
    story = [
        make.anomaly(*WEB_BUY, at=5),
        make.anomaly("web", None, at=6),
        make.update(*WEB_BUY, at=20),
        make.recovery(*WEB_BUY, at=60),
        make.anomaly(*WEB_BUY, at=80),
        make.anomaly("app", "deliver", at=81),
    ]
    at_once = play(engine, settings, together(*story))
    with engine.begin() as conn:
        for table in reversed(store.metadata.sorted_tables):
            conn.execute(table.delete())
    assert play(engine, settings, *story) == at_once


def test_an_update_gets_worse_in_a_note_and_edits_the_message(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY), make.update(*WEB_BUY))
    with engine.connect() as conn:
        row = outbox.read(conn, "incident-1")
        note = outbox.read_note(conn, 1)
    assert row.desired_revision == 2
    assert note.text.startswith("Worse: now critical. 40 of 60 bad")


def test_what_resolves_within_its_hold_off_is_never_told(engine, make):
    settings = AlertSettings(mode="live", hold_off_seconds=3600)
    now_ms = T0 + 20 * MINUTE_MS
    play(engine, settings, make.anomaly(*WEB_BUY), make.recovery(*WEB_BUY, at=20), now_ms=now_ms)
    with engine.connect() as conn:
        assert waiting.due(conn, T0 + 900 * MINUTE_MS, T0, Gates("slack", "preview")) == []


def test_an_anomaly_that_is_not_to_page_is_listed_and_told_nobody(engine, settings, make):
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY, page=False))
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1") is None
    assert not incident.page


def silence(make, channel, stage, at, expected=20.0):
    return make.anomaly(channel, stage, at, signal="silence", page=False, expected=expected, n=0, bad=0)


def heard(make, channel, stage, at):
    (one,) = make.recovery(channel, stage, at).recoveries
    return Findings(recoveries=(replace(one, operations=True),))


def test_a_silence_is_a_notice_of_its_own_named_by_the_widest_place_and_never_part_of_an_incident(
    engine, settings, make
):
    steps = [
        make.anomaly(*WEB_BUY, at=5),
        silence(make, *WEB_BUY, at=10),
        silence(make, "web", None, at=12, expected=60.0),
        make.recovery(*WEB_BUY, at=40),
    ]
    incident, notice = play(engine, settings, *steps)
    assert [m.signal for m in incident.members] == ["share"]
    assert incident.state == "resolved"
    assert (notice.named, notice.state, notice.page) == (Segment("web", None), "firing", False)
    assert notice.operations
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-2") is None
    over = together(heard(make, *WEB_BUY, at=50), heard(make, "web", None, at=50))
    assert play(engine, settings, over)[1].state == "resolved"


def test_an_incident_where_a_silence_is_listed_opens_beside_it_and_is_told(engine, settings, make):
    notice, incident = play(engine, settings, silence(make, *WEB_BUY, at=10), make.anomaly(*WEB_BUY, at=20))
    assert (notice.page, incident.page) == (False, True)
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-2") is not None


def test_an_acknowledgement_cannot_undo_a_resolution(engine, settings, make):
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY), make.recovery(*WEB_BUY))
    with engine.begin() as conn, pytest.raises(NotPossible):
        actions.acknowledge(conn, settings, 1, incident.version, Doing("Jana K.", T0))


def test_of_two_who_act_on_the_same_version_one_is_told_that_the_other_was_faster(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY))
    with engine.begin() as conn:
        actions.acknowledge(conn, settings, 1, 1, Doing("Jana K.", T0 + 10 * MINUTE_MS))
        with pytest.raises(Stale, match="somebody else was faster"):
            actions.snooze(conn, settings, 1, 1, Doing("Ben", T0))
        history = store.incident_history(conn, 1)
    assert [(e.kind, e.actor) for e in history] == [("opened", None), ("acknowledged", "Jana K.")]


def test_newer_numbers_do_not_make_a_persons_version_stale(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY), make.update(*WEB_BUY))
    with engine.begin() as conn:
        assert actions.acknowledge(conn, settings, 1, 1, Doing("Jana K.", T0)).state == "acknowledged"


def test_an_incident_resolved_by_hand_stays_so_when_the_numbers_move_and_recover(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY))
    with engine.begin() as conn:
        actions.resolve(conn, settings, 1, 1, Doing("Jana K.", T0 + 30 * MINUTE_MS))
    (incident,) = play(engine, settings, make.update(*WEB_BUY, at=40), make.recovery(*WEB_BUY, at=50))
    assert (incident.state, incident.resolved_by) == ("resolved", "Jana K.")


def test_spam_and_snooze_silence_the_thread_but_not_the_end(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY))
    with engine.begin() as conn:
        actions.mark_spam(conn, settings, 1, 1, Doing("Jana K.", T0 + 10 * MINUTE_MS))
    play(engine, settings, make.update(*WEB_BUY), make.recovery(*WEB_BUY))
    with engine.connect() as conn:
        texts = [outbox.read_note(conn, i) for i in (1, 2, 3)]
    assert texts[0].text.startswith("Marked as possible spam")
    assert texts[1].text.startswith("Resolved by itself.")
    assert texts[2] is None


def spam(make, channel="web", at=5):
    return make.anomaly(channel, "buy", at=at, page=False, spam="14 of 18 comments are the same")


def test_what_looks_like_spam_is_listed_as_such_and_told_nobody(engine, settings, make):
    (incident,) = play(engine, settings, spam(make))
    assert (incident.spam, incident.spam_reason, incident.page) == (True, "14 of 18 comments are the same", False)
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1") is None
        (opened,) = store.incident_history(conn, 1)
    assert opened.text.endswith("Possible spam, so nobody was told: 14 of 18 comments are the same")


def test_something_real_beside_it_takes_the_suspicion_away(engine, settings, make):
    (incident,) = play(engine, settings, spam(make), make.anomaly("web", None, at=6))
    assert (incident.spam, incident.page) == (False, True)
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1") is not None


def test_what_a_person_marked_stays_marked_whatever_joins(engine, settings, make):
    play(engine, settings, make.anomaly(*WEB_BUY))
    with engine.begin() as conn:
        actions.mark_spam(conn, settings, 1, 1, Doing("Jana K.", T0))
    (incident,) = play(engine, settings, make.anomaly("web", None, at=6))
    assert (incident.spam, incident.spam_reason) == (True, "marked by Jana K.")


def test_when_a_person_says_that_it_is_no_spam_people_are_told(engine, settings, make):
    play(engine, settings, spam(make))
    with engine.begin() as conn:
        actions.mark_spam(conn, settings, 1, 1, Doing("Jana K.", T0 + 9 * MINUTE_MS), spam=False)
    (incident,) = play(engine, settings, make.update(*WEB_BUY))
    assert (incident.spam, incident.page) == (False, True)
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1").desired_revision == 2
        assert [e.kind for e in store.incident_history(conn, 1)] == ["opened", "not_spam", "moved"]


class Step(NamedTuple):
    kind: str
    place: tuple[str | None, str | None]
    bad: int


PLACES = [(c, s) for c in ("web", "app", None) for s in ("buy", "use", None)]
STORIES = st.lists(
    st.builds(Step, st.sampled_from(["anomaly", "anomaly", "recovery"]), st.sampled_from(PLACES), st.integers(8, 31)),
    max_size=25,
)


@hyp_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STORIES)
def test_every_open_anomaly_is_in_one_open_incident_whatever_happens(settings, make, story):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    store.metadata.create_all(engine)
    off: set[Segment] = set()
    for at, (kind, place, bad) in enumerate(story):
        segment = Segment(*place)
        if (kind == "anomaly") == (segment in off):
            continue
        found = make.anomaly(*place, at=at, bad=bad) if kind == "anomaly" else make.recovery(*place, at=at)
        incidents = play(engine, settings, found, now_ms=T0 + at * MINUTE_MS)
        is_open = [i for i in incidents if i.state != "resolved"]
        held = [m.segment for i in is_open for m in i.members if m.open]
        off = set(held)
        assert len(held) == len(off)
        assert (segment in off) == (kind == "anomaly")
        assert [i.number for i in incidents] == list(range(1, len(incidents) + 1))
        assert all(i.naming.open for i in is_open)
        for incident in is_open:
            leaves = [m for m in incident.members if m.open and m.leaf]
            assert not leaves or incident.naming.excess == max(m.excess for m in leaves)
    engine.dispose()


def curve(*weeks):
    return tuple(CurvePoint(T0 + place * MINUTE_MS, week) for place, week in enumerate(weeks))


CAUSE = Cause("touchpoint", "payment: failed", bad=12, bad_of=15, usual=9, usual_of=210, z=8.0)


def test_what_detectors_know_is_kept_and_grows_with_updates(engine, settings, make):
    first = {"character": "jump", "needed": 1.1, "curve": curve(0.1, 1.2), "causes": (CAUSE,)}
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY, **first))
    member = incident.naming
    assert (member.character, member.needed, member.detectors) == ("jump", 1.1, ("share_jump",))
    assert (member.curve, member.causes) == (curve(0.1, 1.2), (CAUSE,))
    more = replace(CAUSE, bad=30, bad_of=40)
    (incident,) = play(engine, settings, make.update(*WEB_BUY, curve=curve(0.1, 1.2, 9.0), causes=(more,)))
    assert (incident.naming.curve, incident.naming.causes) == (curve(0.1, 1.2, 9.0), (more,))
    (incident,) = play(engine, settings, make.update(*WEB_BUY, at=30))
    assert (incident.naming.curve, incident.naming.causes) == (curve(0.1, 1.2, 9.0), (more,))
    over = replace(make.recovery(*WEB_BUY).recoveries[0], curve=curve(0.1, 1.2, 9.0, 8.0))
    (incident,) = play(engine, settings, Findings(recoveries=(over,)))
    assert incident.naming.curve[-1].weeks == 8.0


def test_what_is_kept_of_a_member_is_bounded(engine, settings, make):
    long = curve(*range(1_000))
    many = tuple(replace(CAUSE, name=str(n)) for n in range(100))
    (incident,) = play(engine, settings, make.anomaly(*WEB_BUY, curve=long, causes=many, detectors=("a",) * 100))
    member = incident.naming
    assert len(member.curve) <= store.CURVE_MAX
    assert (member.curve[0], member.curve[-1]) == (long[0], long[-1])
    assert (len(member.causes), len(member.detectors)) == (store.CAUSES_MAX, store.DETECTORS_MAX)


def test_the_usual_moves_with_the_numbers_also_where_answers_tell_on_for_interactions(engine, settings, make):
    told = {"signal": "volume", "metric": "interaction", "expected": 6.9, "character": "volume"}
    (anomaly,) = make.anomaly(*WEB_BUY, at=20, **told, since_ms=T0 + MINUTE_MS).anomalies
    grown = replace(anomaly, expected=50.0, expected_low=37.0, expected_high=65.0)
    steps = (Findings(anomalies=(anomaly,)), make.update(*WEB_BUY, at=40, now=grown))
    (incident,) = play(engine, settings, *steps)
    assert (incident.naming.expected, incident.naming.expected_high) == (50.0, 65.0)
    assert (incident.naming.metric, incident.naming.character) == ("interaction", "volume")
    answers = replace(anomaly, signal="share", metric=None, expected=0.15, since_ms=T0 + 9 * MINUTE_MS, character=None)
    (incident,) = play(engine, settings, make.update(*WEB_BUY, at=80, now=answers))
    naming = incident.naming
    assert (naming.metric, naming.signal, naming.expected, naming.character) == (None, "share", 0.15, None)
    assert (naming.since_ms, naming.detected_ms) == (T0 + MINUTE_MS, T0 + 20 * MINUTE_MS)
