"""Exact tails: against fractions and against published values."""

from fractions import Fraction
from math import comb, exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.chance import (
    binomial_tail,
    poisson_tail,
    share_evidence,
    usual_range,
    volume_evidence,
    wilson,
)


@given(n=st.integers(0, 60), bad=st.integers(0, 61), percent=st.integers(0, 100))
def test_the_binomial_tail_is_the_exact_sum(n, bad, percent):
    p = Fraction(percent, 100)
    exact = sum((comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(bad, n + 1)), Fraction(0))
    assert binomial_tail(bad, n, float(p)) == pytest.approx(float(exact), rel=1e-9, abs=1e-13)


@given(bad=st.integers(0, 60), expected=st.floats(0.01, 40))
def test_the_poisson_tail_is_the_exact_sum(bad, expected):
    terms = [exp(-expected) * expected**k / factorial(k) for k in range(bad, bad + 90)]
    assert poisson_tail(bad, expected) == pytest.approx(sum(terms), rel=1e-6, abs=1e-12)


def test_wilson_equals_newcombes_worked_examples():
    # Newcombe 1998, table I: 81 of 263 and 15 of 148, method 3 (score without correction)
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_the_days_example_holds():
    # 18 of 31 bad is 58 %, 41..74 %, see the reference designs
    low, high = wilson(18, 31)
    assert (round(low * 100), round(high * 100)) == (41, 74)


@given(n=st.integers(1, 500), share=st.floats(0.01, 0.99))
def test_evidence_is_none_at_the_usual_and_grows_with_what_is_bad(n, share):
    values = [share_evidence(bad, n, share) for bad in range(n + 1)]
    assert values == sorted(values)
    assert share_evidence(n * share, n, share) == 0
    assert volume_evidence(share, share) == 0


def test_the_usual_range_holds_about_95_percent():
    for expected in (0.5, 4.0, 50.0):
        low, high = usual_range(expected)
        inside = poisson_tail(int(low) + (low > int(low)), expected) - poisson_tail(int(high) + 1, expected)
        assert inside > 0.90
