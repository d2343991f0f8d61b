"""How watched places are told to stand, from what detection stored."""

from __future__ import annotations

from detectors.kinds import kind_of
from detectors.records import CurvePoint
from detectors.settings import DetectionSettings
from detectors.watched import curve_now, read_watched
from streams.clock import MINUTE_MS
from streams.records import Segment
from tests.detectors.conftest import LEAVES

WEB_BUY = ("web", "buy")


def stands(engine, settings=None):
    with engine.connect() as conn:
        return {one.segment: one for one in read_watched(conn, settings or DetectionSettings())}


def test_a_young_place_learns_and_says_how_many_answers_it_takes(world, engine):
    world.answers(WEB_BUY, 0, 60, 12, 0.2)
    world.run(engine, [0, 60])
    one = stands(engine)[Segment(*WEB_BUY)]
    assert (one.stand, one.least, one.usual_share) == ("learning", 30, None)
    assert 0 < one.known < 30
    assert one.says == "nothing usual is known yet: 30 answers are needed first"


def test_a_place_that_looks_bad_waits_for_evidence_and_says_for_how_much(world, engine):
    world.past()
    for minute in (50, 53, 56):
        world.add(WEB_BUY, minute, 1, 1)
    world.run(engine, [0, 60])
    one = stands(engine)[Segment(*WEB_BUY)]
    assert (one.stand, one.n, one.bad) == ("waiting", 3, 3)
    assert one.since_ms == (world.start + 50) * MINUTE_MS
    assert one.needs is not None
    assert one.needs > 3
    assert one.says == f"not enough evidence yet (n = 3, needs about {one.needs})"
    assert one.needed is not None
    assert one.weeks < one.needed
    others = [found.stand for place, found in stands(engine).items() if tuple(place) in LEAVES and place != one.segment]
    assert set(others) == {"usual"}


def test_an_open_place_gives_its_curve_up_to_now(world, engine):
    world.past().answers(WEB_BUY, 0, 240, 30, 0.9)
    (anomaly, *_) = world.run(engine, [0, 240]).anomalies
    one = stands(engine)[anomaly.segment]
    assert one.stand == "open"
    with engine.connect() as conn:
        curve = curve_now(conn, anomaly.segment, anomaly.metric)
        assert curve_now(conn, Segment("app", "buy"), None) == ()
    assert curve[-1].at_ms > anomaly.curve[-1].at_ms
    assert all(isinstance(point, CurvePoint) for point in curve)
    assert one.weeks == curve[-1].weeks >= anomaly.needed


def test_a_metric_names_its_kind():
    assert [kind_of(metric) for metric in ("interaction", "contact", "nps", None)] == [
        "interactions",
        "contacts",
        "answers",
        "answers",
    ]
