"""On which line of a TOML file a key stands. tomllib does not say, and an error without a line is a search."""

from __future__ import annotations

import re
from collections import Counter

Path = tuple[str, ...]

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_HEADER = re.compile(r"\s*(\[\[?)(.*?)\]\]?\s*(?:#.*)?$")
_LONG = re.compile(r"""("{3}|'{3})|"(?:[^"\\]|\\.)*"|'[^']*'|#.*""")  # group 1: a text over several lines begins


class Lines:
    """Line numbers by path: ("windows", "min_n"), ("route", "1", "to") for the second [[route]]."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._arrays: Counter[Path] = Counter()
        table: Path = ()
        inside = ""  # the quotes of a text over several lines that has not ended
        for number, line in enumerate(text.split("\n"), start=1):
            if inside:
                inside = "" if inside in line else inside
                continue
            header = _HEADER.match(line)
            if header:
                table = self._table(header)
                self._lines.setdefault(table, number)
                continue
            key, rest = _key(line)
            if key:
                for end in range(1, len(key) + 1):
                    self._lines.setdefault((*table, *key[:end]), number)
            inside = _left_open(rest)

    def of(self, path: Path) -> int:
        """The line of a key, of the nearest table around it if it is not written out, else 0."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[:-1]
        return 0

    def _table(self, header: re.Match[str]) -> Path:
        path = _parts(header[2])[0]
        if header[1] == "[[":
            self._arrays[path] += 1
        found: Path = ()
        names: Path = ()
        for part in path:  # tables inside an array of tables belong to its newest element
            names = (*names, part)
            found = (*found, part)
            if self._arrays[names]:
                found = (*found, str(self._arrays[names] - 1))
        return found


def _key(line: str) -> tuple[Path, str]:
    path, rest = _parts(line)
    return (path, rest[1:]) if path and rest.startswith("=") else ((), line)


def _left_open(text: str) -> str:
    """The quotes of a text that begins here and goes on in the next line, if there is one."""
    at = 0
    while match := _LONG.search(text, at):
        at = match.end()
        if match[1]:
            end = text.find(match[1], at)
            if end < 0:
                return match[1]
            at = end + len(match[1])
    return ""


def _parts(text: str) -> tuple[Path, str]:
    """A dotted key at the start of a text, and what follows it."""
    parts: list[str] = []
    at = 0
    while match := _PART.match(text, at):
        parts.append(next(group for group in match.groups() if group is not None))
        at = match.end()
        if not text.startswith(".", at):
            break
        at += 1
    return tuple(parts), text[at:]
