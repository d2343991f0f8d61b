"""Tells one file's content from any other's, so that an import can be taken up where it stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from streams.files.errors import UnreadableFile

PIECE_BYTES = 1024 * 1024


class Digest:
    """SHA-256 of a file's content as it lies there, taken piece by piece so that the caller can do other things."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sha = hashlib.sha256()

    def pieces(self) -> Iterator[int]:
        """Reads the file; yields the number of bytes read so far. Raises UnreadableFile."""
        done = 0
        try:
            with self._path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    self._sha.update(piece)
                    done += len(piece)
                    yield done
        except OSError as error:
            raise UnreadableFile.refused_by_system(self._path, error) from error

    @property
    def text(self) -> str:
        """The digest of what was read, in hexadecimal digits."""
        return self._sha.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of the file's content as it lies there. Raises UnreadableFile."""
    digest = Digest(path)
    for _ in digest.pieces():
        pass
    return digest.text
