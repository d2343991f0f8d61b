"""What stands in the way of reading a file; the message ends with the way out."""

from __future__ import annotations

from pathlib import Path


class UnreadableFile(Exception):
    """A file that cannot be read as a whole. `problem` says what stands in the way, `way_out` what to do."""

    def __init__(self, path: Path, problem: str, way_out: str) -> None:
        super().__init__(f"{path} {problem}: {way_out}")
        self.path = path
        self.problem = problem
        self.way_out = way_out

    @classmethod
    def refused_by_system(cls, path: Path, error: OSError) -> UnreadableFile:
        """The operating system said no."""
        why = (error.strerror or str(error)).lower()
        return cls(path, f"cannot be read ({why})", "check the path, and that this user may read the file")
