"""Answers, graded interactions and contacts: each watched, told as one."""

import random
from dataclasses import replace
from itertools import pairwise

import pytest

from detectors.budget import FOR_EVIDENCE
from detectors.kinds import BUDGET, Watches, told_as_one
from detectors.records import Findings, Recovery
from detectors.settings import DetectionSettings
from detectors.watch import Closing
from streams.clock import MINUTE_MS
from streams.records import LeafMinute, Segment
from streams.store.minutes import KINDS

PHONE = ("phone", "help")
AT = Segment(*PHONE)


def world_of_contacts(world, new_world):
    """Four contacts an hour for two weeks, and from minute 600 on twenty; no answer at all."""
    draw = random.Random(4)
    world.past(leaves=(PHONE,), share=1.0)
    for minute in range(900):
        if draw.random() < (4 if minute < 600 else 20) / 60:
            world.add(PHONE, minute, 1, 1)
    empty = new_world()
    return {kind: world if kind == "contacts" else empty for kind in KINDS}


def run(worlds, engine, edges, settings=None):
    def hours(conn, start, end, kind="answers"):
        return worlds[kind].hours(conn, start, end)

    watches = Watches(settings or worlds["answers"].settings, hours)
    found = []
    for start, end in pairwise(edges):
        with engine.begin() as tx:
            closings = {kind: world.closing(start, end) for kind, world in worlds.items()}
            found.append(watches.advance(tx, closings))
    return found


def test_a_contact_stream_alone_is_watched(world, new_world, engine):
    found = run(world_of_contacts(world, new_world), engine, [0, 300, 600, 900])
    (anomaly,) = [a for one in found for a in one.anomalies]
    assert anomaly.segment == AT
    assert (anomaly.signal, anomaly.metric) == ("volume", "contact")
    assert (world.start + 600) * MINUTE_MS < anomaly.detected_ms < (world.start + 780) * MINUTE_MS
    assert "contacts since" in anomaly.reason
    assert "times the usual" in anomaly.reason


def test_each_kind_has_its_part_of_the_promise_and_all_of_it_together(new_world, new_engine):
    """A surge of bad answers, fed as each kind: where the whole promise is small, its part says what is needed."""
    assert sum(BUDGET.values()) == pytest.approx(1.0)
    needed = {}
    for kind in KINDS:
        world = new_world()
        world.settings = DetectionSettings(false_alerts_per_week=0.02)
        share = 1.0 if kind == "contacts" else 0.15
        world.past(leaves=(PHONE,), share=share).answers(PHONE, 0, 600, 4, share).answers(PHONE, 600, 900, 40, 1.0)
        empty = new_world()
        worlds = {one: world if one == kind else empty for one in KINDS}
        found = run(worlds, new_engine(), [0, 900], world.settings)
        needed[kind] = next(a.needed for one in found for a in one.anomalies if a.segment == AT)
    for kind, weeks in needed.items():
        assert weeks == pytest.approx(1 / (FOR_EVIDENCE * 0.02 * BUDGET[kind]), rel=1e-6)


def test_contacts_know_no_guardrail_of_bad_shares(world, new_world, engine):
    for minute in range(0, 200, 5):
        world.add(PHONE, minute, 1, 1)
    worlds = {kind: world if kind == "contacts" else new_world() for kind in KINDS}
    assert not any(run(worlds, engine, [0, 200]))


def test_one_place_is_told_once_and_is_back_when_all_kinds_are(world, new_world, engine):
    worlds = world_of_contacts(world, new_world)
    contacts = next(a for one in run(worlds, engine, [0, 900]) for a in one.anomalies)
    answers = replace(contacts, metric=None, detected_ms=contacts.detected_ms - MINUTE_MS)
    over = Recovery(AT, contacts.detected_ms + MINUTE_MS, 20, 1, 0.05, 0.1, "back")
    later = replace(over, at_ms=over.at_ms + MINUTE_MS)
    before = {kind: frozenset() for kind in KINDS}
    none = Findings()
    told = told_as_one(
        before,
        {
            "answers": Findings((answers,), (), (over,)),
            "contacts": Findings((contacts,), (), (later,)),
            "interactions": none,
        },
    )
    assert told.anomalies == (answers,)
    assert told.recoveries == (later,)
    still = told_as_one(
        {**before, "answers": frozenset([AT]), "contacts": frozenset([AT])},
        {"answers": Findings((), (), (over,)), "contacts": none, "interactions": none},
    )
    assert still.recoveries == ()


def test_closings_of_every_kind_may_be_empty(world, new_world, engine):
    with engine.begin() as tx:
        watches = Watches(world.settings, lambda conn, start, end, kind="answers": [])
        closing = Closing(10, 20, [LeafMinute(12, *PHONE, 1, 0, 0)])
        assert not watches.advance(tx, dict.fromkeys(KINDS, closing))
