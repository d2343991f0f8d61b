"""Cases as pure transitions: a flag opens one, or raises the one that is open. One open case a customer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from alerting.clocks import first_contact_due_ms, resolution_due_ms
from alerting.permission import Consent
from alerting.priority import repeat_points, severity_points, value_points
from alerting.records import Case
from alerting.settings import AlertSettings
from streams.records import Flag

ALWAYS = frozenset({"moment_of_truth", "detractor_comment"})  # these open a case whatever their priority


@dataclass(frozen=True, slots=True)
class Facts:
    """What the CRM says about a customer."""

    tier: str | None = None
    value: float | None = None
    consent: Consent = field(default_factory=Consent)


def opened(
    case_id: int, flag: Flag, facts: Facts, other_flags: int, *, now_ms: int, settings: AlertSettings
) -> Case | None:
    """The case that this flag opens, None if it is not grave enough. Its clocks start now: when it was noticed."""
    severity = severity_points(flag.severity)
    value = value_points(facts.tier, facts.value, settings)
    repeats = repeat_points(other_flags)
    if flag.kind not in ALWAYS and severity + value + repeats < settings.cases_open_from:
        return None
    return Case(
        case_id=case_id,
        customer=flag.customer,
        state="open",
        kind=flag.kind,
        channel=flag.channel,
        stage=flag.stage,
        reason=flag.reason,
        severity=severity,
        value=value,
        repeats=repeats,
        tier=facts.tier,
        opened_ms=now_ms,
        last_flag_ms=flag.time_ms,
        first_contact_due_ms=first_contact_due_ms(now_ms, facts.tier, settings),
        contacted_ms=None,
        next_contact_due_ms=None,
        promise=None,
        resolution_due_ms=resolution_due_ms(now_ms, facts.tier, settings),
        first_missed_ms=None,
        next_missed_ms=None,
        resolution_missed_ms=None,
        main_reason=None,
        claimed_by=None,
        snoozed_until_ms=None,
        closed_ms=None,
        closed_reason=None,
        version=1,
        updated_ms=now_ms,
    )


def raised(case: Case, flag: Flag, facts: Facts, other_flags: int, *, now_ms: int, settings: AlertSettings) -> Case:
    """The open case with one more flag: its priority never falls, and its story is the gravest flag's."""
    graver = severity_points(flag.severity) > case.severity
    first_due = first_contact_due_ms(case.opened_ms, facts.tier, settings)
    return replace(
        case,
        kind=flag.kind if graver else case.kind,
        channel=flag.channel if graver else case.channel,
        stage=flag.stage if graver else case.stage,
        reason=flag.reason if graver else case.reason,
        severity=max(case.severity, severity_points(flag.severity)),
        value=max(case.value, value_points(facts.tier, facts.value, settings)),
        repeats=max(case.repeats, repeat_points(other_flags)),
        tier=facts.tier or case.tier,
        first_contact_due_ms=min(case.first_contact_due_ms, first_due),
        last_flag_ms=max(case.last_flag_ms, flag.time_ms),
        updated_ms=now_ms,
    )
