"""Where people expect an alert and there is none: how many answers at this rate it would take."""

from __future__ import annotations

from math import ceil, log

from detectors.baseline import Baseline


def answers_needed(share: float, usual: Baseline, threshold: float) -> int | None:
    """About how many answers with that bad share (0..1) bring evidence to a threshold; None where they never do.

    Evidence grows by the divergence of the observed share from the tolerated one an answer (Lorden 1971); the weakening
    for clusters and the mixture over eight bets, half of them on volume, are counted in.
    """
    tolerated = usual.share_tolerated
    if share <= tolerated:
        return None
    observed = min(share, 0.999)
    gain = observed * log(observed / tolerated) + (1 - observed) * log((1 - observed) / (1 - tolerated))
    return ceil(usual.dispersion * log(8 * threshold) / gain)


def not_yet(n: int, bad: int, usual: Baseline | None, threshold: float, least_evidence: int) -> str:
    """Why there is no alert, in one line of numbers."""
    if usual is None:
        return f"nothing usual is known yet: {least_evidence} answers are needed first"
    needed = answers_needed(bad / n, usual, threshold) if n else None
    if needed is None:
        return f"within the usual ({bad} of {n} bad, up to {usual.share_tolerated * 100:.0f}\u2009% is)"
    return f"not enough evidence yet (n = {n}, needs about {max(needed, n + 1)})"
