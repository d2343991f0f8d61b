"""What is wrong with the settings, all of it at once: where, which key, and what would be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cxwatch.errors import CxwatchError

SHOWN_MAX = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `line` is 0 where there is none: an environment variable, or a key that is missing."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.key} {self.text}" if self.key else f"{where}: {self.text}"


class SettingsError(CxwatchError):
    """The settings cannot be used; its text lists every problem, one a line."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line, problem.key)))
        lines = [str(problem) for problem in self.problems[:SHOWN_MAX]]
        if len(self.problems) > SHOWN_MAX:
            lines.append(f"and {len(self.problems) - SHOWN_MAX} more")
        super().__init__("\n".join(lines))
