"""One line of numbers that a person can check, for whoever is woken by it.

"18 of 31 bad since 14:05 (58 %, 41..74 %; usual 15 %, 12..19 %), 2.9 times the usual volume; as rare as once in 210
weeks". Thin space before %, minus U+2212, 24 h times in the configured zone: today's without a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from detectors.chance import wilson
from streams.clock import MINUTE_MS
from streams.store.minutes import Kind

PERCENT = "\u2009%"
DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 52.18
YEARS_FROM_WEEKS = 520  # rarities are told in weeks up to ten years
YEARS_MAX = 1000
NAMES: Mapping[Kind, str] = {"answers": "answers", "interactions": "graded interactions", "contacts": "contacts"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a sentence is made of. Minutes are epoch minutes, shares 0..1; None is unknown."""

    since: int
    now: int
    n: int
    bad: int
    usual_share: float
    usual_low: float
    usual_high: float
    assumed: bool  # the share is the configured one: nothing usual is known yet
    times_volume: float | None = None
    usual_bad: float | None = None
    usual_bad_low: float | None = None
    usual_bad_high: float | None = None
    weeks: float | None = None
    repeats: int = 0
    late: int = 0
    kind: Kind = "answers"


def clock_time(minute: int, now: int, timezone: str) -> str:
    """A minute as people read it: "14:05", on another day "3 Nov 14:05"."""
    zone = ZoneInfo(timezone)
    moment = datetime.fromtimestamp(minute * MINUTE_MS // 1000, UTC).astimezone(zone)
    today = datetime.fromtimestamp(now * MINUTE_MS // 1000, UTC).astimezone(zone).date()
    day = "" if moment.date() == today else f"{moment.day} {moment:%b} "
    return f"{day}{moment:%H:%M}"


def percent(share: float) -> str:
    """A share as whole per cent; what rounds to 0 without being it says so."""
    return f"<1{PERCENT}" if 0 < share < 0.005 else f"{share * 100:.0f}{PERCENT}"


def rarity(weeks: float) -> str:
    """ "once in 9 days", "once in 210 weeks", "once in 30 years"."""
    if weeks < 2:
        days = max(1, round(weeks * DAYS_PER_WEEK))
        return "once a day" if days == 1 else f"once in {days} days"
    if weeks < YEARS_FROM_WEEKS:
        return f"once in {weeks:.0f} weeks"
    years = weeks / WEEKS_PER_YEAR
    return f"once in more than {YEARS_MAX:,} years" if years > YEARS_MAX else f"once in {years:.0f} years"


def share_sentence(numbers: Numbers, timezone: str) -> str:
    """The line of a risen share, and of a guardrail."""
    low, high = wilson(numbers.bad, numbers.n)
    since = clock_time(numbers.since, numbers.now, timezone)
    share = numbers.bad / numbers.n if numbers.n else 0.0
    observed = f"{percent(share)}, {low * 100:.0f}..{percent(high)}"
    line = f"{numbers.bad} of {numbers.n} {_bad(numbers)} since {since} ({observed}; {_usual(numbers)})"
    return line + _volume(numbers) + _tail(numbers)


def volume_sentence(numbers: Numbers, timezone: str) -> str:
    """The line of risen numbers of bad answers; the share stands beside it."""
    since = clock_time(numbers.since, numbers.now, timezone)
    usual = numbers.usual_bad or 0.0
    times = f"{numbers.bad / usual:.1f} times the usual " if usual > 0 else "usual "
    band = f"{_few(usual)} ({numbers.usual_bad_low or 0:.0f}..{numbers.usual_bad_high or 0:.0f})"
    if numbers.kind == "contacts":
        return f"{numbers.bad} contacts since {since}, {times}{band}{_tail(numbers)}"
    share = numbers.bad / numbers.n if numbers.n else 0.0
    line = f"{numbers.bad} {_bad(numbers)} since {since}, {times}{band}"
    return f"{line}; {numbers.bad} of {numbers.n} bad ({percent(share)}; {_usual(numbers)}){_tail(numbers)}"


def recovery_sentence(bad: int, n: int, minutes: int, usual_share: float, kind: Kind = "answers") -> str:
    """The line that says why something counts as over."""
    span = f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
    if kind == "contacts":
        return f"{n} contacts in the last {span}; back to the usual number"
    if n == 0:
        return f"no bad answer in the last {span}; back to the usual {percent(usual_share)}"
    return f"{bad} of {n} bad in the last {span} ({percent(bad / n)}); back to the usual {percent(usual_share)}"


def drift_sentence(bad: int, n: int, usual: float, interval: tuple[float, float]) -> str:
    """The line of a slow rise: a notice, told without hurry."""
    low, high = wilson(bad, n)
    observed = f"{percent(bad / n)}, {low * 100:.0f}..{percent(high)}"
    band = f"usual {percent(usual)}, {interval[0] * 100:.0f}..{percent(interval[1])}"
    return f"slowly rising: {bad} of {n} bad in the last week ({observed}; {band}); no day stands out"


def silence_sentence(
    since: int, now: int, usual: tuple[float, float, float], least: float, timezone: str, kind: Kind = "answers"
) -> str:
    """The line of a place that stopped speaking; `usual` is how many were to be expected, and their usual range."""
    expected, low, high = usual
    at = clock_time(since, now, timezone)
    band = f"{_few(expected)} ({low:.0f}..{high:.0f})"
    return (
        f"no {NAMES[kind]} since {at}: usual are {band} in these {_span(now - since)}, in earlier weeks at least "
        f"{_few(least)}; look at what sends them"
    )


def heard_sentence(minute: int, silent: int, timezone: str, kind: Kind = "answers") -> str:
    """The line that says that it speaks again."""
    return f"{NAMES[kind]} again since {clock_time(minute, minute, timezone)}, after {_span(silent)} of silence"


def _span(minutes: int) -> str:
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def _bad(numbers: Numbers) -> str:
    return "bad interactions" if numbers.kind == "interactions" else "bad"


def _usual(numbers: Numbers) -> str:
    if numbers.assumed:
        return f"{percent(numbers.usual_share)} assumed, no usual yet"
    return f"usual {percent(numbers.usual_share)}, {numbers.usual_low * 100:.0f}..{percent(numbers.usual_high)}"


def _volume(numbers: Numbers) -> str:
    return "" if numbers.times_volume is None else f", {numbers.times_volume:.1f} times the usual volume"


def _tail(numbers: Numbers) -> str:
    rest = f"; as rare as {rarity(numbers.weeks)}" if numbers.weeks is not None else ""
    if numbers.repeats:
        rest += f"; {numbers.repeats} repeated by the same customers left out"
    return rest + (f"; {numbers.late} of them came late" if numbers.late else "")


def _few(count: float) -> str:
    return f"{count:.1f}" if count < 10 else f"{count:.0f}"
