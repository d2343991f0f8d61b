"""People who sign in: their role says what they may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cxwatch.access.tokens import Scope

Role = Literal["viewer", "agent", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "agent", "admin")
ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    "viewer": frozenset({"read"}),
    "agent": frozenset({"read", "act"}),
    "admin": frozenset({"read", "act", "ingest", "admin"}),
}
NAME_MAX = 64
PASSWORD_MIN = 12
PASSWORD_MAX = 256


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with a password of their own. A disabled one cannot sign in, and their sessions are over."""

    user_id: int
    name: str
    role: Role
    created_ms: int
    disabled_ms: int | None


class UserError(ValueError):
    """What was asked for a user cannot be: the text names the value, the rule and the way out."""


def check_name(name: str) -> str:
    """A name people can type and tell apart: letters, digits and . _ - @, in lower case. Raises UserError."""
    folded = name.strip().lower()
    if not 1 <= len(folded) <= NAME_MAX or not all(c.isalnum() or c in "._-@" for c in folded):
        raise UserError(f"NAME {name[:NAME_MAX]!r} must be 1 to {NAME_MAX} letters, digits or . _ - @")
    return folded


def check_password(password: str, name: str) -> str:
    """Long enough, and not the name. No other rules: length is what helps (NIST SP 800-63B). Raises UserError."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise UserError(
            f"the password must have {PASSWORD_MIN} to {PASSWORD_MAX} characters; this one has {len(password)}"
        )
    if password.lower() in (name, name * 2) or len(set(password)) < 4:
        raise UserError("the password is easily guessed: use several words that only you put together")
    return password
