"""[business_hours]: when somebody is there to call customers. Without the table, that is round the clock."""

from __future__ import annotations

import itertools
import re
from datetime import date

from alerting.hours import DAYS, MINUTES_A_DAY, BusinessHours, Opening
from cxwatch.settings.reader import Table

HOLIDAYS_MAX = 1_000
OPENINGS_MAX = 6  # a day
_OPENING = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
RULE = 'must be openings such as "08:00-18:00", or "08:00-12:00, 13:00-18:00", or "closed"'


def business_hours(table: Table, timezone: str) -> BusinessHours:
    """The week's openings and the holidays, in the product's time zone."""
    given = [day for day in DAYS if table.given(day)]
    week = tuple(_openings(table, day) for day in DAYS)
    holidays = frozenset(_holidays(table))
    table.finish()
    if not given:
        if holidays:
            table.wrong("holidays", "needs the days of the week beside it: mon, tue, wed, thu, fri, sat, sun")
        return BusinessHours()
    if not any(week):
        table.wrong(given[0], "is closed like every other day: then no clock would ever end")
        return BusinessHours()
    return BusinessHours(timezone, week, holidays, always=False)


def _openings(table: Table, day: str) -> tuple[Opening, ...]:
    text = table.text(day, "closed", 200)
    if text.strip().lower() == "closed":
        return ()
    found = [_opening(part) for part in text.split(",")]
    openings = sorted(opening for opening in found if opening is not None)
    overlapping = any(one[1] > other[0] for one, other in itertools.pairwise(openings))
    if None in found or overlapping or len(found) > OPENINGS_MAX:
        table.wrong(day, RULE)
        return ()
    return tuple(openings)


def _opening(text: str) -> Opening | None:
    found = _OPENING.fullmatch(text.strip())
    if found is None:
        return None
    start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    whole = int(found[2]) < 60 and int(found[4]) < 60
    return (start, end) if whole and 0 <= start < end <= MINUTES_A_DAY else None


def _holidays(table: Table) -> list[date]:
    found = []
    for text in table.names("holidays", ()):
        try:
            found.append(date.fromisoformat(text))
        except ValueError:
            table.wrong("holidays", 'must be dates such as "2026-12-25"')
    if len(found) > HOLIDAYS_MAX:
        table.wrong("holidays", f"names more than {HOLIDAYS_MAX:,} days")
    return found
