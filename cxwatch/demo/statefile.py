"""Small facts that must survive a kill -9, each a JSON file that is replaced in one step."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


class DemoStateError(Exception):
    """A file of the demo's folder cannot be read. The message names it and the way out."""


def load(path: Path, kind: type[S]) -> S | None:
    """What the file holds; None when it is not there.

    Raises:
        DemoStateError: it is there and does not hold that.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DemoStateError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DemoStateError(f"{path} is damaged. Start over with `cxwatch demo --fresh`.") from error


def save(path: Path, state: msgspec.Struct) -> None:
    """Replace the file, durable before it returns.

    Raises:
        OSError: the disk is full or read-only; the old file is still whole.
    """
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, msgspec.json.encode(state))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.replace(path)
