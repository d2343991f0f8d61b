"""The three clocks of a case, in business hours: first contact, next contact, resolution. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from alerting.hours import BusinessHours
from alerting.records import Case
from alerting.settings import AlertSettings

ClockName = Literal["first_contact", "next_contact", "resolution"]
ClockState = Literal["running", "overdue", "kept", "missed"]
CLOCK_WORDS: Mapping[ClockName, str] = {
    "first_contact": "First contact",
    "next_contact": "Next contact",
    "resolution": "Resolution",
}


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One clock: by when, when it was done, and when it was first seen to be missed."""

    name: ClockName
    due_ms: int
    done_ms: int | None
    missed_ms: int | None

    def state_at(self, now_ms: int) -> ClockState:
        """How it stands."""
        if self.done_ms is not None:
            return "kept" if self.done_ms <= self.due_ms else "missed"
        return "running" if now_ms <= self.due_ms else "overdue"


def first_contact_due_ms(opened_ms: int, tier: str | None, settings: AlertSettings) -> int:
    """When the first contact is due, by the customer's tier."""
    minutes = settings.first_contact_minutes.get((tier or "").lower(), settings.first_contact_minutes_default)
    return settings.hours.add(opened_ms, minutes)


def resolution_due_ms(opened_ms: int, tier: str | None, settings: AlertSettings) -> int:
    """When the case should be over, by the customer's tier."""
    minutes = settings.resolution_minutes.get((tier or "").lower(), settings.resolution_minutes_default)
    return settings.hours.add(opened_ms, minutes)


def next_contact_due_ms(now_ms: int, settings: AlertSettings) -> int:
    """When to try again somebody who was not reached."""
    return settings.hours.add(now_ms, settings.next_contact_minutes)


def share_used(opened_ms: int, due_ms: int, now_ms: int, hours: BusinessHours) -> float:
    """How much of the time to first contact has passed, 0-1; at night the clock stands still."""
    if now_ms >= due_ms or due_ms <= opened_ms:
        return 1.0
    whole_ms = hours.between(opened_ms, due_ms)
    return min(1.0, hours.between(opened_ms, now_ms) / whole_ms) if whole_ms else 1.0


def clocks_of(case: Case) -> list[CaseClock]:
    """The clocks a case has: the next contact only where one was promised, or has to be tried again."""
    clocks = [CaseClock("first_contact", case.first_contact_due_ms, case.contacted_ms, case.first_missed_ms)]
    if case.next_contact_due_ms is not None:
        clocks.append(CaseClock("next_contact", case.next_contact_due_ms, None, case.next_missed_ms))
    if case.resolution_due_ms is not None:
        clocks.append(CaseClock("resolution", case.resolution_due_ms, case.closed_ms, case.resolution_missed_ms))
    return clocks


def newly_missed(case: Case, now_ms: int) -> tuple[Case, list[CaseClock]]:
    """The case with every miss recorded that was not yet, and which ones those are. A miss is recorded once."""
    if not case.open:
        return case, []
    missed = [c for c in clocks_of(case) if c.missed_ms is None and c.done_ms is None and c.due_ms < now_ms]
    fields = {
        "first_contact": "first_missed_ms",
        "next_contact": "next_missed_ms",
        "resolution": "resolution_missed_ms",
    }
    changes = {fields[clock.name]: now_ms for clock in missed}
    return (replace(case, **changes), missed) if missed else (case, [])  # type: ignore[arg-type]  # three int fields
