"""Secrets: from the environment, or from the file that NAME_FILE names. Their values are never shown or repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Literal

from alerting.settings import Secret
from cxwatch.settings.reader import Sheet
from cxwatch.settings.records import Secrets

SECRET_BYTES_MAX = 4096
SecretOrigin = Literal["environment", "file"]


def read_secrets(sheet: Sheet) -> Secrets:
    """All secrets that are set; an empty variable counts as not set."""
    return Secrets(**{field.name: _read(sheet, field.name.upper()) for field in fields(Secrets)})


def origins(secrets: Secrets, environ: Mapping[str, str]) -> tuple[tuple[str, SecretOrigin | None], ...]:
    """Of each secret: whether it is set, and whether by a variable or by a file that one names."""
    found: list[tuple[str, SecretOrigin | None]] = []
    for field in fields(Secrets):
        name = field.name.upper()
        by_variable = bool(environ.get(name, "").strip())
        known = getattr(secrets, field.name) is not None
        found.append((name, None if not known else "environment" if by_variable else "file"))
    return tuple(found)


def _read(sheet: Sheet, name: str) -> Secret | None:
    value = sheet.environ.get(name, "").strip()
    if value:
        return Secret(value)
    file = sheet.environ.get(f"{name}_FILE")
    if not file:
        return None
    try:
        with Path(file).open("rb") as opened:
            raw = opened.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        sheet.wrong_variable(f"{name}_FILE", f"names a file that cannot be read: {error.strerror}")
        return None
    return _secret(sheet, f"{name}_FILE", raw)


def _secret(sheet: Sheet, variable: str, raw: bytes) -> Secret | None:
    if len(raw) > SECRET_BYTES_MAX:
        sheet.wrong_variable(variable, f"names a file of more than {SECRET_BYTES_MAX:,} bytes: is it the right one?")
        return None
    try:
        found = raw.decode().strip()
    except UnicodeDecodeError:
        sheet.wrong_variable(variable, "names a file that is not text")
        return None
    if not found:
        sheet.wrong_variable(variable, "names an empty file: put the secret into it")
        return None
    return Secret(found)
