"""The message that tells many at once, when more of them wait for one target than people want to get one by one.

It holds no customer's words and no customer's key. Each line has its own next step as a button.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting import blocks as kit
from alerting.blocks import Button
from alerting.channels.protocol import Block, Message
from alerting.records import SEVERITIES, Case, Incident
from alerting.text import clean, clock_time, counted, safe, words
from alerting.views import Look

LINES_MAX = 12
LINE_MAX = 220
NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class DigestLine:
    """One incident or one case of a digest."""

    incident: Incident | None = None
    case: Case | None = None

    def urgency(self, now_ms: int) -> tuple[int, int, int]:
        """What people should see first: what goes on and is grave, then whose time runs out."""
        if self.incident is not None:
            going_on = self.incident.state != "resolved" and not self.incident.spam
            return (2 if going_on else 0, SEVERITIES.index(self.incident.severity), -self.incident.number)
        if self.case is not None:
            waits = self.case.state == "open"
            return (1 if waits else 0, self.case.severity + self.case.value, now_ms - self.case.first_contact_due_ms)
        return (0, 0, 0)


def digest_message(
    number: int, lines: Sequence[DigestLine], gone: int, look: Look, *, revision: int, late: str | None = None
) -> Message:
    """Many in one message, the most urgent first; beyond a dozen they are counted. `gone` were removed on request."""
    ordered = sorted(lines, key=lambda line: line.urgency(look.now_ms), reverse=True)
    title = _title(lines)
    shown: list[Block] = [kit.header(safe(title, kit.HEADER_MAX))]
    shown += [_line(line, look) for line in ordered[:LINES_MAX]]
    rest = len(ordered) - LINES_MAX
    if rest > 0:
        shown.append(kit.section(f"And {rest:,} more."))
    if not ordered:
        shown.append(kit.section("Each of them has a message of its own by now, or was removed on request."))
    if look.public_url is not None:
        links = []
        if any(line.incident for line in lines):
            links.append(Button("Open incidents", url=f"{look.public_url}/incidents"))
        if any(line.case for line in lines):
            links.append(Button("Open queue", url=f"{look.public_url}/queue"))
        if links:
            shown.append(kit.actions(links))
    said = [f"Digest {number}", "what happens to them is told here"]
    if gone:
        said.append(f"{gone:,} removed on request")
    if late:
        said.append(late)
    shown.append(kit.context(" · ".join(said)))
    return Message(safe(title, kit.HEADER_MAX), kit.numbered(shown, f"digest-{number}-{revision}"))


def _title(lines: Sequence[DigestLine]) -> str:
    incidents = [line.incident for line in lines if line.incident is not None]
    cases = [line.case for line in lines if line.case is not None]
    parts = []
    if incidents:
        going_on = sum(incident.state != "resolved" for incident in incidents)
        parts.append(f"{counted(len(incidents), 'incident')} ({going_on:,} going on)")
    if cases:
        waiting = sum(case.state == "open" for case in cases)
        parts.append(f"{counted(len(cases), 'customer')} ({waiting:,} to contact)")
    return f"! {' and '.join(parts)} at once" if parts else "✓ Nothing waits here any more"


def _line(line: DigestLine, look: Look) -> Block:
    if line.incident is not None:
        return _incident(line.incident, look)
    assert line.case is not None
    return _case(line.case, look)


def _incident(incident: Incident, look: Look) -> Block:
    place = words(clean(incident.named.label, 2 * NAME_MAX), 2 * NAME_MAX)
    state = f"taken by {words(incident.acknowledged_by, NAME_MAX)}" if incident.acknowledged_by else "not taken"
    mark = "▼"
    if incident.state == "resolved":
        mark, state = "✓", "resolved"
    text = f"{mark} *{place}* (#{incident.number}, {state})\n{words(incident.naming.reason, LINE_MAX)}"
    button = None
    if look.buttons and incident.state == "firing":
        button = Button("Acknowledge", "incident.acknowledge", f"{incident.number}:{incident.version}")
    return kit.section(text, button)


def _case(case: Case, look: Look) -> Block:
    place = words(f"{case.channel} · {case.stage}", 2 * NAME_MAX)
    due = clock_time(case.first_contact_due_ms, look.now_ms, look.timezone)
    state = case.state.replace("_", " ")
    if case.claimed_by is not None:
        state = f"{state} by {words(case.claimed_by, NAME_MAX)}"
    elif case.state == "open":
        state = f"overdue since {due}" if case.first_contact_due_ms <= look.now_ms else f"to contact by {due}"
    mark = "!" if case.open else "✓"
    text = f"{mark} *Case {case.case_id}*, {place}: {state}\n{words(case.reason, LINE_MAX)}"
    button = None
    if look.buttons and case.state == "open":
        button = Button("Claim", "case.claim", f"{case.case_id}:{case.version}")
    return kit.section(text, button)
