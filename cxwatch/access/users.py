"""Users and their sessions, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from cxwatch.access.people import Role, User, UserError
from cxwatch.access.tables import sessions, tokens, users
from streams.clock import HOUR_MS

USERS_MAX = 1_000
SESSIONS_MAX = 20  # a user; the oldest ends when another begins
IDLE_MS = 12 * HOUR_MS  # a shift
LONGEST_MS = 7 * 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Session:
    """Who a cookie stands for, and what a form of theirs must carry."""

    name: str
    role: Role
    csrf: str
    seen_ms: int


def add_user(conn: Connection, name: str, role: Role, password_hash: str, now_ms: int) -> int:
    """Keep a new user; their number. Raises UserError where the name is taken or there are too many."""
    if conn.execute(select(users.c.user_id).where(users.c.name == name)).first() is not None:
        raise UserError(f"there is a user {name} already: `cxwatch user list` shows them")
    if int(conn.execute(select(func.count()).select_from(users)).scalar_one()) >= USERS_MAX:
        raise UserError(f"there are {USERS_MAX:,} users: sign people in by your proxy instead ([web] user_header)")
    row = {"name": name, "role": role, "password": password_hash, "created_ms": now_ms}
    key = conn.execute(insert(users).values(row)).inserted_primary_key
    return 0 if key is None else int(key[0])


def change_user(conn: Connection, name: str, **changes: object) -> bool:
    """Set columns of a user and end their sessions; False if there is none."""
    found = conn.execute(update(users).where(users.c.name == name).values(changes).returning(users.c.user_id)).first()
    if found is None:
        return False
    conn.execute(delete(sessions).where(sessions.c.user_id == found.user_id))
    return True


def read_users(conn: Connection) -> list[User]:
    """Everybody, by name."""
    return [_user(row) for row in conn.execute(select(users).order_by(users.c.name).limit(USERS_MAX))]


def any_user(conn: Connection) -> bool:
    """Whether anybody can sign in."""
    return conn.execute(select(users.c.user_id).where(users.c.disabled_ms.is_(None)).limit(1)).first() is not None


def anything_set_up(conn: Connection) -> bool:
    """Whether there ever was a user or a token: from then on nobody is let in unasked, even when all are gone."""
    return any(conn.execute(select(table).limit(1)).first() is not None for table in (users, tokens))


def find_user(conn: Connection, name: str) -> tuple[User, str] | None:
    """A user who may sign in, and their password's hash."""
    row = conn.execute(select(users).where(users.c.name == name, users.c.disabled_ms.is_(None))).first()
    return None if row is None else (_user(row), row.password)


def role_of(conn: Connection, name: str) -> Role | None:
    """The role of a user of this name, None for nobody and for a disabled one."""
    found = find_user(conn, name)
    return None if found is None else found[0].role


def start_session(conn: Connection, user_id: int, digest: str, csrf: str, now_ms: int) -> None:
    """Remember that somebody signed in; forget sessions that are over, and the oldest beyond SESSIONS_MAX."""
    s = sessions.c
    conn.execute(delete(sessions).where((s.seen_ms < now_ms - IDLE_MS) | (s.started_ms < now_ms - LONGEST_MS)))
    newest = select(s.digest).where(s.user_id == user_id).order_by(s.started_ms.desc()).limit(SESSIONS_MAX - 1)
    conn.execute(delete(sessions).where(s.user_id == user_id, s.digest.not_in(newest)))
    row = {"digest": digest, "user_id": user_id, "csrf": csrf, "started_ms": now_ms, "seen_ms": now_ms}
    conn.execute(insert(sessions).values(row))


def find_session(conn: Connection, digest: str, now_ms: int) -> Session | None:
    """The session of a cookie, if it is not over and its user may still sign in."""
    s, u = sessions.c, users.c
    query = (
        select(u.name, u.role, s.csrf, s.seen_ms)
        .join_from(sessions, users, s.user_id == u.user_id)
        .where(
            s.digest == digest,
            s.seen_ms >= now_ms - IDLE_MS,
            s.started_ms >= now_ms - LONGEST_MS,
            u.disabled_ms.is_(None),
        )
    )
    row = conn.execute(query).first()
    return None if row is None else Session(row.name, cast(Role, row.role), row.csrf, row.seen_ms)


def touch_session(conn: Connection, digest: str, now_ms: int) -> None:
    """The session is in use."""
    conn.execute(update(sessions).where(sessions.c.digest == digest).values(seen_ms=now_ms))


def end_session(conn: Connection, digest: str) -> None:
    """Sign out."""
    conn.execute(delete(sessions).where(sessions.c.digest == digest))


def _user(row: Row[Any]) -> User:
    return User(row.user_id, row.name, cast(Role, row.role), row.created_ms, row.disabled_ms)
