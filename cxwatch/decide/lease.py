"""Who may decide and deliver: one row, renewed by the database server's clock, checked in the same transaction."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, bindparam, select, true, update

from cxwatch.decide.tables import leases
from streams.store.bulk import put
from streams.store.dialect import server_ms

LEASE_MS = 6_000
_HELD = select(leases.c.token, leases.c.until_ms).where(leases.c.name == bindparam("held"))


class Lease:
    """One process's claim to a role. `hold` renews it or takes over one that ran out, inside the caller's transaction.

    The row stays locked until that transaction ends, so two holders can never commit side by side.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._token = secrets.token_hex(16)

    def hold(self, conn: Connection, *, seize: bool = False) -> bool:
        """Whether the role is ours for this transaction. `seize` takes it from a holder known to be dead."""
        c = leases.c
        if _others_round_runs(conn, self._name):
            return False
        now = server_ms(conn)
        mine = (c.token == self._token) | (c.until_ms < now)
        renewed = conn.execute(
            update(leases)
            .where(c.name == self._name, true() if seize else mine)
            .values(token=self._token, until_ms=now + LEASE_MS)
        )
        if renewed.rowcount == 1:
            return True
        row = {"name": self._name, "token": self._token, "until_ms": now + LEASE_MS}
        return put(conn, leases, [row], []) == 1

    def renew(self, conn: Connection) -> None:
        """Let it last from now on; `hold` was true in this transaction, so that the row is ours."""
        c = leases.c
        query = update(leases).where(c.name == self._name, c.token == self._token)
        conn.execute(query.values(until_ms=server_ms(conn) + LEASE_MS))

    def held(self, conn: Connection) -> bool:
        """Whether the role is still ours, for one about to act outside the database."""
        row = conn.execute(_HELD, {"held": self._name}).one_or_none()
        return row is not None and row.token == self._token and row.until_ms >= server_ms(conn)

    def give_up(self, conn: Connection) -> None:
        """Let another take over at once (orderly stop)."""
        c = leases.c
        conn.execute(update(leases).where(c.name == self._name, c.token == self._token).values(until_ms=0))


def anyone_holds(conn: Connection, name: str) -> bool:
    """Whether some process has the role now; false means that nobody has renewed it for LEASE_MS."""
    until_ms = conn.execute(select(leases.c.until_ms).where(leases.c.name == name)).scalar()
    return until_ms is not None and int(until_ms) >= server_ms(conn)


def _others_round_runs(conn: Connection, name: str) -> bool:
    """Whether another process decides at this moment: its row is locked, and nobody should wait for it to end."""
    row = select(leases.c.name).where(leases.c.name == name)
    free = conn.execute(row.with_for_update(skip_locked=True)).one_or_none()  # SQLite has one writer anyway
    return free is None and conn.execute(row).one_or_none() is not None
