"""Tables of who may do what: tokens of programs, people with their sessions, and what everybody did."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table

from streams.store.dialect import word

metadata = MetaData()

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Integer, primary_key=True, autoincrement=True),
    Column("name", word(64), nullable=False),
    Column("scopes", word(64), nullable=False),  # words with spaces between
    Column("digest", word(64), nullable=False, unique=True),
    Column("created_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
)

users = Table(
    "users",
    metadata,
    Column("user_id", Integer, primary_key=True, autoincrement=True),
    Column("name", word(64), nullable=False, unique=True),
    Column("role", word(16), nullable=False),
    Column("password", word(256), nullable=False),  # argon2id
    Column("created_ms", BigInteger, nullable=False),
    Column("disabled_ms", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", word(64), primary_key=True),  # of what the cookie holds
    Column("user_id", Integer, nullable=False),
    Column("csrf", word(64), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Index("sessions_user", "user_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("actor", word(96), nullable=False),
    Column("address", word(64), nullable=False),  # where from; empty for the command line
    Column("what", word(256), nullable=False),
    Column("outcome", word(64), nullable=False),
    Index("audit_at", "at_ms"),
    Index("audit_address", "address", "at_ms"),
    sqlite_autoincrement=True,  # numbers are never given twice
)
