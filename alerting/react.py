"""From flags and findings to incidents, cases and messages, inside the transaction in which DECIDE found them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection

from alerting import casebook, cases, incidents, outbox, store
from alerting.facts import facts_of
from alerting.records import SEVERITIES, Case, Event, Incident
from alerting.settings import AlertSettings
from detectors.records import Anomaly, Findings, Recovery, Update
from streams.clock import DAY_MS, SECOND_MS
from streams.records import Flag, Segment

LINK_DAYS = 7  # an incident at the same place within that time names the earlier one

log = structlog.get_logger()


def react(tx: Connection, settings: AlertSettings, now_ms: int, flags: Sequence[Flag], findings: Findings) -> None:
    """Turn what was measured and detected into what people are told. The caller commits.

    Safe to call again with the same flags; findings are the caller's to hand over once (they come out of the same
    transaction).
    """
    if findings:
        _Reaction(tx, settings, now_ms).take(findings)
    for flag in sorted(flags, key=lambda f: (f.time_ms, f.flag_id)):
        _take_flag(tx, settings, now_ms, flag)


def _in_order(findings: Findings) -> list[Anomaly | Update | Recovery]:
    """By time, so that it does not matter how many minutes were closed at once; leaves before their rollups."""

    def place(segment: Segment) -> tuple[int, str]:
        return (sum(part is None for part in segment), segment.label)

    keyed: list[tuple[tuple[int, int, tuple[int, str]], Anomaly | Update | Recovery]] = [
        *(((a.detected_ms, 0, place(a.segment)), a) for a in findings.anomalies),
        *(((u.at_ms, 1, place(u.segment)), u) for u in findings.updates),
        *(((r.at_ms, 2, place(r.segment)), r) for r in findings.recoveries),
    ]
    return [found for _, found in sorted(keyed, key=lambda pair: pair[0])]


class _Reaction:
    """One pass over findings, with the incidents that matter held in memory."""

    def __init__(self, tx: Connection, settings: AlertSettings, now_ms: int) -> None:
        self._tx = tx
        self._settings = settings
        self._now_ms = now_ms
        self._hold_off_ms = settings.hold_off_seconds * SECOND_MS
        self._current: dict[int, Incident] = {}

    def take(self, findings: Findings) -> None:
        found = _in_order(findings)
        first_ms = min(f.detected_ms if isinstance(f, Anomaly) else f.at_ms for f in found)
        known = store.read_current(self._tx, min(first_ms, self._now_ms) - LINK_DAYS * DAY_MS)
        self._current = {incident.number: incident for incident in known}
        for one in found:
            if isinstance(one, Anomaly):
                self._anomaly(one)
            elif isinstance(one, Update):
                self._update(one)
            else:
                self._recovery(one)

    def _anomaly(self, anomaly: Anomaly) -> None:
        current = [one for one in self._current.values() if one.operations == anomaly.operations]
        home = incidents.home_of(anomaly.segment, current)
        if home is not None:
            joined = incidents.attached(home, anomaly)
            text = f"Also {anomaly.segment.label}: {anomaly.reason}"
            self._keep(home, joined, anomaly.detected_ms, kind="joined", text=text, told=_graver(home, joined))
            return
        earlier = incidents.earlier_of(anomaly.segment, current)
        if earlier and incidents.comes_back(earlier, anomaly.detected_ms, self._settings.reopen_minutes):
            again = incidents.reopened(earlier, anomaly, self._hold_off_ms)
            self._keep(
                earlier, again, anomaly.detected_ms, kind="reopened", text=f"It is back. {anomaly.reason}", told=""
            )
            return
        number = store.next_number(self._tx)
        linked = None if earlier is None else earlier.number
        new = incidents.opened(number, anomaly, self._hold_off_ms, linked)
        text = anomaly.reason if linked is None else f"{anomaly.reason} Earlier at this place: #{linked}."
        if anomaly.spam is not None:
            text = f"{text} Possible spam, so nobody was told: {anomaly.spam}"
        self._keep(None, new, anomaly.detected_ms, kind="opened", text=text, told=None)
        log.info("incident opened", number=number, place=anomaly.segment.label, severity=anomaly.severity)

    def _update(self, update: Update) -> None:
        home = self._holding(update.segment)
        if home is None:
            return
        after = incidents.moved(home, update)
        self._keep(home, after, update.at_ms, kind="moved", text=update.reason, told=_graver(home, after))

    def _recovery(self, recovery: Recovery) -> None:
        home = self._holding(recovery.segment, operations=recovery.operations)
        if home is None:
            return
        after = incidents.eased(home, recovery)
        if after.state != "resolved":
            text = f"{recovery.segment.label} is back to usual. {recovery.reason}"
            self._keep(home, after, recovery.at_ms, kind="eased", text=text, told=None)
            return
        minutes = self._settings.reopen_minutes
        reason = recovery.reason.removesuffix(".")
        text = f"Resolved by itself. {reason}. If it comes back within {minutes} min, it reopens here."
        self._keep(home, after, recovery.at_ms, kind="resolved", text=text, told="")
        log.info("incident resolved", number=home.number, place=home.named.label)

    def _holding(self, segment: Segment, *, operations: bool = False) -> Incident | None:
        held = [
            i
            for i in self._current.values()
            if i.state != "resolved"
            and i.operations == operations
            and any(m.segment == segment and m.open for m in i.members)
        ]
        return max(held, key=lambda i: i.number, default=None)

    def _keep(
        self, before: Incident | None, after: Incident, at_ms: int, *, kind: str, text: str, told: str | None
    ) -> None:
        """Write an incident, its history and its message; `told` None leaves no note, else it begins the note."""
        after = replace(after, updated_ms=self._now_ms)  # when readers can see it, not what it is about
        store.save_incident(self._tx, after)
        store.add_incident_event(self._tx, after.number, Event(at_ms, kind, None, text, after.version))
        self._current[after.number] = after
        if not after.page:
            return
        if kind == "resolved" and outbox.withdraw(self._tx, "incident", after.number, self._now_ms):
            return
        told_before = before is not None and outbox.read(self._tx, outbox.outbox_id("incident", after.number))
        if kind == "resolved" and not told_before:
            return
        outbox.want(
            self._tx,
            "incident",
            after.number,
            self._settings.target("incident", after.named, after.severity),
            after.firing_ms,
            loud=kind == "reopened" or (told or "").startswith("Worse"),
        )
        quiet = after.spam or (after.snoozed_until_ms or 0) > at_ms
        if told is not None and (not quiet or kind == "resolved"):
            outbox.note(self._tx, "incident", after.number, at_ms, f"{told}{text}")


def _graver(before: Incident, after: Incident) -> str | None:
    """How a note begins when the severity has changed, None when it has not."""
    order = SEVERITIES.index(after.severity) - SEVERITIES.index(before.severity)
    if order == 0:
        return None
    return f"{'Worse' if order > 0 else 'Easing'}: now {after.severity}. "


def _take_flag(tx: Connection, settings: AlertSettings, now_ms: int, flag: Flag) -> None:
    if casebook.seen(tx, flag.flag_id):
        return
    facts = facts_of(tx, flag.customer)
    others = casebook.other_flags(tx, flag)
    before = casebook.open_case_of(tx, flag.customer)
    if before is None:
        after = cases.opened(casebook.next_case_id(tx), flag, facts, others, now_ms=now_ms, settings=settings)
    else:
        after = cases.raised(before, flag, facts, others, now_ms=now_ms, settings=settings)
    casebook.remember(tx, flag, None if after is None else after.case_id)
    if after is None:
        return
    casebook.save_case(tx, after)
    kind = "opened" if before is None else "raised"
    casebook.add_case_event(tx, after.case_id, Event(now_ms, kind, None, flag.reason, after.version))
    _tell_case(tx, settings, now_ms, flag, before=before, after=after)


def _tell_case(
    tx: Connection, settings: AlertSettings, now_ms: int, flag: Flag, *, before: Case | None, after: Case
) -> None:
    at_once = flag.kind == "moment_of_truth"
    hold_off_ms = 0 if at_once else settings.hold_off_seconds * SECOND_MS
    target = settings.target("case", Segment(after.channel, after.stage))
    graver = before is not None and _sum(after) > _sum(before)
    outbox.want(tx, "case", after.case_id, target, now_ms + hold_off_ms, loud=graver)
    if graver:
        outbox.note(tx, "case", after.case_id, now_ms, f"Priority raised. {flag.reason}")


def _sum(case: Case) -> int:
    return case.severity + case.value + case.repeats
