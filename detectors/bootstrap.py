"""Streams like a company's own: its quiet days drawn again and again, and spikes put into them.

A block bootstrap (Kuensch 1989) by whole days of all places and kinds together, a Monday for a Monday: clusters, hours
of the day, weekdays and what moves together stay as they were; what wanders over weeks does not. Pure: the draw is
an argument.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from streams.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR
from streams.records import LeafMinute
from streams.store.minutes import KINDS, Kind

SHARE_MAX = 0.97
Rows = Mapping[Kind, Sequence[LeafMinute]]
Place = tuple[Kind, str, str]


class Spread(NamedTuple):
    """An hour of a place of which only the sums are known: its minutes are drawn each time."""

    hour: int  # first minute, of the day
    channel: str
    stage: str
    n: int
    bad: int
    bad_first: int


@dataclass(frozen=True, slots=True)
class QuietDay:
    """One day of the past: minutes as they were (counted from its start), and hours whose minutes are not known."""

    weekday: int
    minutes: Rows
    hours: Mapping[Kind, Sequence[Spread]]


class Spike(NamedTuple):
    """What is put in at one place in [start, end): `times` as many, and the share of bad ones up by `delta`."""

    place: Place
    start: int
    end: int
    delta: float
    times: float


def weekday_of(minute: int) -> int:
    """Monday is 0."""
    return (minute // MINUTES_PER_DAY + 3) % 7


def quiet_days(hours: Rows, minutes: Rows, starts: Iterable[int]) -> list[QuietDay]:
    """The days that begin at these minutes, from hour totals and what is still known of their minutes.

    An hour's minutes are taken where they add up to it, so that imported hours, and those that are older than minutes
    are kept, have theirs drawn.
    """
    wanted = {
        start: ({kind: list[LeafMinute]() for kind in KINDS}, {kind: list[Spread]() for kind in KINDS})
        for start in starts
    }
    for kind in KINDS:
        known: defaultdict[tuple[int, str, str], list[LeafMinute]] = defaultdict(list)
        for row in minutes.get(kind, ()):
            known[row.minute - row.minute % MINUTES_PER_HOUR, row.channel, row.stage].append(row)
        for hour in hours.get(kind, ()):
            start = hour.minute - hour.minute % MINUTES_PER_DAY
            if start not in wanted:
                continue
            rows = known.get((hour.minute, hour.channel, hour.stage), [])
            if sum(row.n for row in rows) == hour.n and sum(row.bad for row in rows) == hour.bad:
                wanted[start][0][kind] += [_moved(row, -start) for row in rows]
            else:
                first = min(hour.bad, hour.bad_first)
                at = hour.minute - start
                wanted[start][1][kind].append(Spread(at, hour.channel, hour.stage, hour.n, hour.bad, first))
    return [QuietDay(weekday_of(start), *wanted[start]) for start in sorted(wanted)]


def draw_day(days: Sequence[QuietDay], start: int, draw: np.random.Generator) -> dict[Kind, list[LeafMinute]]:
    """A day that begins at a minute: one of the quiet ones of the same weekday, else of any."""
    alike = [day for day in days if day.weekday == weekday_of(start)]
    fitting = alike if len(alike) > 1 else _same_class(days, weekday_of(start)) or days
    day = fitting[int(draw.integers(len(fitting)))]
    found = {}
    for kind in KINDS:
        rows = [_moved(row, start) for row in day.minutes.get(kind, ())]
        for hour in day.hours.get(kind, ()):
            rows += _spread(hour, start, draw)
        found[kind] = sorted(rows, key=lambda row: (row.minute, row.channel, row.stage))
    return found


def _same_class(days: Sequence[QuietDay], weekday: int) -> list[QuietDay]:
    return [day for day in days if (day.weekday >= 5) == (weekday >= 5)]


def _moved(row: LeafMinute, by: int) -> LeafMinute:
    return LeafMinute(row.minute + by, row.channel, row.stage, row.n, row.bad, row.bad_first)


def _spread(hour: Spread, start: int, draw: np.random.Generator) -> list[LeafMinute]:
    """The hour's events at minutes of it drawn at random: first bad ones, repeated bad ones, others."""
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, at in enumerate(draw.integers(0, MINUTES_PER_HOUR, hour.n).tolist()):
        slot = sums[at]
        slot[0] += 1
        slot[1] += number < hour.bad
        slot[2] += number < hour.bad_first
    first = start + hour.hour
    return [LeafMinute(first + at, hour.channel, hour.stage, *slot) for at, slot in sums.items()]


def spiked(rows: Sequence[LeafMinute], spike: Spike, usual: float, draw: np.random.Generator) -> list[LeafMinute]:
    """The rows of the spike's kind with the spike in them. `usual` is the place's usual bad share, 0..1."""
    _, channel, stage = spike.place
    turned = max(0.0, min(spike.delta, SHARE_MAX - usual)) / (1 - usual) if usual < 1 else 0.0
    found = []
    for row in rows:
        if (row.channel, row.stage) != (channel, stage) or not spike.start <= row.minute < spike.end:
            found.append(row)
            continue
        more = int(draw.poisson((spike.times - 1) * row.n)) if spike.times > 1 else 0
        wrong = int(draw.binomial(more, usual)) if more else 0
        worse = int(draw.binomial(row.n - row.bad + more - wrong, turned)) if turned else 0
        gained = wrong + worse
        found.append(LeafMinute(row.minute, channel, stage, row.n + more, row.bad + gained, row.bad_first + gained))
    return found


def hours_of_day(rows: Sequence[LeafMinute]) -> list[LeafMinute]:
    """Minutes as hour totals, in order."""
    sums: dict[tuple[int, str, str], list[int]] = {}
    for row in rows:
        slot = sums.setdefault((row.minute - row.minute % MINUTES_PER_HOUR, row.channel, row.stage), [0, 0, 0])
        slot[0] += row.n
        slot[1] += row.bad
        slot[2] += row.bad_first
    return [LeafMinute(*key, *sums[key]) for key in sorted(sums)]
