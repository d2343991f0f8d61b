"""Tokens as they are kept: only a digest of each, so that a copy of the database lets nobody in."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from cxwatch.access.tables import tokens
from cxwatch.access.tokens import SCOPES, Granted, Scope, Token

TOKENS_MAX = 1_000


class TooManyTokens(ValueError):
    """There are as many tokens in use as are kept."""


def add_token(conn: Connection, name: str, scopes: frozenset[Scope], digest: str, now_ms: int) -> int:
    """Keep a new token; its number. Raises TooManyTokens."""
    in_use = select(func.count()).select_from(tokens).where(tokens.c.revoked_ms.is_(None))
    if int(conn.execute(in_use).scalar_one()) >= TOKENS_MAX:
        raise TooManyTokens(f"{TOKENS_MAX:,} tokens are in use: revoke some first (cxwatch token list)")
    row = {"name": name, "scopes": " ".join(sorted(scopes)), "digest": digest, "created_ms": now_ms}
    key = conn.execute(insert(tokens).values(row)).inserted_primary_key
    return 0 if key is None else int(key[0])


def revoke_token(conn: Connection, token_id: int, now_ms: int) -> bool:
    """Make a token worthless; False if there is none of that number in use."""
    mine = (tokens.c.token_id == token_id) & tokens.c.revoked_ms.is_(None)
    return conn.execute(update(tokens).where(mine).values(revoked_ms=now_ms)).rowcount == 1


def read_tokens(conn: Connection) -> list[Token]:
    """All tokens, newest first, revoked ones too."""
    query = select(tokens).order_by(tokens.c.token_id.desc()).limit(2 * TOKENS_MAX)
    return [
        Token(row.token_id, row.name, _scopes(row.scopes), row.created_ms, row.revoked_ms)
        for row in conn.execute(query)
    ]


def read_granted(conn: Connection) -> dict[str, Granted]:
    """Digest -> what its bearer may do, for all tokens in use."""
    c = tokens.c
    rows = conn.execute(select(c.digest, c.name, c.scopes).where(c.revoked_ms.is_(None)).limit(TOKENS_MAX))
    return {row.digest: Granted(row.name, _scopes(row.scopes)) for row in rows}


def _scopes(words: str) -> frozenset[Scope]:
    return frozenset(scope for scope in SCOPES if scope in words.split())
