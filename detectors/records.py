"""What leaves this room: frozen findings that alerting turns into incidents and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from streams.records import Segment

SignalName = Literal["share", "volume", "guardrail", "drift", "silence"]
Severity = Literal["minor", "major", "critical"]
Character = Literal["jump", "drift", "volume", "shape"]


class CurvePoint(NamedTuple):
    """How strong the evidence was at a moment, in weeks: as rare as once in that many, over everything watched."""

    at_ms: int
    weeks: float


@dataclass(frozen=True, slots=True)
class Cause:
    """What is over-represented among the bad events of an incident, against the usual bad events of the place.

    `kind` is reason, touchpoint, word, or the name of an attribute; `bad` of `bad_of` unhappy customers of the incident
    have it, usually `usual` of `usual_of`. `z` is the standardised log-odds (Monroe, Colaresi and Quinn 2008).
    """

    kind: str
    name: str
    bad: int
    bad_of: int
    usual: int
    usual_of: int
    z: float

    @property
    def times_usual(self) -> float | None:
        """The share now over the usual one, None where it is usually never there."""
        return self.bad * self.usual_of / (self.bad_of * self.usual) if self.usual else None


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Disappointment rose in one segment, beyond chance: the start of what may become an incident.

    `observed` and `expected` (with `expected_low`..`expected_high`) are bad shares 0..1 for the signals share and
    guardrail, and numbers of bad answers since `since_ms` for volume. `n` answers and `bad` of them are counted from
    `since_ms`, the most likely start; a customer's repeats within 24 h are left out of both. `times_usual_volume` is
    all answers over the usual number of these hours, None while no usual is known. `evidence` is the rarity: as rare
    as once in that many weeks over everything that is watched. `detectors` are the names that signalled.

    `character` is what kind of change River's detectors see in it, `curve` how the evidence came up to here, `needed`
    the evidence in weeks at which the segment fires. `spam` says why it looks like spam or brigading: then it does not
    page. `causes` are what stands out among its bad events, strongest first.

    Signals that never page: `drift` (a slow rise, for the morning), `silence` (a place that stopped speaking: about
    operations, not about customers; `observed` and `expected` are answers).
    """

    segment: Segment
    page: bool
    signal: SignalName
    metric: str | None
    since_ms: int
    detected_ms: int
    observed: float
    expected: float
    expected_low: float
    expected_high: float
    times_usual_volume: float | None
    n: int
    bad: int
    evidence: float
    severity: Severity
    reason: str
    detectors: tuple[str, ...]
    character: Character | None = None
    curve: tuple[CurvePoint, ...] = ()
    needed: float = 0.0
    spam: str | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def operations(self) -> bool:
        """Whether it is about what feeds us, not about customers."""
        return self.signal == "silence"


@dataclass(frozen=True, slots=True)
class Update:
    """The numbers of an open anomaly moved materially: a worse severity, or twice as many answers as last told.

    `curve` is the whole curve up to here, `causes` are those of all bad answers since the start; both replace the
    anomaly's. `now` is the anomaly as it would be told now, for the numbers that move with time: what was usual since
    the start grows, and where answers and interactions were open together the ones left may tell on.
    """

    segment: Segment
    at_ms: int
    n: int
    bad: int
    observed: float
    severity: Severity
    reason: str
    evidence: float = 0.0
    curve: tuple[CurvePoint, ...] = ()
    causes: tuple[Cause, ...] = ()
    now: Anomaly | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """The evidence says that a segment is back to its usual; `n` and `bad` are what it says so from.

    `operations`: it is a silence that ended.
    `curve` is how the evidence of the anomaly stood up to its end.
    """

    segment: Segment
    at_ms: int
    n: int
    bad: int
    observed: float
    expected: float
    reason: str
    operations: bool = False
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one closing of minutes found, in order of time."""

    anomalies: tuple[Anomaly, ...] = ()
    updates: tuple[Update, ...] = ()
    recoveries: tuple[Recovery, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.anomalies or self.updates or self.recoveries)
