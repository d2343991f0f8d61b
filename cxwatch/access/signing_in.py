"""Signing in and out: a password for a session, with a limit on guesses."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from sqlalchemy import Engine

from cxwatch.access.audit import AuditLine, attempts, note
from cxwatch.access.passwords import hash_of, matches, outdated
from cxwatch.access.people import NAME_MAX, PASSWORD_MAX
from cxwatch.access.tables import users
from cxwatch.access.tokens import digest_of
from cxwatch.access.users import end_session, find_user, start_session
from streams.clock import MINUTE_MS, SECOND_MS, Clock

WITHIN_MS = 15 * MINUTE_MS
GUESSES_MAX = 5  # wrong passwords for one name from one address within WITHIN_MS
ADDRESS_GUESSES_MAX = 30  # for all names
AT_ONCE_MAX = 2  # passwords checked at the same time: each takes 64 MiB
WAITING_MAX = 20
SIGN_IN, REFUSED = "sign in", "refused"
UNKNOWN = "an unknown name"  # never what was typed: it may be a password in the wrong field


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The secret for the cookie. It is kept nowhere else."""

    secret: str


@dataclass(frozen=True, slots=True)
class TooOften:
    """Too many wrong passwords; when to try again."""

    wait_s: int


class SignIn:
    """Checks passwords of one web server. `clock` is real time: sessions know no demo."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._checking = asyncio.Semaphore(AT_ONCE_MAX)
        self._waiting = 0

    async def sign_in(self, name: str, password: str, address: str) -> SignedIn | TooOften | None:
        """A session for the right password; None for a wrong one, or a name nobody has."""
        name = name.strip().lower()[: NAME_MAX + 1]
        if self._waiting >= WAITING_MAX:
            return TooOften(1)
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(self._try, name, password[: PASSWORD_MAX + 1], address)
        finally:
            self._waiting -= 1

    async def sign_out(self, secret: str, actor: str, address: str) -> None:
        """End a session."""
        await asyncio.to_thread(self._end, secret, actor, address)

    def _try(self, name: str, password: str, address: str) -> SignedIn | TooOften | None:
        now_ms = self._clock.now_ms()
        with self._engine.connect() as conn:
            found = find_user(conn, name)
            who = UNKNOWN if found is None else name
            failed = attempts(conn, address, REFUSED, now_ms - WITHIN_MS)
        wait_s = _wait(failed, who, now_ms)
        if wait_s:
            return TooOften(wait_s)
        kept = None if found is None else found[1]
        right = matches(kept, password)
        renewed = hash_of(password) if right and kept is not None and outdated(kept) else None
        secret = secrets.token_urlsafe(32)
        with self._engine.begin() as conn:
            outcome = "done" if right else REFUSED
            note(conn, AuditLine(now_ms, who, SIGN_IN, outcome, address))
            if not right or found is None:
                return None
            if renewed is not None:
                conn.execute(users.update().where(users.c.name == name).values(password=renewed))
            start_session(conn, found[0].user_id, digest_of(secret), secrets.token_urlsafe(32), now_ms)
        return SignedIn(secret)

    def _end(self, secret: str, actor: str, address: str) -> None:
        with self._engine.begin() as conn:
            end_session(conn, digest_of(secret))
            note(conn, AuditLine(self._clock.now_ms(), actor, "sign out", "done", address))


def _wait(failed: list[tuple[str, int]], who: str, now_ms: int) -> int:
    """Seconds until there is a guess left; 0 when there is one now. `failed` is newest first."""
    mine, all_of_them = [at_ms for actor, at_ms in failed if actor == who], [at_ms for _, at_ms in failed]
    limits = ((mine, GUESSES_MAX), (all_of_them, ADDRESS_GUESSES_MAX))
    oldest = [times[most - 1] for times, most in limits if len(times) >= most]
    return max((1 + (at_ms + WITHIN_MS - now_ms) // SECOND_MS for at_ms in oldest), default=0)
