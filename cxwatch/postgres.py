"""PostgreSQL as the product opens it: bounded pools, bounded waits, and what it refuses said in words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

CONNECT_TIMEOUT_S = 5
POOL_WAIT_S = 10
# A process that freezes in a transaction, or whose cable is pulled, lets go of its row locks within these times.
OPTIONS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "tcp_user_timeout": "5s",
    "tcp_keepalives_idle": "5s",
    "tcp_keepalives_interval": "2s",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}
_WORDS = {
    "password authentication failed": "the user or the password is wrong: look at DATABASE_PASSWORD",
    "no password supplied": "it asks for a password: set DATABASE_PASSWORD",
    "does not exist": "there is no such user or database: create it (docs/operations.md has the SQL)",
    "too many clients": "it has no connection left: raise its max_connections, or run fewer processes",
    "no pg_hba.conf entry": "its pg_hba.conf does not let this user in from here",
}
_CODES = {
    "42501": "this user may not do that: migrate as the owner, and grant the rest (docs/operations.md has the SQL)",
    "53100": "its disk is full: free some space",
    "25006": "it is read-only, perhaps a replica: name the primary",
    "55P03": "something holds a lock: is another `cxwatch migrate` running?",
}


def open_postgres(url: URL, *, durable: bool) -> Engine:
    """An engine over PostgreSQL. `durable` False commits without waiting for the disk: nothing torn, perhaps late.

    At most 15 connections a process where people's requests and decisions run, 4 where events are measured.
    """
    from psycopg.types.array import ListBinaryDumper  # here, as who uses SQLite need not wait for it

    options = OPTIONS if durable else {**OPTIONS, "synchronous_commit": "off"}
    engine = create_engine(
        url,
        connect_args={
            "application_name": "cxwatch" if durable else "cxwatch-measure",
            "connect_timeout": CONNECT_TIMEOUT_S,
            "tcp_user_timeout": 5_000,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
        },
        pool_pre_ping=True,
        pool_size=5 if durable else 2,
        max_overflow=10 if durable else 2,
        pool_timeout=POOL_WAIT_S,
        hide_parameters=True,  # they hold customers' words, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.adapters.register_dumper(list, ListBinaryDumper)  # as text an array costs five times as much

    return engine


def why(error: DBAPIError) -> str:
    """What PostgreSQL refused, and the way out. Its own text is not repeated: it may hold a customer's."""
    code = getattr(error.orig, "sqlstate", None)
    if code in _CODES:
        return _CODES[code]
    said = str(error.orig)
    for words, explained in _WORDS.items():
        if words in said and code is None:  # while connecting
            return explained
    return f"{type(error.orig).__name__}; check that it runs, its address in the settings and DATABASE_PASSWORD"
