"""Text on its way into a message: cleaned of what cannot be seen, cut to length, escaped."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from streams.clock import HOUR_MS, MINUTE_MS

# Embeddings, overrides and isolates can make a line read backwards, or hide what it says.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINERS = frozenset("\u200c\u200d")  # needed inside words of some scripts and in emoji

_PLAIN = str.maketrans({"*": "∗", "~": "∼", "`": "'"})


def clean(text: str, length_max: int) -> str:
    """One line without control, bidirectional and other invisible characters; longer text ends with an ellipsis."""
    seen = "".join(" " if ch.isspace() else ch for ch in text[: 4 * length_max + 16] if _visible(ch))
    line = " ".join(seen.split())
    return line if len(line) <= length_max else line[: length_max - 1].rstrip() + "…"


def _visible(ch: str) -> bool:
    if ch.isspace() or ch in _JOINERS:
        return True
    return ch not in _BIDI and unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Co")


def escape(text: str) -> str:
    """For Slack's mark-up: & < > as entities, so that nothing pings and nothing links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def safe(text: str, length_max: int) -> str:
    """Cleaned, escaped and never longer than `length_max`, also not by escaping (an entity is not cut)."""
    line = clean(text, length_max)
    whole = escape(line)
    if len(whole) <= length_max:
        return whole
    pieces: list[str] = []
    room = length_max - 1
    for piece in map(escape, line):
        if len(piece) > room:
            break
        pieces.append(piece)
        room -= len(piece)
    return "".join(pieces) + "…"


def words(text: str, length_max: int) -> str:
    """`safe`, and without the signs that Slack reads as bold, struck or code: for names and codes from data."""
    return safe(text.translate(_PLAIN), length_max)


def clock_time(time_ms: int, now_ms: int, timezone: str) -> str:
    """ "14:05" today, else "3 Nov 14:05"."""
    zone = ZoneInfo(timezone)
    moment = datetime.fromtimestamp(time_ms / 1_000, zone)
    today = datetime.fromtimestamp(now_ms / 1_000, zone).date()
    hours = moment.strftime("%H:%M")
    return hours if moment.date() == today else f"{moment.day} {moment.strftime('%b')} {hours}"


def duration(length_ms: int) -> str:
    """ "24 min", "1 h 37 min", "3 days"."""
    minutes = max(0, round(length_ms / MINUTE_MS))
    if minutes < 60:
        return f"{minutes} min"
    if length_ms < 48 * HOUR_MS:
        hours, rest = divmod(minutes, 60)
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{round(minutes / 1440)} days"


def counted(n: int, one: str, many: str | None = None) -> str:
    """ "1 customer", "6 customers", "1,541 answers"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
