"""Takes values out of a TOML table, key by key, and collects what is wrong instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cxwatch.settings.lines import Lines
from cxwatch.settings.problems import Problem
from cxwatch.settings.telling import as_toml
from dashboards.settings import Origin, Told

TEXT_MAX = 256
NAME_MAX = 64
NAMES_MAX = 200
ENV_PREFIX = "CXWATCH_"

Choice = TypeVar("Choice", bound=str)
T = TypeVar("T")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass
class Sheet:
    """One settings file and the environment beside it, with the problems found so far and what every key came to."""

    file: str
    lines: Lines
    environ: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)

    def wrong(self, path: Sequence[str], text: str) -> None:
        """Note a problem with a key of the file."""
        self.problems.append(Problem(self.file, self.lines.of(tuple(path)), _shown(path), text))

    def wrong_variable(self, name: str, text: str) -> None:
        """Note a problem with an environment variable. Its value is not repeated."""
        self.problems.append(Problem(name, 0, "", text))


class Table:
    """One table of the file. Every key asked for is known; `finish` reports the others.

    `env` is the table's part of a variable's name ("WEB" for CXWATCH_WEB_PORT), None where variables do not reach.
    """

    def __init__(self, sheet: Sheet, values: Mapping[str, Any], path: tuple[str, ...], env: str | None) -> None:
        self._sheet = sheet
        self._values = values
        self._path = path
        self._env = env
        self._known: list[str] = []
        self._lists: set[str] = set()  # keys that no variable reaches

    def given(self, key: str) -> bool:
        """Whether the file, or the environment, names this key."""
        return key in self._values or self._variable(key) is not None

    def wrong(self, key: str, text: str) -> None:
        """Note a problem with one of this table's keys, wherever its value came from."""
        if self._variable(key) is not None:
            self._sheet.wrong_variable(f"{ENV_PREFIX}{self._name(key)}", text)
        else:
            self._sheet.wrong((*self._path, key), text)

    def text(self, key: str, default: str, length_max: int = TEXT_MAX) -> str:
        """A text of 1 to `length_max` characters."""
        value = self._take(key)
        if value is None:
            return self._tell(key, default)
        if not isinstance(value, str) or not 1 <= len(value) <= length_max:
            self.wrong(key, f"must be text of 1 to {length_max} characters in quotes, such as {default!r}")
            return default
        return self._tell(key, value)

    def optional(self, key: str) -> str | None:
        """A text, None if it is left out."""
        value = self._take(key)
        if value is not None and (not isinstance(value, str) or not 1 <= len(value) <= TEXT_MAX):
            self.wrong(key, f"must be text of 1 to {TEXT_MAX} characters in quotes, or left out")
            return None
        return self._tell(key, value)

    def choice(self, key: str, default: Choice, choices: Sequence[Choice]) -> Choice:
        """One of a few words."""
        value = self._take(key)
        if value is None:
            return self._tell(key, default)
        for choice in choices:
            if value == choice:
                return self._tell(key, choice)
        self.wrong(key, f"must be one of {', '.join(choices)}")
        return default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._take(key)
        if value is None:
            return self._tell(key, default)
        if isinstance(value, str) and self._variable(key) is not None and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low:,} to {high:,}; without it, it is {default:,}")
            return default
        return self._tell(key, value)

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        value = self._take(key)
        if value is None:
            return self._tell(key, default)
        if isinstance(value, str) and self._variable(key) is not None:
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.wrong(key, f"must be a number from {low:g} to {high:g}; without it, it is {default:g}")
            return default
        return self._tell(key, float(value))

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self._take(key)
        if value is None:
            return self._tell(key, default)
        if isinstance(value, str) and self._variable(key) is not None:
            value = _TRUTH.get(value.lower(), value)
        if not isinstance(value, bool):
            self.wrong(key, "must be true or false, without quotes")
            return default
        return self._tell(key, value)

    def names(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of names, each once. Lists are not taken from the environment."""
        self._known.append(key)
        self._lists.add(key)
        value = self._values.get(key)
        if value is None:
            return self._tell(key, default)
        fits = isinstance(value, list) and all(isinstance(name, str) and 1 <= len(name) <= NAME_MAX for name in value)
        if not fits or len(value) > NAMES_MAX:
            self.wrong(key, f"must be a list of at most {NAMES_MAX} names of 1 to {NAME_MAX} characters in quotes")
            return default
        twice = sorted({name for name in value if value.count(name) > 1})
        if twice:
            self.wrong(key, f"names {', '.join(twice)} twice: leave one")
        return self._tell(key, tuple(dict.fromkeys(value)))

    def table(self, key: str) -> Table:
        """A table inside this one, empty if it is left out."""
        self._known.append(key)
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            self._sheet.wrong((*self._path, key), f"must be a table: write [{_shown((*self._path, key))}]")
            value = {}
        env = None if self._env is None else f"{self._env}_{key.upper()}".lstrip("_")
        return Table(self._sheet, value, (*self._path, key), env)

    def items(self) -> list[tuple[str, Any]]:
        """All keys and values, for tables whose keys are the user's own names."""
        self._known.extend(self._values)
        return list(self._values.items())

    def tables(self) -> list[tuple[str, Table]]:
        """All tables inside, for [stage.NAME] and the like."""
        self._env = None  # the names are the user's own, so no variable can be told from another
        return [(name, self.table(name)) for name in self._values]

    def array(self, key: str) -> list[Table]:
        """The tables of [[key]]."""
        self._known.append(key)
        value = self._values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self._sheet.wrong((*self._path, key), f"must be written as [[{key}]], once for each")
            return []
        return [Table(self._sheet, one, (*self._path, key, str(n)), None) for n, one in enumerate(value)]

    def finish(self) -> None:
        """Report every key that nobody asked for."""
        for key in self._values:
            if key in self._known:
                continue
            close = difflib.get_close_matches(key, self._known, 1)
            hint = (
                f"did you mean {close[0]}?" if close else f"known here: {', '.join(sorted(self._known)) or 'nothing'}"
            )
            self._sheet.wrong((*self._path, key), f"is not a setting; {hint}")

    def _take(self, key: str) -> Any:
        self._known.append(key)
        variable = self._variable(key)
        return variable if variable is not None else self._values.get(key)

    def _tell(self, key: str, value: T) -> T:
        """Note what a key came to, and from where, for the settings page."""
        path = (*self._path, key)
        origin: Origin = "default"
        if self._variable(key) is not None:
            origin = "environment"
        elif key in self._values:
            origin = "file"
        shown = _shown(path)
        line = self._sheet.lines.of(path) if origin == "file" else 0
        self._sheet.told[shown] = Told(shown, as_toml(shown, value), origin, line)
        return value

    def _name(self, key: str) -> str:
        return f"{self._env}_{key}".upper().lstrip("_")

    def _variable(self, key: str) -> str | None:
        if self._env is None or key in self._lists:
            return None
        return self._sheet.environ.get(ENV_PREFIX + self._name(key)) or None


def _shown(path: Sequence[str]) -> str:
    return ".".join(part if part.replace("_", "").replace("-", "").isalnum() else f'"{part}"' for part in path)
