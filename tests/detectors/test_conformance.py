"""What every detector must do, whatever it looks for: run over all that can be named in the settings."""

import json
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.protocol import Step
from detectors.river_models import DETECTORS
from detectors.settings import DETECTORS as NAMED
from detectors.settings import DetectionSettings

NAMES = sorted(DETECTORS)
START = 20_775 * 24 * 60
BUY = ("web", "buy")


class Flat:
    """A usual without rhythm."""

    share = 0.15
    knows_volume = True
    volume_tolerance = 1.25
    dispersion = 1.0
    volume_dispersion = 1.0
    witnesses = 3.0

    def tolerated_at(self, minute):
        return 0.18

    def bad_between(self, from_minute, to_minute):
        return 0.6 * (to_minute - from_minute) / 60

    def answers_between(self, from_minute, to_minute):
        return 4.0 * (to_minute - from_minute) / 60


def stream(seed, length, share=0.15, start=START):
    draw, minute = random.Random(seed), start
    for _ in range(length):
        minute += draw.randrange(1, 40)
        n = draw.randrange(1, 4)
        bad = sum(draw.random() < share for _ in range(n))
        yield Step(minute, n, bad, bad, minute, Flat())


def after(detector, steps):
    for step in steps:
        detector.step(step)
    return detector


@pytest.mark.parametrize("name", NAMES)
class TestEveryDetector:
    @settings(max_examples=20, deadline=None)
    @given(seed=st.integers(0, 10_000), cut=st.integers(0, 120), share=st.sampled_from([0.05, 0.2, 0.6]))
    def test_goes_on_after_dump_and_load_as_if_nothing_had_happened(self, name, seed, cut, share):
        steps = list(stream(seed, 120, share))
        kept, reloaded = DETECTORS[name](), DETECTORS[name]()
        for at, step in enumerate(steps):
            if at == cut:
                data = msgspec.msgpack.encode(reloaded.dump())
                reloaded = DETECTORS[name].load(reloaded.version, msgspec.msgpack.decode(data))
            assert kept.step(step) == reloaded.step(step)
        assert kept.dump() == reloaded.dump()

    def test_remembers_finite_numbers_only_and_few_of_them(self, name):
        detector = DETECTORS[name]()
        for state in (detector.dump(), after(detector, stream(1, 2000)).dump()):
            for value in state.values():
                numbers = value if isinstance(value, list) else [value]
                assert all(isinstance(number, (int, float)) for number in numbers)
            assert len(json.dumps(state, allow_nan=False)) < 8_000

    def test_starts_fresh_from_a_state_of_another_version(self, name):
        detector = after(DETECTORS[name](), stream(1, 50))
        assert DETECTORS[name].load(detector.version + 1, detector.dump()).dump() == DETECTORS[name]().dump()

    def test_learns_from_the_past_as_from_steps_but_raises_nothing_about_it(self, name):
        past, calm = list(stream(3, 300)), list(stream(4, 50, start=START + 60_000))
        warmed, stepped = DETECTORS[name](), DETECTORS[name]()
        warmed.warm_up(past)
        after(stepped, past)
        warmed.restart()
        stepped.restart()
        assert warmed.dump() == stepped.dump()
        burst = DETECTORS[name]()
        burst.warm_up([*past, *stream(5, 40, share=1.0, start=past[-1].minute)])
        good = [Step(s.minute, s.n, 0, 0, s.minute, Flat()) for s in calm]
        assert all(burst.step(step) is None for step in good)

    def test_stays_silent_when_all_is_good(self, name):
        detector = DETECTORS[name]()
        assert all(detector.step(step) is None for step in stream(6, 1000, share=0.0))

    def test_starts_from_nothing_after_a_restart(self, name):
        detector = after(DETECTORS[name](), [*stream(9, 300), *stream(10, 60, share=1.0, start=START + 9_000)])
        detector.restart()
        assert detector.step(Step(START + 20_000, 1, 0, 0, START + 20_000, Flat())) is None

    def test_takes_late_steps_gaps_and_missing_usuals(self, name):
        detector = after(DETECTORS[name](), stream(11, 100))
        now = START + 20_000
        detector.step(Step(now, 3, 1, 1, now - 1_400, Flat()))
        detector.step(Step(now, 0, 0, 0, now, Flat()))
        detector.step(Step(now + 600_000, 1, 1, 1, now + 600_000, Flat()))  # more than a year later
        detector.step(Step(now + 600_001, 1, 1, 0, now + 600_001, None))
        detector.step(Step(now + 600_002, 100_000, 50_000, 40_000, now + 600_002, Flat()))

    def test_never_fires_in_the_watch_while_all_is_good(self, name, world, engine):
        world.settings = DetectionSettings(detectors=(name,))
        world.past().answers(BUY, 0, 2_000, per_hour=30, share=0.0)
        assert world.run(engine, [0, 2_000]).anomalies == ()

    def test_never_fires_in_the_watch_before_least_evidence(self, name, world, engine):
        world.settings = DetectionSettings(detectors=(name,), least_evidence=500)
        world.past(days=5, per_hour=4).answers(BUY, 0, 200, per_hour=6, share=0.9)
        assert all(a.signal == "guardrail" for a in world.run(engine, [0, 200]).anomalies)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "drift"])  # which speaks of weeks and wakes nobody
class TestEveryDetectorOfHours:
    def test_points_at_a_gross_spike_and_not_for_ever(self, name):
        detector = after(DETECTORS[name](), stream(7, 600))
        detector.restart()
        detector.warm_up(stream(8, 200, start=START + 30_000))
        onset = START + 60_000
        found = [detector.step(Step(onset + i, 4, 4, 4, onset + i, Flat())) for i in range(30)]
        assert found[-1] is not None
        assert found[-1].since_minute >= onset
        assert detector.step(Step(onset + 5_000, 1, 0, 0, onset + 5_000, Flat())) is None

    def test_alone_catches_a_gross_spike_in_the_watch(self, name, world, engine):
        world.settings = DetectionSettings(detectors=(name,))
        world.past().answers(BUY, 0, 600, per_hour=4, share=0.15).answers(BUY, 600, 900, per_hour=20, share=0.7)
        found = world.run(engine, [0, 900]).anomalies
        assert found
        assert found[0].detectors[0] == name


def test_the_settings_know_every_detector() -> None:
    assert list(NAMED) == NAMES
