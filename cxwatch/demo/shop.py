"""The simulated shop: what happens in any stretch of time, as a pure function of the seed and the live start.

A journey is named by the minute it begins in and its number there, and draws from a generator of that name. So the
same minute always holds the same events with the same ids, whatever stretch is asked for: after a kill -9 the feeder
sends the last minutes again, and the product's deduplication makes the count exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from cxwatch.demo import chance, customers, journeys, surge
from cxwatch.demo.calendar import busy
from cxwatch.demo.incidents import Incident, around
from cxwatch.demo.story import Story
from streams.clock import DAY_MS, MINUTE_MS, rfc3339

Timed = tuple[int, dict[str, Any]]

JOURNEYS_PER_MINUTE = 6.7  # on average over a week; about half an event a second with it (tests/demo)
HISTORY_DAYS = 14
# About. Enough for the quiet corners to have a volume that can be told from chance (at 20,000 the first live day had
# several false alerts on bad volume, at 60,000 one in two days), few enough to be measured within seconds.
HISTORY_EVENTS = 60_000
_DAY_EVENTS = 43_200  # half an event a second
_ORDINARY, _SURGE, _THIN, _PROFILE = 0x0A, 0x0B, 0x0C, 0x0D  # name this file's draws
_PROFILE_SHARE = 0.02  # of known customers' journeys begin with news from the CRM


def history_share(days: int = HISTORY_DAYS, events: int = HISTORY_EVENTS) -> float:
    """The share of journeys that a history of so many days tells, to hold about so many events."""
    return min(1.0, events / (_DAY_EVENTS * max(1, days)))


class Shop:
    """A shop with a seed and the time its live day starts (cut to its minute).

    `keep` tells only that share of the journeys, chosen by their names: shares stay, rates shrink.
    """

    def __init__(self, seed: int, live_ms: int, keep: float = 1.0) -> None:
        if not 0 < keep <= 1:
            raise ValueError(f"keep is a share above 0 and at most 1, not {keep}")
        self.seed = seed
        self.live_ms = live_ms - live_ms % MINUTE_MS
        self._keep = keep

    def events(self, from_ms: int, to_ms: int) -> Iterator[Timed]:
        """What happens from a time to before another: (time in ms, event as JSON would hold it), in order of time."""
        for at_ms, event in self.stream(from_ms):
            if at_ms >= to_ms:
                return
            yield at_ms, event

    def stream(self, from_ms: int) -> Iterator[Timed]:
        """What happens from a time on, without an end. It first looks back as far as a journey can reach."""
        heap: list[tuple[int, str, dict[str, Any]]] = []
        minute = (from_ms - journeys.SPAN_MS) // MINUTE_MS
        while True:
            for at_ms, event in self._begun(minute):
                if at_ms >= from_ms:
                    heappush(heap, (at_ms, event["id"], event))
            minute += 1
            begins_ms = minute * MINUTE_MS  # nothing that is still to be told happens before
            while heap and heap[0][0] < begins_ms:
                at_ms, _, event = heappop(heap)
                event["time"] = rfc3339(at_ms)
                yield at_ms, event

    def history(self, until_ms: int, days: int = HISTORY_DAYS, events: int = HISTORY_EVENTS) -> Iterator[Timed]:
        """The days up to a time, thinned to about so many events, after one CRM profile of every known customer.

        Only as many journeys are told, each of them whole: shares and scores are the live day's, volumes are not.
        """
        from_ms = until_ms - days * DAY_MS
        for number in range(customers.KNOWN):
            at_ms = from_ms + number  # a millisecond apart: the order is plain
            yield at_ms, {**customers.profile(self.seed, number, f"sync-{number}"), "time": rfc3339(at_ms)}
        yield from Shop(self.seed, self.live_ms, history_share(days, events)).events(
            from_ms + customers.KNOWN, until_ms
        )

    def _begun(self, minute: int) -> Iterator[Timed]:
        """All events, in any order, of the journeys that begin in a minute."""
        count = chance.poisson(chance.generator(self.seed, _ORDINARY, minute), JOURNEYS_PER_MINUTE * busy(minute))
        for number in range(count):
            story = self._story(_ORDINARY, minute, number, "j")
            if story is not None:
                at_ms = minute * MINUTE_MS + story.rng.randrange(MINUTE_MS)
                self._news(story, at_ms)
                journeys.ordinary(story, at_ms, self.seed, self.live_ms)
                yield from story.events
        for incident in around(self.seed, self.live_ms, minute):
            yield from self._hit(minute, incident)

    def _hit(self, minute: int, incident: Incident) -> Iterator[Timed]:
        rate = incident.rate(minute * MINUTE_MS)
        if not rate:
            return
        name = _SURGE + 256 * (1 + ("delivery", "payment", "spam").index(incident.kind))
        for number in range(chance.poisson(chance.generator(self.seed, name, minute), rate)):
            story = self._story(name, minute, number, incident.kind[0])
            if story is not None:
                surge.hit(story, minute * MINUTE_MS + story.rng.randrange(MINUTE_MS), incident)
                yield from story.events

    def _story(self, name: int, minute: int, number: int, letter: str) -> Story | None:
        if self._keep < 1 and chance.share(self.seed, _THIN, name, minute, number) >= self._keep:
            return None
        rng = chance.generator(self.seed, name, minute, number)
        journey = f"{letter}{minute:x}-{number}"
        return Story(rng, journey, customers.somebody(self.seed, rng, journey))

    def _news(self, story: Story, at_ms: int) -> None:
        number = story.customer.number
        if number is not None and story.rng.random() < _PROFILE_SHARE:
            story.events.append((at_ms, customers.profile(self.seed, number, f"{story.journey}-crm")))
