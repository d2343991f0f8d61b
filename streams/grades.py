"""Grades: what an interaction is worth in the company's framework."""

from __future__ import annotations

import msgspec

from streams.settings import Framework

GRADE_MAX = 1_000  # a framework's grades lie in -GRADE_MAX..GRADE_MAX


class Graded(msgspec.Struct, frozen=True, gc=False):
    """An observed interaction's grade, with Kano applied, and whether it was a bad one.

    `bad` goes by the grade as written: a delighter that failed costs nothing, but was bad all the same.
    """

    grade: int
    bad: bool
    moment_of_truth: bool


def grade_of(framework: Framework, interaction: str, outcome: str | None) -> Graded | None:
    """The grade of "interaction:outcome", else that of "interaction"; None if the framework has neither.

    A basic's success earns nothing, its failure costs; a delighter the reverse (Kano). Raises ValueError for a grade
    beyond GRADE_MAX, which the settings refuse before it comes to that.
    """
    grades = framework.grades
    found = grades.get(f"{interaction}:{outcome}") if outcome is not None else None
    if found is None:
        found = grades.get(interaction)
        if found is None:
            return None
    grade = found.grade
    if not -GRADE_MAX <= grade <= GRADE_MAX:
        raise ValueError(f"grade of {interaction!r} is {grade}: write one from -{GRADE_MAX} to {GRADE_MAX}")
    if (found.kano == "basic" and grade > 0) or (found.kano == "delighter" and grade < 0):
        return Graded(0, grade < 0, found.moment_of_truth)
    return Graded(grade, grade < 0, found.moment_of_truth)
