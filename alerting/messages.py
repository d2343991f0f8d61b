"""Messages as Block Kit, pure: a view in, blocks and plain text out.

Customers' words go into quotes only, with contact data masked; whatever else comes from data is cleaned and escaped.
The plain text, which notifications show, holds no customer's words at all.
"""

from __future__ import annotations

from msgspec import to_builtins

from alerting import blocks as kit
from alerting.blocks import Button
from alerting.case_wire import case_row
from alerting.channels.protocol import Block, Message
from alerting.incident_wire import incident_row
from alerting.masking import mask
from alerting.records import Case, Incident
from alerting.text import clean, clock_time, counted, duration, safe, words
from alerting.views import CaseView, IncidentView, Look
from detectors.records import Cause

NAME_MAX = 60  # of a channel, a stage, a reason code, a person
KEY_MAX = 40  # of a customer's key
REASON_MAX = 1_200


def incident_message(view: IncidentView, look: Look, revision: int, late: str | None = None) -> Message:
    """The one message of an incident, as it stands now; `late` says when it should have come, if that is long ago."""
    incident = view.incident
    title = _incident_title(incident)
    shown: list[Block] = [kit.header(safe(title, kit.HEADER_MAX)), kit.section(_incident_sentence(incident, look))]
    facts = _incident_facts(view, look)
    if facts:
        shown.append(kit.fields(facts))
    quotes = [q for q in (_quoted(text) for text in view.quotes) if q]
    if quotes and incident.state != "resolved" and not incident.spam:
        shown += [kit.section("What they say:"), *(kit.quote(q) for q in quotes)]
    buttons = _incident_buttons(incident, look)
    if buttons:
        shown.append(kit.actions(buttons))
    shown.append(kit.context(_with(late, _incident_context(incident, look))))
    plain = safe(f"{title}. {incident.naming.reason}", REASON_MAX)
    about = to_builtins(incident_row(incident, look.now_ms))
    return Message(plain, kit.numbered(shown, f"incident-{incident.number}-{revision}"), about)


def _with(late: str | None, said: str) -> str:
    return f"{said} · {late}" if late else said


def _place(incident: Incident) -> str:
    return clean(incident.named.label, 2 * NAME_MAX)


def _incident_title(incident: Incident) -> str:
    if incident.state == "resolved":
        return f"✓ Resolved: {_place(incident)} is back to usual"
    if incident.spam:
        return f"▼ {_place(incident)}: possible spam"
    return f"▼ {_place(incident)}: more disappointed customers than usual"


def _incident_sentence(incident: Incident, look: Look) -> str:
    reason = words(incident.naming.reason, REASON_MAX)
    if incident.state != "resolved" or incident.resolved_ms is None:
        return reason
    since_ms = incident.naming.since_ms
    began = clock_time(since_ms, look.now_ms, look.timezone)
    ended = clock_time(incident.resolved_ms, look.now_ms, look.timezone)
    return f"Lasted *{duration(incident.resolved_ms - since_ms)}*, {began} to {ended}. Last told: {reason}"


def _incident_facts(view: IncidentView, look: Look) -> list[tuple[str, str]]:
    incident = view.incident
    facts = []
    if incident.state != "resolved":
        facts.append(("Began about", clock_time(incident.naming.since_ms, look.now_ms, look.timezone)))
    if view.affected:
        facts.append(("Affected", f"{counted(view.affected, 'customer')} with a bad answer"))
    if view.causes:
        facts.append(("Stands out", "\n".join(_cause(cause) for cause in view.causes)))
    elif view.most_named:
        facts.append(("Most named", ", ".join(words(code, NAME_MAX) for code in view.most_named)))
    if incident.acknowledged_by is not None and incident.acknowledged_ms is not None:
        after = duration(incident.acknowledged_ms - incident.firing_ms)
        facts.append(("Taken by", f"{words(incident.acknowledged_by, NAME_MAX)}, after {after}"))
    if view.to_contact:
        due = ""
        if view.first_due_ms is not None:
            due = f", first due {clock_time(view.first_due_ms, look.now_ms, look.timezone)}"
        facts.append(("To contact", f"{view.to_contact:,} open{due}"))
    return facts


def _cause(cause: Cause) -> str:
    """One line of counts. Its name is data: a customer's word or a value from the source."""
    name = words(mask(cause.name.replace("_", " ")), NAME_MAX)
    attribute = cause.kind not in ("reason", "word", "touchpoint")
    about = f"{words(cause.kind, NAME_MAX)} {name}" if attribute else f"“{name}”" if cause.kind == "word" else name
    return f"{about}: {cause.bad} of {cause.bad_of}, usually {cause.usual} of {cause.usual_of}"


def _incident_buttons(incident: Incident, look: Look) -> list[Button]:
    value = f"{incident.number}:{incident.version}"
    buttons = []
    if look.buttons and incident.state != "resolved":
        if incident.state == "firing":
            buttons.append(Button("Acknowledge", "incident.acknowledge", value, primary=True))
        buttons.append(Button("Snooze 1 h", "incident.snooze", value))
        if not incident.spam:
            buttons.append(Button("Possible spam", "incident.spam", value))
    if look.buttons and incident.state == "resolved":
        buttons.append(Button("Reopen", "incident.reopen", value))
    if look.public_url is not None:
        buttons.append(Button("Open incident", url=f"{look.public_url}/incidents/{incident.number}"))
    return buttons


def _incident_context(incident: Incident, look: Look) -> str:
    said = [f"Incident #{incident.number}"]
    if incident.state != "resolved":
        naming = incident.naming
        said.append(incident.severity)
        said.append(f"noticed after {duration(naming.detected_ms - naming.since_ms)}")
    elif incident.resolved_by is not None:
        said.append(f"resolved by {words(incident.resolved_by, NAME_MAX)}")
    if incident.snoozed_until_ms is not None and incident.snoozed_until_ms > look.now_ms:
        said.append(f"snoozed until {clock_time(incident.snoozed_until_ms, look.now_ms, look.timezone)}")
    wider = len(incident.members) - 1
    if wider:
        said.append(f"seen in {counted(wider, 'other place')} too")
    if incident.linked_to is not None:
        said.append(f"earlier: #{incident.linked_to}")
    return " · ".join(said)


def case_message(view: CaseView, look: Look, revision: int, late: str | None = None) -> Message:
    """The one message of a case, as it stands now. No name, no contact data: the CRM has them."""
    case = view.case
    title = _case_title(case, look)
    shown: list[Block] = [kit.header(safe(title, kit.HEADER_MAX)), kit.section(_case_sentence(view, look))]
    said = _quoted(view.quote or "")
    if said and case.open:
        shown.append(kit.quote(said))
    buttons = _case_buttons(case, look)
    if buttons:
        shown.append(kit.actions(buttons))
    part_of = f" · incident #{view.incident}" if view.incident is not None else ""
    shown.append(kit.context(_with(late, f"Case {case.case_id}{part_of} · one open case a customer")))
    about = to_builtins(case_row(case, view.priority, look.now_ms, view.incident))
    return Message(safe(title, REASON_MAX), kit.numbered(shown, f"case-{case.case_id}-{revision}"), about)


def _case_title(case: Case, look: Look) -> str:
    who = _customer(case)
    if not case.open:
        return f"✓ {case.state.replace('_', ' ').capitalize()}: {who}"
    if case.state == "contacted":
        return f"Contacted: {who}"
    if case.first_contact_due_ms <= look.now_ms:
        return f"! Overdue: {who}"
    return f"! To contact by {clock_time(case.first_contact_due_ms, look.now_ms, look.timezone)}: {who}"


def _customer(case: Case) -> str:
    key = clean(case.customer, KEY_MAX)
    shown = "customer" if mask(key) != key else f"customer {key}"  # a key that is an address is not shown
    return f"{shown}, {clean(case.tier, NAME_MAX)}" if case.tier else shown


def _case_sentence(view: CaseView, look: Look) -> str:
    case, priority = view.case, view.priority
    when = clock_time(case.last_flag_ms, look.now_ms, look.timezone)
    reason = words(case.reason, REASON_MAX)
    lines = [f"{reason[:1].upper()}{reason[1:]}, {when}."] if reason else []
    if case.claimed_by is not None:
        lines.append(f"Claimed by {words(case.claimed_by, NAME_MAX)}.")
    if case.open:
        due = clock_time(case.first_contact_due_ms, look.now_ms, look.timezone)
        lines.append(f"First contact due *{due}*.")
        lines.append(
            f"Priority *{priority.total}* = severity {priority.severity} + value {priority.value}"
            f" + repeats {priority.repeats} + time {priority.time}."
        )
    return " ".join(lines) or "Nothing is left to do here."


def _case_buttons(case: Case, look: Look) -> list[Button]:
    value = f"{case.case_id}:{case.version}"
    buttons = []
    if look.buttons and case.state == "open":
        buttons.append(Button("Claim", "case.claim", value, primary=True))
        buttons.append(Button("Snooze 30 min", "case.snooze", value))
    if look.public_url is not None:
        buttons.append(Button("Open case", url=f"{look.public_url}/cases/{case.case_id}"))
    return buttons


def note_message(text: str, revision_name: str, late: str | None) -> Message:
    """One line for a thread; `late` says when it was written if that is long ago."""
    said = words(text, 2_000) or kit.NOTHING
    shown = f"_{late}_\n{said}" if late else said
    return Message(said, kit.numbered([kit.section(shown)], revision_name))


def gone_message(what: str, revision: int) -> Message:
    """What stays of a message whose subject was erased."""
    text = f"{what} was removed on request."
    return Message(text, kit.numbered([kit.section(text)], f"gone-{revision}"))


def _quoted(text: str) -> str:
    # Cut far beyond what is shown, so that a number is not split before it is masked.
    return clean(mask(clean(text, 4 * kit.QUOTE_MAX)), kit.QUOTE_MAX)
