"""Exact tails and intervals of counts: how often chance alone brings as many bad answers.

No normal approximation: at the counts that page somebody (5 of 9) it is wrong by orders of magnitude.
"""

from __future__ import annotations

from math import inf, log, sqrt

from scipy.special import betainc, gammainc, gammaincinv

Z95 = 1.959963984540054


def wilson(bad: float, n: float, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share (1927), 0..1; (0, 1) without answers."""
    if n <= 0:
        return 0.0, 1.0
    share, spread = bad / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def binomial_tail(bad: int, n: int, share: float) -> float:
    """P(at least `bad` of `n`) when each answer is bad with probability `share`: the incomplete beta function."""
    if bad <= 0:
        return 1.0
    if bad > n or share <= 0:
        return 0.0
    return float(betainc(bad, n - bad + 1, min(share, 1.0)))


def poisson_tail(bad: int, expected: float) -> float:
    """P(at least `bad`) when `expected` are usual and come independently: the incomplete gamma function."""
    if bad <= 0:
        return 1.0
    return float(gammainc(bad, expected)) if expected > 0 else 0.0


def rate_interval(count: int, time: float) -> tuple[float, float]:
    """Exact 95 % interval of a rate of independent events (Garwood 1936), `count` of which came in `time`."""
    low = float(gammaincinv(count, 0.025)) if count else 0.0
    return low / time, float(gammaincinv(count + 1, 0.975)) / time


def usual_range(expected: float) -> tuple[float, float]:
    """Where 95 % of counts fall around an expected one (square-root scale, after Anscombe 1948)."""
    root = sqrt(max(expected, 0.0) + 0.375)
    return max(0.0, max(0.0, root - Z95 / 2) ** 2 - 0.375), (root + Z95 / 2) ** 2 - 0.375


def share_evidence(bad: float, n: float, share: float) -> float:
    """Log-likelihood ratio of the observed bad share against `share`; 0 unless it is higher."""
    if n <= 0 or bad <= n * share:
        return 0.0
    if share <= 0:
        return inf
    good = n - bad
    return bad * log(bad / (n * share)) + (good * log(good / (n * (1 - share))) if good > 0 else 0.0)


def volume_evidence(bad: float, expected: float) -> float:
    """Log-likelihood ratio of the observed number of bad answers against `expected`; 0 unless it is higher."""
    if bad <= expected:
        return 0.0
    return bad * log(bad / expected) - (bad - expected) if expected > 0 else inf
