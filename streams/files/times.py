"""Times as files write them: local ones get the offset of the file's time zone, dates a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from streams.events import Refused, refused

TIME_FIELDS = ("time", "promised_at", "actual_at")

_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Moment(NamedTuple):
    """A time as an event holds it; `ambiguous` where the clocks were changed and it was twice, or never."""

    text: str
    ambiguous: bool


class LocalTimes:
    """Reads the times of one file. Whatever has an offset keeps it, and what is no time is left to the decoder.

    A date alone is the start of that day. A local time that occurs twice or never is read with the earlier offset:
    the one that was valid before the clocks were changed.
    """

    def __init__(self, timezone: str | None, date_only: bool) -> None:
        self._zone = None if timezone is None else ZoneInfo(timezone)
        self._date_only = date_only

    def read(self, field: str, text: str) -> Moment | Refused:
        """The text of a cell in one of TIME_FIELDS."""
        written = text.strip()
        local = _LOCAL.fullmatch(written)
        if local is not None and self._zone is not None:
            return self._place(field, f"{local[1]}T{local[2]}", self._zone)
        if self._date_only and _DATE.fullmatch(written):
            return self._place(field, f"{written}T00:00", self._zone)
        return Moment(written, ambiguous=False)

    def _place(self, field: str, text: str, zone: ZoneInfo | None) -> Moment | Refused:
        try:
            moment = datetime.fromisoformat(text).replace(tzinfo=zone or UTC)
            ambiguous = zone is not None and moment.utcoffset() != moment.replace(fold=1).utcoffset()
            return Moment(moment.astimezone(UTC).isoformat(), ambiguous)
        except (ValueError, OverflowError):
            return refused(field, text, "must be a date and a time of day that exist, such as 2026-03-01 09:30:00")
