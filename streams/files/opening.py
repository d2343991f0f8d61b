"""Opens files: plain or gzip, with how far they have been read, and with a look at what they hold."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from streams.files.errors import UnreadableFile

HEAD_BYTES = 64 * 1024
Kind = Literal["table", "lines"]

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS: dict[str, Kind] = {
    ".csv": "table",
    ".tsv": "table",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".json": "lines",
}
_SAVE_AS = "save it as CSV in UTF-8 (spreadsheets call it CSV UTF-8) or as JSON lines"


class Opened:
    """The content of an open file."""

    def __init__(self, path: Path, file: io.FileIO) -> None:
        self.path = path
        self._file = file
        packed = file.read(len(_GZIP)) == _GZIP
        file.seek(0)
        inner = io.BufferedReader(file, HEAD_BYTES)
        # gzip's own type is not a raw file, but all that BufferedReader needs of one.
        self.body: io.BufferedReader[Any] = (
            io.BufferedReader(gzip.GzipFile(fileobj=inner), HEAD_BYTES) if packed else inner
        )

    @property
    def position(self) -> int:
        """Bytes of the file read so far, compressed ones where it is: for showing progress."""
        return self._file.tell()

    def head(self) -> bytes:
        """The first bytes, without the mark that says UTF-8; they are still there to be read."""
        return self.body.peek(HEAD_BYTES)[:HEAD_BYTES].removeprefix(_BOM)

    def suffix(self) -> str:
        """The end of the file's name that says what it holds."""
        name = self.path.name.lower().removesuffix(".gz")
        return Path(name).suffix


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """Open a file; whatever stands in the way of reading it comes out as UnreadableFile."""
    try:
        with path.open("rb", buffering=0) as file:
            yield Opened(path, file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFile(path, "is damaged: its compressed data ends early or is broken", "get it again") from error
    except OSError as error:
        raise UnreadableFile.refused_by_system(path, error) from error


def kind_of(file: Opened) -> Kind:
    """Whether it holds a table or JSON lines: its name says so, or else its first character.

    Raises UnreadableFile for what is neither.
    """
    head = file.head()
    if head.startswith(_UTF_16) or head.count(0) * 10 > len(head) or head.startswith((b"PK\x03\x04", b"PAR1")):
        raise UnreadableFile(file.path, "is not text in UTF-8", _SAVE_AS)
    start = head.lstrip()
    kind = _KINDS.get(file.suffix()) or ("lines" if start[:1] in (b"{", b"[") else "table")
    if kind == "lines":
        if start[:1] == b"[":
            raise UnreadableFile(
                file.path,
                "is one JSON array, and JSON lines have one event a line",
                f"write it with one event a line, such as with: jq -c '.[]' {file.path.name} > events.jsonl",
            )
        if start.split(b"\n", 1)[0].strip() == b"{":
            raise UnreadableFile(
                file.path,
                "has JSON objects over several lines, and JSON lines have one event a line",
                f"write it with one event a line, such as with: jq -c . {file.path.name} > events.jsonl",
            )
    return kind
