"""Tokens: 256 random bits, shown once. A digest without salt is enough for them, because nobody can guess them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Literal

Scope = Literal["ingest", "read", "act", "admin"]
SCOPES: tuple[Scope, ...] = ("ingest", "read", "act")  # that a token may have; admin is for people
PREFIX = "cxw_"  # so that scanners for leaked secrets can find them
RANDOM_BYTES = 32
NAME_MAX = 64


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. Nobody knows the token itself but its bearer."""

    token_id: int
    name: str
    scopes: frozenset[Scope]
    created_ms: int
    revoked_ms: int | None


@dataclass(frozen=True, slots=True)
class Granted:
    """Who asks, and what they may do."""

    name: str
    scopes: frozenset[Scope]


def new_token() -> str:
    """A token that nobody has."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
