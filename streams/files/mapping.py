"""What the columns of a file mean: which field each fills, which fields are the same in every row, which time zone."""

from __future__ import annotations

from collections import abc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from zoneinfo import available_timezones

import msgspec

from streams.cells import ATTRIBUTE_PREFIX, KNOWN_FIELDS, is_field

_WHAT_FIELDS = ", ".join(sorted(KNOWN_FIELDS))


class MappingError(ValueError):
    """A mapping option that cannot be used. The message names the text and the rule it breaks."""

    def __init__(self, text: str, rule: str) -> None:
        super().__init__(f"{text!r} {rule}")
        self.text = text
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a file's rows become events.

    Of two that could fill one field the more explicit wins: a constant over every column (an empty constant leaves
    the field out of all rows), and a mapped column over one that merely has the field's name. A mapped column fills
    only the field it is mapped to; columns neither mapped nor named like a field are ignored.
    """

    columns: abc.Mapping[str, str] = field(default_factory=dict)  # column -> field
    constants: abc.Mapping[str, str] = field(default_factory=dict)  # field -> value
    timezone: str | None = None  # of times without offset; without one they are refused
    date_only: bool = False  # a date alone is midnight in `timezone`, or in UTC

    @classmethod
    def parse(
        cls, maps: Sequence[str] = (), sets: Sequence[str] = (), timezone: str | None = None, date_only: bool = False
    ) -> Mapping:
        """From the command line's texts, "column=field" and "field=value". Raises MappingError."""
        for text in (*maps, *sets):
            _check_text(text)
        columns: dict[str, str] = {}
        for text in maps:
            column, equals, name = (part.strip() for part in text.rpartition("="))
            if not (column and equals and name):
                raise MappingError(text, "must be column=field, such as reviewId=id")
            _check_field(text, name)
            if column in columns:
                raise MappingError(text, f"maps the column {column!r} a second time: name each column once")
            if name in columns.values():
                raise MappingError(text, f"fills {name} from a second column: name one column a field")
            columns[column] = name
        constants: dict[str, str] = {}
        for text in sets:
            name, equals, value = text.partition("=")
            name = name.strip()
            if not (name and equals):
                raise MappingError(text, "must be field=value, such as source=playstore")
            _check_field(text, name)
            if name in constants:
                raise MappingError(text, f"sets {name} a second time: set each field once")
            constants[name] = value.strip()
        if timezone is not None and timezone not in available_timezones():
            raise MappingError(timezone, f"must be a time zone such as Europe/Berlin{_near(timezone, _zones())}")
        return cls(columns, constants, timezone, date_only)

    @property
    def changes_nothing(self) -> bool:
        """Whether complete events pass as they are."""
        return not (self.columns or self.constants or self.timezone or self.date_only)

    @property
    def fingerprint(self) -> bytes:
        """The same for mappings that make the same events of a file."""
        parts = (sorted(self.columns.items()), sorted(self.constants.items()), self.timezone, self.date_only)
        return msgspec.json.encode(parts)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes on the command line that are not UTF-8
        raise MappingError(text, "must be valid UTF-8") from None


def _check_field(text: str, name: str) -> None:
    if not is_field(name):
        hint = _near(name, KNOWN_FIELDS) or f"; the fields are {_WHAT_FIELDS} and {ATTRIBUTE_PREFIX}NAME"
        raise MappingError(text, f"names {name!r}, which is not a field of an event{hint}")


def _zones() -> list[str]:
    return sorted(available_timezones())


def _near(name: str, known: Iterable[str]) -> str:
    """What may have been meant, as the end of a sentence; nothing where nothing is near."""
    by_lower = {one.lower(): one for one in known}
    near = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""
