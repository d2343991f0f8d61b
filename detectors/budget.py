"""How rare numbers must be to wake somebody: the promise of `false_alerts_per_week`, spread over all segments.

Each changed minute of each watched segment is an update. With U updates a week over everything, evidence of at least
A = U / `false_alerts_per_week` keeps the sum of false alerts under the promise, for on average at least A updates pass
before a calm segment reaches A (`evidence`); no segment may use more than a tenth of an alert a week. A twentieth of
the promise is kept for the guardrail of segments that are too young for evidence.

River's detectors alone point without a promise of their own: there each update is a test of every signal, and a tail
below `false_alerts_per_week` / (signals x U) does the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from detectors.baseline import Baseline
from detectors.settings import DetectionSettings
from detectors.state import SEVERITIES, SIGNALS

SEGMENT_MAX = 0.1  # false alerts a week
SIGNALS_TESTED = 2  # share and volume
FOR_EVIDENCE = 0.95  # of the promise; the rest is the guardrail's
MINUTES_PER_WEEK = 7 * 24 * 60
GUARDRAIL_TAIL = 1e-4
RARITY_MAX = 1e6  # weeks; beyond that the number means nothing
CRITICAL, MAJOR, MINOR = SEVERITIES.index("critical"), SEVERITIES.index("major"), SEVERITIES.index("minor")


@dataclass(frozen=True, slots=True)
class Budget:
    """The tests a week over all watched segments, learned with the baselines."""

    updates_week: float

    def threshold(self, settings: DetectionSettings, usual: Baseline) -> float:
        """A: the evidence at which a segment fires."""
        overall = self.updates_week / (FOR_EVIDENCE * settings.false_alerts_per_week)
        own = usual.updates_week / (FOR_EVIDENCE * SEGMENT_MAX)
        return max(overall, own, 1.0)

    def weeks_of(self, strength: float) -> float:
        """How rare evidence of that strength is: once in at least that many weeks, over everything watched."""
        return min(RARITY_MAX, strength / (self.updates_week or MINUTES_PER_WEEK))

    def tail_max(self, settings: DetectionSettings, usual: Baseline) -> float:
        """The largest tail at which numbers of this segment may fire."""
        overall = settings.false_alerts_per_week / max(1.0, self.updates_week)
        own = SEGMENT_MAX / max(1.0, usual.updates_week)
        return float(min(overall, own)) / SIGNALS_TESTED

    def weeks(self, tail: float) -> float:
        """How rare: chance alone brings it once in that many weeks, over everything that is watched."""
        tests = SIGNALS_TESTED * (self.updates_week or MINUTES_PER_WEEK)
        return RARITY_MAX if tail * tests <= 1 / RARITY_MAX else 1 / (tail * tests)


def severity(signal: int, weeks: float, bad: int, excess: float, times: float) -> int:
    """How bad, as a place in SEVERITIES, from effect and rarity together.

    critical: once in 100 weeks or rarer, at least 10 unhappy customers, and the bad share up by 30 points or bad
    answers at 4 times the usual. major: once in 10 weeks or rarer, and up by 15 points or at twice the usual. All
    else is minor. A guardrail, which knows nothing usual, is major at most. `excess` is the share above the usual
    one (0..1), `times` bad answers over the usual number (0 while unknown).
    """
    if weeks >= 100 and bad >= 10 and (excess >= 0.30 or times >= 4):
        return MAJOR if SIGNALS[signal] == "guardrail" else CRITICAL
    if weeks >= 10 and (excess >= 0.15 or times >= 2):
        return MAJOR
    return MINOR
