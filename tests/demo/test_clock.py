"""The demo's clock: fast, standing while it is down, and never behind what it said before."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxwatch.demo.clock import LEASE_MS, ClockState, DemoClock
from cxwatch.demo.statefile import DemoStateError

START_MS = 1_760_000_000_000


class Machine:
    """A stand-in for the machine: its monotonic time and its disk, which outlive the process."""

    def __init__(self):
        self.seconds = 100.0
        self.disk = ClockState(START_MS, 0)
        self.full = False

    def write(self, state):
        if self.full:
            raise OSError(28, "No space left on device")
        self.disk = state

    def boot(self, speed=60.0):
        clock = DemoClock(self.disk, self.write, speed, lambda: self.seconds)
        clock.start()
        return clock


def test_it_runs_sixty_times_as_fast_as_the_world():
    machine = Machine()
    clock = machine.boot()
    machine.seconds += 1.5
    assert clock.now_ms() == START_MS + 90_000


def test_it_stands_until_it_is_started():
    machine = Machine()
    clock = DemoClock(machine.disk, machine.write, 60, lambda: machine.seconds)
    machine.seconds += 50
    assert clock.now_ms() == START_MS


def test_after_an_orderly_stop_it_goes_on_where_it_stood():
    machine = Machine()
    clock = machine.boot()
    machine.seconds += 10
    clock.stop()
    stood = clock.now_ms()
    machine.seconds += 3_600
    assert clock.now_ms() == stood
    assert machine.boot().now_ms() == stood


def test_after_a_kill_it_skips_at_most_its_lease():
    machine = Machine()
    clock = machine.boot()
    machine.seconds += 10
    told = clock.now_ms()
    machine.seconds += 3_600
    again = machine.boot().now_ms()
    assert told <= again <= told + LEASE_MS * 60


@given(
    st.lists(
        st.tuples(st.sampled_from(["wait", "kill", "stop", "fill", "free", "freeze"]), st.floats(0, 30)), max_size=40
    )
)
def test_it_never_says_a_time_behind_one_it_said_before(steps):
    machine = Machine()
    clock = machine.boot()
    told = 0
    for what, seconds in steps:
        machine.seconds += seconds
        if what == "kill":
            clock = machine.boot()
        elif what == "stop":
            clock.stop()
            clock = machine.boot(speed=1 + seconds)
        elif what in ("fill", "free"):
            machine.full = what == "fill"
        now = clock.now_ms()
        assert now >= told
        assert now <= START_MS + machine.disk.leased_ms
        told = now


def test_with_a_full_disk_it_stands_and_with_room_again_it_catches_up():
    machine = Machine()
    clock = machine.boot()
    clock.now_ms()
    machine.full = True
    machine.seconds += 100
    stood = clock.now_ms()
    machine.seconds += 100
    assert clock.now_ms() == stood
    machine.full = False
    assert clock.now_ms() == START_MS + 200 * 60_000


def test_its_state_is_a_file_that_survives(tmp_path: Path):
    seconds = 0.0
    clock = DemoClock.open(tmp_path / "clock.json", START_MS, 60, lambda: seconds)
    clock.start()
    seconds = 30.0
    told = clock.now_ms()
    again = DemoClock.open(tmp_path / "clock.json", START_MS + 999_999_999, 60, lambda: 0.0)
    assert again.start_ms == START_MS
    assert told <= again.now_ms() <= told + LEASE_MS * 60


def test_a_damaged_state_file_is_named_with_the_way_out(tmp_path: Path):
    path = tmp_path / "clock.json"
    path.write_text("{")
    with pytest.raises(DemoStateError, match=r"clock\.json is damaged.*--fresh"):
        DemoClock.open(path, START_MS, 60)


@pytest.mark.parametrize("speed", [0, -1, 3_601])
def test_an_impossible_speed_is_refused(speed):
    with pytest.raises(ValueError, match="speed"):
        DemoClock(ClockState(START_MS, 0), lambda _: None, speed)
