"""What is remembered of one watched segment: numbers only, versioned, a few kB."""

from __future__ import annotations

from typing import Literal

import msgspec

from detectors.protocol import State

VERSION = 2
BIN_MINUTES = 5
BINS_MAX = 24 * 60 // BIN_MINUTES  # a change is looked for in the last 24 hours
FREEZE_MINUTES = 7 * 24 * 60
REMEMBER_MINUTES = 30 * 24 * 60  # longer than baselines look back
FROZEN_MAX = 64
CURVE_MAX = 64
PROMPT_MINUTES = 60
FADING = 0.995  # an answer: the last few hundred count
BATCH_PART = 0.2
CURVE_MINUTES_MAX = 3 * 24 * 60  # evidence that came to nothing is forgotten after that

SIGNALS: tuple[Literal["share", "volume", "guardrail"], ...] = ("share", "volume", "guardrail")
SEVERITIES: tuple[Literal["minor", "major", "critical"], ...] = ("minor", "major", "critical")


class Bin(msgspec.Struct, array_like=True):
    """Five minutes: answers without repeats, bad ones of them, repeats left out, and how many answers came late."""

    at: int  # number of the bin since the epoch
    n: int
    bad: int
    repeats: int
    late: int

    @property
    def minute(self) -> int:
        """Its first minute."""
        return self.at * BIN_MINUTES


class Open(msgspec.Struct, array_like=True):
    """An anomaly that has not recovered: what was told about it, and its numbers from `since` on."""

    signal: int  # place in SIGNALS
    severity: int  # place in SEVERITIES
    since: int  # minute
    until: int  # one past the last closed minute that the numbers cover
    n: int
    bad: int
    repeats: int
    late: int
    usual_bad: float  # usual number of bad answers in that time, 0 while unknown
    usual_answers: float
    told_n: int
    told_minute: int
    level_share: float = 0.0  # what return is measured against: bad share of the incident, cautiously, when it fired
    level_times: float = 0.0  # and its bad answers over the usual number, 0 while unknown
    strength: float = 0.0  # the strongest evidence so far, 0 where only hints fired
    spam: bool = False  # the content gate holds it back


class SegmentState(msgspec.Struct, array_like=True):
    """One segment between two closings."""

    version: int = VERSION
    seen: int = 0  # live answers so far
    warmed: bool = False  # whether the detectors were shown the past
    floor: int = 0  # first minute that counts: what lies before the last recovery is settled
    bins: list[Bin] = msgspec.field(default_factory=list)  # in order, empty ones left out
    open: Open | None = None
    detectors: dict[str, tuple[int, State]] = msgspec.field(default_factory=dict)
    noticed: int = -1  # minute of a notice of slow drift that is still listed
    curve: list[tuple[int, float]] = msgspec.field(default_factory=list)  # minute, strength of the evidence
    frozen: list[tuple[int, int]] = msgspec.field(default_factory=list)  # minutes of incidents: they teach nothing
    spoke: int = -1  # minute in which an answer came last
    silent: int = -1  # minute in which its silence was noticed; -1 while it speaks
    prompt: float = 0.0  # answers that came within the hour, and later ones; old ones fade
    tardy: float = 0.0

    def stretches(self, now_minute: int) -> list[tuple[int, int]]:
        """What must not teach: incidents, the open one among them, each for its first week.

        A level that has stayed for longer than a week is the new usual.
        """
        opened = [] if self.open is None else [(self.open.since, now_minute)]
        return [(start, min(end, start + FREEZE_MINUTES)) for start, end in (*self.frozen, *opened)]

    def hear(self, minute: int, own_minute: int, n: int) -> None:
        """Answers came; how late they are says whether they come one by one or in batches."""
        if n <= 0:  # only a correction
            return
        self.spoke = minute
        fade = FADING**n
        late = minute - own_minute > PROMPT_MINUTES
        self.prompt = self.prompt * fade + (0 if late else n)
        self.tardy = self.tardy * fade + (n if late else 0)

    @property
    def in_batches(self) -> bool:
        """Whether a good part comes so late that no minute's silence says anything."""
        return self.tardy > BATCH_PART * (self.prompt + self.tardy)

    def trace(self, minute: int, strength: float) -> None:
        """Note how strong the evidence is: each change at first, thinned to every second point when they get many."""
        if self.curve and minute - self.curve[0][0] > CURVE_MINUTES_MAX and self.open is None:
            self.curve.clear()
        self.curve.append((minute, float(f"{strength:.3g}")))
        if len(self.curve) > CURVE_MAX:
            self.curve = [*self.curve[:-1:2], self.curve[-1]]

    def settle(self, now_minute: int) -> None:
        """The open anomaly is over at the end of a minute: what came before counts no longer."""
        if self.open is not None:
            self.frozen = [s for s in self.frozen if s[1] > now_minute - REMEMBER_MINUTES][1 - FROZEN_MAX :]
            self.frozen.append((self.open.since, now_minute + 1))
        self.open, self.floor = None, now_minute + 1
        self.bins.clear()
        self.curve.clear()

    def count(self, own_minute: int, now_minute: int, n: int, bad: int, repeats: int) -> None:
        """Enter what one minute gained (or lost: corrections are negative) into its bin."""
        at, late = own_minute // BIN_MINUTES, own_minute < now_minute
        oldest = now_minute // BIN_MINUTES - BINS_MAX
        while self.bins and self.bins[0].at <= oldest:
            del self.bins[0]
        if own_minute < self.floor or at <= oldest:
            return
        place = len(self.bins)
        while place and self.bins[place - 1].at > at:
            place -= 1
        if place and self.bins[place - 1].at == at:
            slot = self.bins[place - 1]
        else:
            slot = Bin(at, 0, 0, 0, 0)
            self.bins.insert(place, slot)
        slot.n = max(0, slot.n + n)
        slot.bad = min(slot.n, max(0, slot.bad + bad))
        slot.repeats = max(0, slot.repeats + repeats)
        slot.late += n if late and n > 0 else 0
