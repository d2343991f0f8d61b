"""How far changes have been sent. A round takes a revision before it reads, and moves the cursor after it has sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from dashboards.changes.tables import change_cursors, change_incidents, change_state
from dashboards.context import Unsent
from streams.panes import CONTACT, INTERACTION
from streams.store.bulk import put
from streams.store.dialect import server_ms
from streams.store.tables import panes

NOT_ANSWERS = (INTERACTION, CONTACT)


@dataclass(frozen=True, slots=True)
class Cursor:
    """What was sent: panes up to these commit numbers of their partitions, and finals up to this minute."""

    panes_sent: Mapping[int, int]
    closed_to: int | None
    sent_real_ms: int | None


@dataclass(frozen=True, slots=True)
class SentIncident:
    """An incident as it was sent."""

    number: int
    version: int
    digest: bytes


def read_cursor(conn: Connection) -> Cursor:
    """As it is now; nothing sent before the first round."""
    row = conn.execute(select(change_state.c.closed_to, change_state.c.sent_real_ms)).one_or_none()
    sent = {row.partition: row.panes_sent for row in conn.execute(select(change_cursors))}
    return Cursor(sent, None, None) if row is None else Cursor(sent, row.closed_to, row.sent_real_ms)


def reserve(conn: Connection) -> int:
    """The revision of a round that is about to read and send: above every one before, whether that was sent or not.

    Milliseconds of the database server's clock, so that one restored from a backup does not begin below what it
    has sent; where that clock stood still or went back, one more than the last.
    """
    now = server_ms(conn)
    last = conn.execute(select(change_state.c.revision)).scalar()
    revision = now if last is None else max(now, int(last) + 1)
    put(conn, change_state, [{"one": 1, "revision": revision}], ["revision"])
    return revision


def move(
    conn: Connection, revision: int, panes_sent: Mapping[int, int], closed_to: int | None, incidents: list[SentIncident]
) -> bool:
    """Note what the round of this revision has sent; False, and nothing noted, when another one has begun since."""
    mine = update(change_state).where(change_state.c.one == 1, change_state.c.revision == revision)
    if conn.execute(mine.values(closed_to=closed_to, sent_real_ms=server_ms(conn))).rowcount != 1:
        return False
    put(conn, change_cursors, [{"partition": p, "panes_sent": seen} for p, seen in sorted(panes_sent.items())])
    put(conn, change_incidents, [{"number": i.number, "version": i.version, "digest": i.digest} for i in incidents])
    return True


def unsent_panes(conn: Connection) -> ColumnElement[bool]:
    """Which panes hold a change of answers that was not sent yet."""
    c = panes.c
    sent = read_cursor(conn).panes_sent
    known = sorted(sent)
    newer = [and_(c.partition == p, c.changed > sent[p]) for p in known]
    return and_(or_(*newer, c.partition.not_in(known)), c.metric.not_in(NOT_ANSWERS))


def read_unsent(conn: Connection) -> Unsent:
    """What waits to be sent, and when a round was sent last."""
    query = select(func.count()).select_from(panes).where(unsent_panes(conn))
    return Unsent(int(conn.execute(query).scalar_one()), read_cursor(conn).sent_real_ms)
