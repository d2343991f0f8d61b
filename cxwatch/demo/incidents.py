"""What goes wrong, and when: three incidents on the first live day, one or two a day after it, none in the history.

The first starts five demo minutes in, so that whoever starts the demo sees an alert within the first minute at 60x.
Their extra customers come at a fixed rate, not by the shop's rhythm: the demo starts at the hour it is started at,
and must show the same at night.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from cxwatch.demo.chance import generator
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS

Kind = Literal["delivery", "payment", "spam"]
_INCIDENTS = 0x1C  # names this file's draws
_RAMP_MS = 5 * MINUTE_MS


class Incident(NamedTuple):
    """One thing that goes wrong. `per_minute` is the rate of extra customers it hits once it is in full swing."""

    kind: Kind
    start_ms: int
    end_ms: int
    channels: tuple[str, ...]
    stage: str
    per_minute: float

    def rate(self, time_ms: int) -> float:
        """Extra customers a minute at a time: up within five minutes, 0 outside."""
        if not self.start_ms <= time_ms < self.end_ms:
            return 0.0
        return self.per_minute * min(1.0, (time_ms - self.start_ms + MINUTE_MS) / _RAMP_MS)


def delivery(start_ms: int, hours: float = 3.0, per_minute: float = 5.0) -> Incident:
    """The delivery partner fails: parcels are late, surveys turn, the hotline fills."""
    return Incident("delivery", start_ms, start_ms + int(hours * HOUR_MS), ("web", "app"), "deliver", per_minute)


def payment(start_ms: int, hours: float = 1.5, per_minute: float = 4.0) -> Incident:
    """A release of the app breaks payment: people try again and give up."""
    return Incident("payment", start_ms, start_ms + int(hours * HOUR_MS), ("app",), "buy", per_minute)


def spam(start_ms: int, hours: float = 1.0, per_minute: float = 4.0) -> Incident:
    """A wave of near-duplicate answers with links from a dozen accounts: loud, and no customer is unhappy."""
    return Incident("spam", start_ms, start_ms + int(hours * HOUR_MS), ("chat",), "support", per_minute)


@lru_cache(maxsize=64)
def of_day(seed: int, start_ms: int, day: int) -> tuple[Incident, ...]:
    """The incidents of the n-th day since the live start (0 is the first); days before it are quiet."""
    if day < 0:
        return ()
    at = start_ms + day * DAY_MS
    if day == 0:
        return (delivery(at + 5 * MINUTE_MS), payment(at + 6 * HOUR_MS), spam(at + 12 * HOUR_MS))
    rng = generator(seed, _INCIDENTS, day)
    makers = rng.sample((delivery, payment, spam), rng.randint(1, 2))
    # each in its own half of the day, and over before the half ends
    return tuple(
        make(at + half * 12 * HOUR_MS + rng.randrange(60, 8 * 60) * MINUTE_MS, rng.uniform(1.0, 2.5), rng.uniform(3, 6))
        for half, make in enumerate(makers)
    )


def around(seed: int, start_ms: int, minute: int) -> tuple[Incident, ...]:
    """The incidents of the day a minute belongs to; none of them reaches into the next day."""
    return of_day(seed, start_ms, (minute * MINUTE_MS - start_ms) // DAY_MS)
