"""What this room needs to know, as a frozen record. cxwatch/settings builds it from ``[detection]``."""

from __future__ import annotations

from dataclasses import dataclass

DETECTORS = ("bad_volume", "drift", "evidence", "forecast", "shape", "share_jump")  # their names, without loading River


@dataclass(frozen=True, slots=True)
class DetectionSettings:
    """How often the product may be wrong, and with what it looks.

    `false_alerts_per_week` is the promise over all watched segments together. `least_evidence` is the number of
    answers a segment's usual must rest on before the detectors may fire; until as many were seen, a guardrail holds
    against `assumed_bad_share`. `timezone` (IANA) governs the hours of the baseline and the times in sentences.
    """

    false_alerts_per_week: float = 2.0
    least_evidence: int = 30
    detectors: tuple[str, ...] = ("evidence", "drift")
    assumed_bad_share: float = 0.20
    timezone: str = "UTC"
