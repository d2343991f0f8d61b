"""Secrets: from the environment, or from the file that NAME_FILE names. Their values are never shown or repeated."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from alerting.settings import Secret
from cxwatch.settings.reader import Sheet
from cxwatch.settings.records import Secrets

SECRET_BYTES_MAX = 4096


def read_secrets(sheet: Sheet) -> Secrets:
    """All secrets that are set; an empty variable counts as not set."""
    return Secrets(**{field.name: _read(sheet, field.name.upper()) for field in fields(Secrets)})


def _read(sheet: Sheet, name: str) -> Secret | None:
    value = sheet.environ.get(name, "").strip()
    if value:
        return Secret(value)
    file = sheet.environ.get(f"{name}_FILE")
    if not file:
        return None
    try:
        with Path(file).open("rb") as opened:
            found = opened.read(SECRET_BYTES_MAX).decode().strip()
    except OSError as error:
        sheet.wrong_variable(f"{name}_FILE", f"names a file that cannot be read: {error.strerror}")
        return None
    except UnicodeDecodeError:
        sheet.wrong_variable(f"{name}_FILE", "names a file that is not text")
        return None
    if not found:
        sheet.wrong_variable(f"{name}_FILE", "names an empty file: put the secret into it")
        return None
    return Secret(found)
