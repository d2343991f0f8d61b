"""The journey a customer is on, and what it has cost them: read from their last events, so in no order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from streams.clock import DAY_MS
from streams.flags import THIRD_WITHIN_MS, cause_of, is_contact
from streams.touch import Lived

JOURNEY_GAP_MS = 30 * DAY_MS  # so long without an event, and the journey is over
RUNS_MAX = 3  # journeys by silence that a state remembers
TRANSFERS = frozenset({"transfer", "transferred"})  # outcomes that pass the customer on


@dataclass(frozen=True, slots=True)
class Journey:
    """From its first event to its last so far."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Effort:
    """Observed effort of a journey, over the last events that a state remembers (so a floor of it, for long ones).

    A contact is an interaction with a contact_id or one that was not a success (flags.is_contact), a repeat one for
    a cause met in the 7 days before, a channel switch two events in a row on different channels (a media break).
    """

    contacts: int
    repeats: int
    transfers: int
    channel_switches: int
    minutes: float


def extend(runs: list[int], time_ms: int) -> None:
    """Count an event into runs [start, end, start, end, ...]: events less than 30 days apart are one run.

    The latest RUNS_MAX are kept. Late events may join two; what is older than all kept is dropped.
    """
    if not runs:
        runs += (time_ms, time_ms)
        return
    if runs[-2] <= time_ms < runs[-1] + JOURNEY_GAP_MS:
        runs[-1] = max(runs[-1], time_ms)
        return
    spans = [*zip(runs[::2], runs[1::2], strict=True), (time_ms, time_ms)]
    spans.sort()
    joined = [spans[0]]
    for start, end in spans[1:]:
        last_start, last_end = joined[-1]
        if start - last_end < JOURNEY_GAP_MS:
            joined[-1] = (last_start, max(last_end, end))
        else:
            joined.append((start, end))
    runs[:] = [moment for span in joined[-RUNS_MAX:] for moment in span]


def journey_of(runs: Sequence[int], events: Sequence[Lived]) -> Journey | None:
    """The journey in progress, or the last one; None before the first event.

    It starts after 30 days of silence, or with the first event of the latest contact_id when another one came
    before: a new case is a new journey. `events` are the customer's last ones, in order.
    """
    if not runs:
        return None
    start_ms, end_ms = runs[-2], runs[-1]
    cases = [event for event in events if event.case and event.time_ms >= start_ms]
    if cases:
        opened = next(event for event in cases if event.case == cases[-1].case)
        if opened is not cases[0]:
            start_ms = opened.time_ms
    return Journey(start_ms, end_ms)


def effort_of(journey: Journey | None, events: Sequence[Lived]) -> Effort:
    """The effort of these events, as far as they belong to the journey."""
    within = [event for event in events if journey is not None and event.time_ms >= journey.start_ms]
    contacts = [event for event in within if is_contact(event)]
    last: dict[int, int] = {}
    repeats = 0
    for event in contacts:
        cause = cause_of(event)
        if cause in last and event.time_ms - last[cause] < THIRD_WITHIN_MS:
            repeats += 1
        last[cause] = event.time_ms
    return Effort(
        contacts=len(contacts),
        repeats=repeats,
        transfers=sum(event.outcome in TRANSFERS for event in within),
        channel_switches=sum(one.channel != other.channel for one, other in pairwise(within)),
        minutes=sum(event.seconds for event in within) / 60,
    )
