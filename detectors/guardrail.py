"""The cold start: until a segment has its least evidence, only what no sane shop would call usual may fire."""

from __future__ import annotations

from detectors.budget import GUARDRAIL_TAIL
from detectors.judge import BAD_MIN, Rise, share_rise
from detectors.settings import DetectionSettings
from detectors.state import SegmentState


def cold_rise(state: SegmentState, settings: DetectionSettings) -> Rise | None:
    """The numbers of a segment without a usual, when k bad of n would come once in 10,000 under the assumed share.

    Ends with the segment's `least_evidence`-th answer: after that a stream that is simply worse than assumed would
    fire for certain. Each customer counts once a day, so k are different people.
    """
    if state.seen > settings.least_evidence:
        return None
    rise = share_rise(state.bins, settings.assumed_bad_share)
    return rise if rise is not None and rise.bad >= BAD_MIN and rise.tail < GUARDRAIL_TAIL else None
