"""The journey as all customers of a window lived through it: scores, effort, silence, and what touchpoints hide.

The CX score is exact (it is made of daily sums). Everything else is read from the last 20 events that a customer's
state remembers, so for who met more in the window it tells of the newest part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from streams.cxscore import CxScore, CxScores, CxTally, HasGrades, Moments
from streams.flags import THIRD_WITHIN_MS, cause_of, is_contact
from streams.touch import Lived


class HasJourney(HasGrades, Protocol):
    """A customer, as far as this needs one: streams.customers.CustomerState."""

    @property
    def silent_due_ms(self) -> int | None:
        """Set while bad graded events stand without an answer."""

    def events(self) -> list[Lived]:
        """The last events, oldest first."""


@dataclass(slots=True)
class StageEffort:
    """What a stage cost the customers met there: contacts, channel switches on the way in, repeats of a cause.

    `contacting` are the customers with a contact there; the others of `customers` went through alone.
    """

    customers: int = 0
    contacting: int = 0
    contacts: int = 0
    switches: int = 0
    repeats: int = 0

    @property
    def alone(self) -> int:
        """Customers who went through without a contact."""
        return self.customers - self.contacting


@dataclass(frozen=True, slots=True)
class Journeys:
    """`places` are CX scores by (channel, stage). Of `customers`, `silent` had bad events and gave no answer.

    `answered` gave one; of these `hidden` ended with a bad answer although every graded touchpoint was fine.
    """

    scores: CxScores
    places: Mapping[tuple[str, str], CxScore]
    effort: Mapping[str, StageEffort]
    customers: int
    silent: int
    answered: int
    hidden: int

    def gap(self, stage: str) -> tuple[str, str, float] | None:
        """(best channel, worst channel, difference of their scores) of a stage; None under two channels with one."""
        means = {
            channel: score.mean
            for (channel, at), score in self.places.items()
            if at == stage and score.mean is not None
        }
        if len(means) < 2:
            return None
        best, worst = max(sorted(means), key=means.__getitem__), min(sorted(means), key=means.__getitem__)
        return best, worst, means[best] - means[worst]


@dataclass(slots=True)
class _Counts:
    places: dict[tuple[str, str], Moments] = field(default_factory=dict)
    effort: dict[str, StageEffort] = field(default_factory=dict)
    customers: int = 0
    silent: int = 0
    answered: int = 0
    hidden: int = 0


def journeys_of(customers: Iterable[HasJourney], now_ms: int, window_days: int = 7, min_n: int = 10) -> Journeys:
    """Go through the customers once. The window is that of `cx_scores`; raises ValueError as it does."""
    tally, counts = CxTally(now_ms, window_days), _Counts()
    for customer in customers:
        tally.add(customer)
        within = [event for event in customer.events() if event.time_ms >= tally.from_ms]
        if within:
            counts.customers += 1
            counts.silent += customer.silent_due_ms is not None
            _places(counts.places, within)
            _efforts(counts.effort, within)
            _hidden(counts, within)
    return Journeys(
        tally.scores(min_n),
        {place: counts.places[place].score(min_n) for place in sorted(counts.places)},
        counts.effort,
        counts.customers,
        counts.silent,
        counts.answered,
        counts.hidden,
    )


def _places(places: dict[tuple[str, str], Moments], events: Sequence[Lived]) -> None:
    sums: dict[tuple[str, str], int] = {}
    for event in events:
        if event.graded:
            place = (event.channel, event.stage)
            sums[place] = sums.get(place, 0) + event.value
    for place, total in sums.items():
        places.setdefault(place, Moments()).add(total)


def _efforts(efforts: dict[str, StageEffort], events: Sequence[Lived]) -> None:
    last: dict[int, int] = {}
    contacting = set()
    for event in events:
        effort = efforts.setdefault(event.stage, StageEffort())
        if not is_contact(event):
            continue
        contacting.add(event.stage)
        effort.contacts += 1
        cause = cause_of(event)
        if cause in last and event.time_ms - last[cause] < THIRD_WITHIN_MS:
            effort.repeats += 1
        last[cause] = event.time_ms
    for stage in {event.stage for event in events}:
        efforts[stage].customers += 1
        efforts[stage].contacting += stage in contacting
    for before, event in pairwise(events):
        efforts[event.stage].switches += before.channel != event.channel


def _hidden(counts: _Counts, events: Sequence[Lived]) -> None:
    answers = [event for event in events if event.kind == "feedback"]
    if not answers:
        return
    counts.answered += 1
    fine = not any(event.graded and event.bad for event in events)
    counts.hidden += answers[-1].bad and fine
