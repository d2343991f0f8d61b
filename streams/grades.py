"""Grades: what an interaction is worth in the company's framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from streams.settings import Framework, Wait

T = TypeVar("T")

GRADE_MAX = 1_000  # a framework's grades lie in -GRADE_MAX..GRADE_MAX


class Graded(msgspec.Struct, frozen=True, gc=False):
    """An observed interaction's grade, with Kano applied, and whether it was a bad one.

    `bad` goes by the grade as written: a delighter that failed costs nothing, but was bad all the same.
    """

    grade: int
    bad: bool
    moment_of_truth: bool


class Rule(msgspec.Struct, frozen=True, gc=False):
    """What the framework says of a touchpoint with an outcome: grade, longest wait, grade of a broken promise."""

    graded: Graded | None
    wait: Wait | None
    promise: int | None

    def grade(self, wait_seconds: float | None, overrun_seconds: float | None) -> Graded | None:
        """The grade of one interaction: that of its outcome, or the worst of what was too late.

        One that a limit was kept in, and that has no grade of its own, is worth 0: it counts among those it could
        have been worse than. None where nothing says what it is worth.
        """
        found, worst = self.graded, 0
        if self.wait is not None and wait_seconds is not None:
            found = found or NEUTRAL
            if wait_seconds > self.wait.seconds:
                worst = self.wait.grade
        if self.promise is not None and overrun_seconds is not None:
            found = found or NEUTRAL
            if overrun_seconds > 0:
                worst = min(worst, self.promise)
        if found is None or not worst:
            return found
        return Graded(min(found.grade, worst), True, found.moment_of_truth)


NEUTRAL = Graded(0, False, False)


def rule_of(framework: Framework, interaction: str, outcome: str | None) -> Rule:
    """What holds for a touchpoint with an outcome; raises as `grade_of`."""
    graded = grade_of(framework, interaction, outcome)
    wait = _named(framework.waits, interaction, outcome)
    return Rule(graded, wait, _named(framework.promises, interaction, outcome))


def _named(table: Mapping[str, T], interaction: str, outcome: str | None) -> T | None:
    """The entry of "interaction:outcome", else that of "interaction"."""
    found = table.get(f"{interaction}:{outcome}") if outcome is not None else None
    return table.get(interaction) if found is None else found


def grade_of(framework: Framework, interaction: str, outcome: str | None) -> Graded | None:
    """The grade of "interaction:outcome", else that of "interaction"; None if the framework has neither.

    A basic's success earns nothing, its failure costs; a delighter the reverse (Kano). Raises ValueError for a grade
    beyond GRADE_MAX, which the settings refuse before it comes to that.
    """
    found = _named(framework.grades, interaction, outcome)
    if found is None:
        return None
    grade = found.grade
    if not -GRADE_MAX <= grade <= GRADE_MAX:
        raise ValueError(f"grade of {interaction!r} is {grade}: write one from -{GRADE_MAX} to {GRADE_MAX}")
    if (found.kano == "basic" and grade > 0) or (found.kano == "delighter" and grade < 0):
        return Graded(0, grade < 0, found.moment_of_truth)
    return Graded(grade, grade < 0, found.moment_of_truth)
