"""Passwords are kept as argon2id hashes (RFC 9106, by argon2-cffi), so that a copy of the database gives none away."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher()  # RFC 9106, low memory: 64 MiB and some 50 ms a try
_NOBODYS = _hasher.hash("nobody has this password")


def hash_of(password: str) -> str:
    """What is kept of a password. Takes some 50 ms: call it in a thread."""
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long for a name that nobody has (None), so that time tells nothing."""
    try:
        return _hasher.verify(_NOBODYS if kept is None else kept, password) and kept is not None
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than are used today."""
    return _hasher.check_needs_rehash(kept)
