"""What this room keeps and hands out: frozen records. Times are product time in ms unless a name says `real`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from detectors.records import Cause, Character, CurvePoint
from streams.records import FlagKind, Segment

Severity = Literal["minor", "major", "critical"]
SEVERITIES: tuple[Severity, ...] = ("minor", "major", "critical")
Signal = Literal["share", "volume", "guardrail", "drift", "silence"]
Subject = Literal["incident", "case", "digest"]
IncidentState = Literal["firing", "acknowledged", "resolved"]
IncidentStage = Literal["pending", "firing", "acknowledged", "resolved"]  # as shown: pending = within the hold-off
CaseState = Literal["open", "claimed", "contacted", "recovered", "not_recovered", "closed_without_contact"]
OPEN_CASE_STATES: tuple[CaseState, ...] = ("open", "claimed", "contacted")
ERASED = "erased"  # closed_reason of a case whose customer was forgotten: nothing of it is shown
DeliveryState = Literal["ready", "sending", "sent", "unknown", "dead"]


@dataclass(frozen=True, slots=True)
class Member:
    """One segment of an incident: an anomaly and how it stands now.

    `expected` is a share (0-1) for the signals share and guardrail, a number of bad events for volume, of events for
    silence. `character`, `curve`, `needed` (weeks), `causes` and `detectors` are the anomaly's, as last told.
    """

    segment: Segment
    signal: Signal
    page: bool
    since_ms: int
    detected_ms: int
    metric: str | None
    n: int
    bad: int
    observed: float
    expected: float
    expected_low: float
    expected_high: float
    times_usual_volume: float | None
    evidence: float
    severity: Severity
    reason: str
    character: Character | None = None
    needed: float = 0.0
    detectors: tuple[str, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    causes: tuple[Cause, ...] = ()
    recovered_ms: int | None = None

    @property
    def open(self) -> bool:
        """Whether it has not returned to usual yet."""
        return self.recovered_ms is None

    @property
    def leaf(self) -> bool:
        """One channel at one stage, not a rollup."""
        return self.segment.channel is not None and self.segment.stage is not None

    @property
    def excess(self) -> float:
        """Bad events beyond the expected: how much of the spike this segment explains; of a silence what is missing."""
        if self.signal == "silence":
            return self.expected
        expected = self.expected if self.signal == "volume" else self.expected * self.n
        return self.bad - expected


@dataclass(frozen=True, slots=True)
class Incident:
    """One spike, however many segments saw it, named by the leaf that explains most of it."""

    number: int
    state: IncidentState
    named: Segment
    members: tuple[Member, ...]
    opened_ms: int
    firing_ms: int  # end of the hold-off: before it the incident is pending
    resolved_ms: int | None
    resolved_by: str | None  # None: by itself
    acknowledged_ms: int | None
    acknowledged_by: str | None
    snoozed_until_ms: int | None
    spam: bool
    spam_reason: str | None  # why it looks like spam, or who says so
    reminders: int  # how often people were reminded that nobody has taken it
    linked_to: int | None  # the earlier incident at the same place
    version: int
    updated_ms: int

    @property
    def naming(self) -> Member:
        """The member whose segment names the incident and whose sentence tells it."""
        return next(m for m in self.members if m.segment == self.named)

    @property
    def severity(self) -> Severity:
        """The gravest of the members that are open (of all, once resolved)."""
        members = [m for m in self.members if m.open] or list(self.members)
        return max((m.severity for m in members), key=SEVERITIES.index)

    @property
    def page(self) -> bool:
        """Whether it is told to people, or only listed: a notice."""
        return any(m.page for m in self.members)

    @property
    def operations(self) -> bool:
        """Whether it is about what feeds us (a silence), not about customers."""
        return all(m.signal == "silence" for m in self.members)

    def stage_at(self, now_ms: int) -> IncidentStage:
        """The state as people see it."""
        return "pending" if self.state == "firing" and now_ms < self.firing_ms else self.state


@dataclass(frozen=True, slots=True)
class Alert:
    """A notice that leaves the room: which incident or case, at which revision, where to."""

    outbox_id: str
    about: Subject
    number: int
    revision: int
    target: str


@dataclass(frozen=True, slots=True)
class PriorityParts:
    """Why a case is where it is in the queue; the sum is its priority, 0-100."""

    severity: int  # 0-50
    value: int  # 0-25
    repeats: int  # 0-15
    time: int  # 0-10, share of the time to first contact that is used

    @property
    def total(self) -> int:
        """The priority."""
        return self.severity + self.value + self.repeats + self.time


@dataclass(frozen=True, slots=True)
class Case:
    """One customer whom somebody should contact. `customer` is the opaque key, or a token after erasure."""

    case_id: int
    customer: str
    state: CaseState
    kind: FlagKind  # of the gravest flag
    channel: str
    stage: str
    reason: str
    severity: int
    value: int
    repeats: int
    tier: str | None
    opened_ms: int
    last_flag_ms: int
    first_contact_due_ms: int
    contacted_ms: int | None  # the first attempt, whether it reached the customer or not
    next_contact_due_ms: int | None  # a callback that was promised, or when to try again
    promise: str | None  # what was promised, in the words of who did
    resolution_due_ms: int | None
    first_missed_ms: int | None  # when each clock was first seen to be missed
    next_missed_ms: int | None
    resolution_missed_ms: int | None
    main_reason: str | None  # as whoever closed it says
    claimed_by: str | None
    snoozed_until_ms: int | None
    closed_ms: int | None
    closed_reason: str | None
    version: int
    updated_ms: int

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in OPEN_CASE_STATES


@dataclass(frozen=True, slots=True)
class ContactMade:
    """One attempt to reach a customer. `asked`: the customer wanted it, so that no cap speaks against it."""

    case_id: int
    customer: str
    at_ms: int
    way: str
    reached: bool
    asked: bool
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only history of an incident or a case."""

    at_ms: int
    kind: str
    actor: str | None  # None: the product itself
    text: str
    version: int


class Reference(NamedTuple):
    """A posted message: the place it was posted to and its name there (Slack: channel id and ts)."""

    place: str
    ts: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Delivery of one incident or case: level-triggered, so that any number of changes becomes one edit."""

    outbox_id: str
    about: Subject
    number: int
    target: str
    channel: str | None  # which Channel it was first handed to; the message stays there
    digest: int | None  # told in that digest instead of a message of its own
    removal: bool  # the next edit takes a forgotten customer's words away: it goes out in every mode
    desired_revision: int
    sent_revision: int
    claimed_revision: int
    edits: int
    not_before_ms: int
    late_ms: int | None  # how late it was posted, where that was late
    state: DeliveryState
    attempts: int
    next_attempt_real_ms: int
    first_attempt_real_ms: int | None  # of the post: from when on it is looked for
    trying_since_real_ms: int | None  # since when the newest revision does not get through
    sweep_real_ms: int | None
    delivery_id: str | None
    place: str | None
    ts: str | None
    error: str | None

    @property
    def posted(self) -> Reference | None:
        """Where the message stands, None before the first post."""
        return Reference(self.place, self.ts) if self.place is not None and self.ts is not None else None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One line in the thread under a message, written once and never edited."""

    note_id: int
    outbox_id: str
    at_ms: int
    revision: int  # of the message that tells the same; a first post of that revision makes the note superfluous
    text: str
    state: DeliveryState
    attempts: int
    next_attempt_real_ms: int
    first_attempt_real_ms: int | None
    trying_since_real_ms: int | None
    sweep_real_ms: int | None
    delivery_id: str | None
    ts: str | None
    error: str | None
