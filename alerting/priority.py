"""Whom to contact first: severity 0-50 + value 0-25 + repeats 0-15 + share of the time used 0-10."""

from __future__ import annotations

from alerting.clocks import share_used
from alerting.records import Case, PriorityParts
from alerting.settings import AlertSettings

SEVERITY_MAX = 50
VALUE_MAX = 25
REPEATS_MAX = 15
TIME_MAX = 10
POINTS_A_REPEAT = 4


def value_points(tier: str | None, value: float | None, settings: AlertSettings) -> int:
    """What the customer is worth: by tier or by yearly value, whichever says more."""
    by_tier = settings.tier_value.get((tier or "").lower(), 0)
    by_value = 0.0
    if value is not None and settings.value_for_full > 0:
        by_value = VALUE_MAX * min(1.0, max(0.0, value / settings.value_for_full))
    return min(VALUE_MAX, max(by_tier, round(by_value)))


def repeat_points(other_flags: int) -> int:
    """Flags of the same customer in the last 30 days besides the first."""
    return min(REPEATS_MAX, POINTS_A_REPEAT * max(0, other_flags))


def severity_points(severity: int) -> int:
    """A flag's severity within its bounds."""
    return min(SEVERITY_MAX, max(0, severity))


def parts(case: Case, now_ms: int, settings: AlertSettings) -> PriorityParts:
    """The parts of a case's priority now; contacting somebody stops the clock."""
    until = now_ms if case.contacted_ms is None else case.contacted_ms
    used = share_used(case.opened_ms, case.first_contact_due_ms, until, settings.hours)
    return PriorityParts(case.severity, case.value, case.repeats, int(TIME_MAX * used))
