"""Numbers, times and names as people read them: one place, so that pages and messages agree."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from streams.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from streams.records import WindowName

MINUS = "\u2212"
THIN = "\u2009"

METRIC_LABELS = {
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "Effort ok",
    "ces1": "Effort ok (CES 1)",
    "stars": "Stars",
    "thumbs": "Thumbs up",
}
METRIC_NOTES = {
    "nps": "promoters less detractors",
    "csat": "4s and 5s of 5",
    "ces": "5 to 7 of 7",
    "ces1": "1s and 2s of 5",
    "stars": "4 and 5 stars",
    "thumbs": "thumbs up",
}
IN_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
WINDOW_LABELS: dict[WindowName, str] = {"15m": "15 min", "1h": "1 h", "24h": "24 h", "7d": "7 days"}


def metric_label(metric: str) -> str:
    """ "NPS", "CSAT", "CSAT 1-7" for a scale's name."""
    known = METRIC_LABELS.get(metric)
    if known is not None:
        return known
    base, _, rest = metric.partition("_")
    return f"{METRIC_LABELS.get(base, base.upper())} {rest.replace('_', '-')}".strip()


def is_signed(metric: str) -> bool:
    """NPS runs from -100 to +100 and is always shown with its sign; other scores are shares."""
    return metric == "nps"


def whole(value: float) -> int:
    """Rounded half away from zero, as people do it."""
    return int(value + 0.5) if value >= 0 else -int(-value + 0.5)


def signed(value: float) -> str:
    """+35, −1, 0: the minus is U+2212."""
    rounded = whole(value)
    return f"+{rounded}" if rounded > 0 else f"{MINUS}{-rounded}" if rounded < 0 else "0"


def score(metric: str, value: float) -> str:
    """A score with its sign or its per cent."""
    return signed(value) if is_signed(metric) else f"{whole(value)}{THIN}%"


def interval(metric: str, low: float, high: float) -> str:
    """+31..+39, or 41..74 %: from..to with the same signs."""
    if is_signed(metric):
        return f"{signed(low)}..{signed(high)}"
    return f"{whole(low)}..{whole(high)}{THIN}%"


def count(n: int) -> str:
    """1,541"""
    return f"{n:,}"


def duration(ms: int) -> str:
    """4 s, 11 min 04 s, 1 h 37 min, 3 days."""
    ms = max(0, ms)
    if ms < MINUTE_MS:
        return f"{ms // SECOND_MS} s"
    if ms < HOUR_MS:
        return f"{ms // MINUTE_MS} min"
    if ms < 48 * HOUR_MS:
        minutes = ms % HOUR_MS // MINUTE_MS
        return f"{ms // HOUR_MS} h" + (f" {minutes:02d} min" if minutes else "")
    return f"{ms // (24 * HOUR_MS)} days"


class Calendar:
    """Times in the zone of the settings."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._zone = ZoneInfo(zone)

    def moment(self, ms: int) -> datetime:
        """A time in this zone."""
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(self._zone)

    def clock(self, ms: int) -> str:
        """15:42"""
        return self.moment(ms).strftime("%H:%M")

    def full(self, ms: int) -> str:
        """Tue 17 Nov 2026, 15:42 CET: what the bar shows."""
        moment = self.moment(ms)
        return f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M %Z}"

    def near(self, ms: int, now_ms: int) -> str:
        """14:05 on the same day, else 3 Nov 14:05, with the year when it is another."""
        moment, now = self.moment(ms), self.moment(now_ms)
        if moment.date() == now.date():
            return self.clock(ms)
        year = "" if moment.year == now.year else f" {moment.year}"
        return f"{moment.day} {moment:%b}{year} {moment:%H:%M}"


def in_words(n: int) -> str:
    """Small counts at the start of a sentence: "Three"."""
    return IN_WORDS[n] if 0 <= n < len(IN_WORDS) else count(n)
