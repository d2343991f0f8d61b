"""What is in the way of deliveries now, for people: which channel or place, why, since when, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from alerting.tables import troubles
from streams.store.dialect import plain_insert

EVERYWHERE = ""  # the target of a trouble that holds the whole channel
REASON_MAX = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """Nothing gets through there. `reason` says what to do; times are real."""

    channel: str
    target: str
    reason: str
    since_real_ms: int
    last_real_ms: int

    @property
    def place(self) -> str:
        """ "slack" or "slack #cx-alerts"."""
        return f"{self.channel} {self.target}".strip()


def note(conn: Connection, channel: str, target: str, reason: str, real_ms: int) -> None:
    """Keep that it does not work; the first time stays."""
    insertion = plain_insert(conn, troubles)
    conn.execute(
        insertion.values(
            channel=channel,
            target=target,
            reason=reason[:REASON_MAX],
            since_real_ms=real_ms,
            last_real_ms=real_ms,
        ).on_conflict_do_update(
            index_elements=["channel", "target"],
            set_={"reason": insertion.excluded.reason, "last_real_ms": insertion.excluded.last_real_ms},
        )
    )


def over(conn: Connection, channel: str, target: str) -> None:
    """It works again there, so the channel as a whole does too."""
    c = troubles.c
    conn.execute(delete(troubles).where(c.channel == channel, c.target.in_((target, EVERYWHERE))))


def over_at(conn: Connection, channel: str, target: str) -> None:
    """It works again there; that says nothing about the channel as a whole."""
    conn.execute(delete(troubles).where(troubles.c.channel == channel, troubles.c.target == target))


def read(conn: Connection) -> list[Trouble]:
    """All of them, the oldest first."""
    rows = conn.execute(select(troubles).order_by(troubles.c.since_real_ms, troubles.c.channel, troubles.c.target))
    return [Trouble(**row._mapping) for row in rows]
