from __future__ import annotations

import pytest

from streams.grades import Graded, grade_of, rule_of
from streams.settings import Framework, Grade, Wait

FRAMEWORK = Framework(
    {
        "call": Grade(-1),
        "call:solved": Grade(2),
        "delivery:late": Grade(-4, "basic", moment_of_truth=True),
        "delivery": Grade(3, "basic"),
        "gift": Grade(5, "delighter"),
        "gift:broken": Grade(-2, "delighter"),
        "absurd": Grade(10**9),
    }
)


def test_the_longer_name_wins_and_the_touchpoint_alone_is_the_rule():
    assert grade_of(FRAMEWORK, "call", "solved") == Graded(2, bad=False, moment_of_truth=False)
    assert grade_of(FRAMEWORK, "call", "dropped") == Graded(-1, bad=True, moment_of_truth=False)
    assert grade_of(FRAMEWORK, "call", None) == Graded(-1, bad=True, moment_of_truth=False)


def test_what_the_framework_does_not_name_has_no_grade():
    assert grade_of(FRAMEWORK, "stroll", None) is None
    assert grade_of(Framework(), "call", "solved") is None
    assert grade_of(Framework({"call:solved": Grade(1)}), "call", None) is None


def test_a_basic_costs_when_it_fails_and_earns_nothing():
    assert grade_of(FRAMEWORK, "delivery", "late") == Graded(-4, bad=True, moment_of_truth=True)
    assert grade_of(FRAMEWORK, "delivery", "on time") == Graded(0, bad=False, moment_of_truth=False)


def test_a_delighter_earns_and_costs_nothing_when_it_fails_but_was_bad():
    assert grade_of(FRAMEWORK, "gift", None) == Graded(5, bad=False, moment_of_truth=False)
    assert grade_of(FRAMEWORK, "gift", "broken") == Graded(0, bad=True, moment_of_truth=False)


def test_a_grade_beyond_all_bounds_is_refused():
    with pytest.raises(ValueError, match=r"'absurd'.*write one from -1000 to 1000"):
        grade_of(FRAMEWORK, "absurd", None)


TIMES = Framework(
    {"call": Grade(1), "call:solved": Grade(2), "call:abandoned": Grade(-3, moment_of_truth=True)},
    waits={"call": Wait(120, -2), "mail": Wait(86_400)},
    promises={"delivery": -3, "call": -4},
)


@pytest.mark.parametrize(
    ("touchpoint", "wait", "overrun", "expected"),
    [
        (("call", "solved"), 120, None, Graded(2, bad=False, moment_of_truth=False)),
        (("call", "solved"), 121, None, Graded(-2, bad=True, moment_of_truth=False)),
        (("call", "solved"), None, None, Graded(2, bad=False, moment_of_truth=False)),
        (("call", "abandoned"), 600, None, Graded(-3, bad=True, moment_of_truth=True)),
        (("call", None), 121, 5, Graded(-4, bad=True, moment_of_truth=False)),
        (("mail", None), 90_000, None, Graded(-1, bad=True, moment_of_truth=False)),
        (("mail", None), 60, None, Graded(0, bad=False, moment_of_truth=False)),
        (("mail", None), None, None, None),
        (("delivery", "handed over"), None, 0.0, Graded(0, bad=False, moment_of_truth=False)),
        (("delivery", "handed over"), None, 1.0, Graded(-3, bad=True, moment_of_truth=False)),
        (("delivery", None), 10_000, None, None),
        (("stroll", None), 10_000, 10_000, None),
    ],
)
def test_what_took_too_long_or_came_later_than_promised_is_bad_whatever_its_outcome(
    touchpoint, wait, overrun, expected
):
    assert rule_of(TIMES, *touchpoint).grade(wait, overrun) == expected
