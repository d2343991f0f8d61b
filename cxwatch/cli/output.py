"""What a command prints: lines for people, or with --json one JSON object a line on stdout and all else on stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unicodedata import category

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

OBEYED = ("Cc", "Cf", "Cs", "Zl", "Zp")
ENCODE = msgspec.json.Encoder().encode


class Output:
    """Where one command writes. Text from events is printed as it is, never as mark-up, and without control codes."""

    def __init__(self, json: bool = False) -> None:
        self.json = json
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def row(self, record: Any) -> None:
        """One line of JSON on stdout, at once. Only with --json."""
        if self.json:
            print(ENCODE(record).decode(), flush=True)

    def say(self, text: str) -> None:
        """A line for people: the command's result."""
        (self.err if self.json else self.out).print(Text(plain(text)))

    def hint(self, text: str) -> None:
        """A line beside the result: what happens, what to do next. Always on stderr."""
        self.err.print(Text(plain(text)))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> None:
        """A table for people; nothing with --json, where rows were printed one by one."""
        if self.json:
            return
        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for name in columns:
            table.add_column(name, justify="right" if name in right else "left", no_wrap=name in right)
        for row in rows:
            table.add_row(*(Text(plain("" if value is None else str(value))) for value in row))
        self.out.print(table, soft_wrap=False)

    def progress(self) -> Progress:
        """A bar on stderr; silent where nobody looks."""
        return Progress(
            TextColumn("{task.description}", markup=False),  # it holds names of files
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self.err,
            transient=True,
            disable=not self.err.is_terminal,
        )


def plain(text: str) -> str:
    """Without control characters and those that turn the direction of writing: a terminal would obey them."""
    return "".join("\ufffd" if category(c) in OBEYED and c not in "\n\t\u200d" else c for c in text)
