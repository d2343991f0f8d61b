"""The contract of a detector: stepped by changed minutes, told the time, remembered as numbers.

A detector only points: whether what it points at may wake somebody is decided in `watch`, on exact numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, Protocol, Self

Value = float | list[float]
State = dict[str, Value]  # what a detector remembers: numbers by name


class Usual(Protocol):
    """What a segment is like on other days, see `baseline.Baseline`."""

    @property
    def share(self) -> float:
        """Usual share of bad answers, 0..1."""

    @property
    def knows_volume(self) -> bool:
        """False while too few days were seen to say how many answers an hour usually brings."""

    @property
    def volume_tolerance(self) -> float:
        """By how much bad answers may outnumber the usual before it counts."""

    @property
    def dispersion(self) -> float:
        """How many times more bad counts scatter than independent answers would: 1 or more."""

    @property
    def volume_dispersion(self) -> float:
        """The same for how many come at all, around the usual of the hour of the week."""

    @property
    def witnesses(self) -> float:
        """How many bad answers of half an hour, beyond the usual, count as independent witnesses."""

    def tolerated_at(self, minute: int) -> float:
        """The usual bad share at its worst, at the hour of a minute."""

    def bad_between(self, from_minute: int, to_minute: int) -> float:
        """Usual number of bad answers from one minute to before another, by hour of the week."""

    def answers_between(self, from_minute: int, to_minute: int) -> float:
        """Usual number of answers from one minute to before another."""


class Part(NamedTuple):
    """What one place (a channel at a stage) brought into a rollup: answers, bad ones, its own tolerated share.

    A rollup whose traffic moves to a place that always was worse is not worse: each answer is judged by its place.
    `catching_up` says that the place was silent before, and may be bringing a backlog.
    """

    answers: int
    bad: int
    share: float
    catching_up: bool = False


class Step(NamedTuple):
    """What a segment gained with the minute being closed.

    `n` live answers, `bad` of them, `bad_first` of those their customer's first in 24 h. `own_minute` is earlier than
    `minute` when they came late. `usual` is None until the segment has one. Nothing is ever negative: corrections
    are settled before.
    """

    minute: int
    n: int
    bad: int
    bad_first: int
    own_minute: int
    usual: Usual | None = None
    parts: tuple[Part, ...] = ()  # of a rollup; none for one place

    @property
    def answers(self) -> int:
        """Answers without a customer's repeated bad ones: ten complaints of one customer are one."""
        return self.n - self.bad + self.bad_first


@dataclass(frozen=True, slots=True)
class Evidence:
    """A detector's finding that a signal rose, at the latest at `since_minute`.

    With a `strength` it is evidence to be compared with the segment's threshold; without one it is a hint, and exact
    numbers have the last word.
    """

    signal: Literal["share", "volume"]
    since_minute: int
    strength: float | None = None


class Detector(Protocol):
    """One way of looking at one segment. Pure: the same steps give the same evidence, through any dump and load."""

    name: ClassVar[str]
    version: ClassVar[int]

    def warm_up(self, steps: Iterable[Step]) -> None:
        """Learn from the past as `step` would, and raise nothing about it."""

    def step(self, step: Step) -> Evidence | None:
        """Take in one changed minute; evidence as long as the detector holds that something rose."""

    def restart(self) -> None:
        """An incident is over: evidence starts from 0, what is normal stays known."""

    def dump(self) -> State:
        """Everything that must survive a restart, as numbers."""

    @classmethod
    def load(cls, version: int, state: Mapping[str, Value]) -> Self:
        """The detector as it was dumped; a fresh one where the version is another."""


def number_of(value: Value) -> float:
    """A single number out of a dumped state."""
    if isinstance(value, list):
        raise TypeError("a single number was expected in a detector's state")
    return value


def numbers_of(value: Value) -> list[float]:
    """A list of numbers out of a dumped state."""
    if not isinstance(value, list):
        raise TypeError("a list of numbers was expected in a detector's state")
    return value
