"""What should be told and what has been: one row an incident or case, plus the notes of its thread.

Level-triggered: a change only raises the desired revision, and the message is rendered from the newest state when
it is sent, so any number of changes while Slack is away becomes one edit. Nobody here commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, case, delete, func, insert, not_, or_, select, update

from alerting.records import Alert, DeliveryState, NoteRow, OutboxRow, Subject
from alerting.tables import notes, outbox, quoted
from streams.store.dialect import plain_insert

BATCH_MAX = 50
NOTE_TEXT_MAX = 2_000
_OPEN: tuple[DeliveryState, ...] = ("ready", "sending", "unknown")


def outbox_id(about: Subject, number: int) -> str:
    """The key of an incident's or a case's row."""
    return f"{about}-{number}"


def want(conn: Connection, about: Subject, number: int, target: str, not_before_ms: int) -> Alert:
    """Ask that the message tells the newest state. An earlier `not_before_ms` wins; later ones only hold a new row."""
    key = outbox_id(about, number)
    insertion = plain_insert(conn, outbox)
    idle = outbox.c.state.in_(("sent", "dead"))
    # Given up, but perhaps posted: it is looked for before it is sent again.
    lost = and_(outbox.c.state == "dead", outbox.c.ts.is_(None), outbox.c.delivery_id.is_not(None))
    # A row that was withdrawn before it was ever posted starts over, with a hold-off of its own.
    fresh = and_(outbox.c.state == "sent", outbox.c.ts.is_(None))
    earlier = case(
        (or_(fresh, outbox.c.not_before_ms > insertion.excluded.not_before_ms), insertion.excluded.not_before_ms),
        else_=outbox.c.not_before_ms,
    )
    conn.execute(
        insertion.values(
            outbox_id=key,
            about=about,
            number=number,
            target=target,
            desired_revision=1,
            sent_revision=0,
            claimed_revision=0,
            not_before_ms=not_before_ms,
            state="ready",
            attempts=0,
            next_attempt_real_ms=0,
        ).on_conflict_do_update(
            index_elements=["outbox_id"],
            set_={
                "desired_revision": outbox.c.desired_revision + 1,
                "not_before_ms": earlier,
                "state": case((lost, "unknown"), (idle, "ready"), else_=outbox.c.state),
                "attempts": case((idle, 0), else_=outbox.c.attempts),
            },
        )
    )
    revision, where = conn.execute(
        select(outbox.c.desired_revision, outbox.c.target).where(outbox.c.outbox_id == key)
    ).one()
    return Alert(key, about, number, revision, where)


def note(conn: Connection, about: Subject, number: int, at_ms: int, text: str) -> None:
    """Add a line to the thread of a message; call it after `want`. Without a message there is no thread."""
    row = read(conn, outbox_id(about, number))
    if row is None:
        return
    conn.execute(
        insert(notes).values(
            outbox_id=row.outbox_id,
            at_ms=at_ms,
            revision=row.desired_revision,
            text=text[:NOTE_TEXT_MAX],
            state="ready",
            attempts=0,
            next_attempt_real_ms=0,
        )
    )


def withdraw(conn: Connection, about: Subject, number: int, now_ms: int) -> bool:
    """Say nothing after all: only while nothing was sent and the hold-off still runs. Whether it was so."""
    key = outbox_id(about, number)
    c = outbox.c
    done = conn.execute(
        update(outbox)
        .where(c.outbox_id == key, c.state == "ready", c.ts.is_(None), c.attempts == 0, c.not_before_ms > now_ms)
        .values(state="sent", sent_revision=c.desired_revision)
    )
    if done.rowcount:
        supersede_notes(conn, key)
    return bool(done.rowcount)


def supersede_notes(conn: Connection, key: str, up_to_revision: int | None = None) -> None:
    """Drop notes that the first post tells already."""
    query = update(notes).where(notes.c.outbox_id == key, notes.c.state == "ready", notes.c.delivery_id.is_(None))
    if up_to_revision is not None:
        query = query.where(notes.c.revision <= up_to_revision)
    conn.execute(query.values(state="sent"))


def read(conn: Connection, key: str) -> OutboxRow | None:
    """One row."""
    row = conn.execute(select(outbox).where(outbox.c.outbox_id == key)).one_or_none()
    return None if row is None else OutboxRow(**row._mapping)


def read_note(conn: Connection, note_id: int) -> NoteRow | None:
    """One note."""
    row = conn.execute(select(notes).where(notes.c.note_id == note_id)).one_or_none()
    return None if row is None else _note(row)


def _note(row: Row[Any]) -> NoteRow:
    return NoteRow(**{name: row._mapping[name] for name in NoteRow.__slots__})


def due(conn: Connection, product_ms: int, real_ms: int, limit: int = BATCH_MAX) -> list[OutboxRow]:
    """Messages to send, to settle or to sweep now: what waits longest first, first posts before edits."""
    c = outbox.c
    to_send = and_(c.state == "ready", c.desired_revision > c.sent_revision, c.not_before_ms <= product_ms)
    query = select(outbox).where(
        or_(
            and_(or_(to_send, c.state.in_(("sending", "unknown"))), c.next_attempt_real_ms <= real_ms),
            and_(c.sweep_real_ms <= real_ms, c.state.in_(("ready", "sent"))),
        )
    )
    rows = conn.execute(query.order_by(c.ts.is_not(None), c.not_before_ms, c.outbox_id).limit(limit))
    return [OutboxRow(**row._mapping) for row in rows]


def due_notes(conn: Connection, real_ms: int, limit: int = BATCH_MAX) -> list[tuple[NoteRow, OutboxRow]]:
    """The next note of each thread that is due; a thread is told in order, so an unsettled note holds the later."""
    c = notes.c
    heads = select(func.min(c.note_id)).where(c.state.in_(_OPEN)).group_by(c.outbox_id)
    head_due = and_(c.note_id.in_(heads), c.next_attempt_real_ms <= real_ms)
    sweep_due = and_(c.sweep_real_ms <= real_ms, not_(c.state.in_(_OPEN)))
    query = (
        select(notes.c.note_id, outbox.c.outbox_id)
        .join(outbox, outbox.c.outbox_id == c.outbox_id)
        .where(outbox.c.ts.is_not(None), or_(head_due, sweep_due))
        .order_by(c.note_id)
        .limit(limit)
    )
    found = []
    for note_id, key in conn.execute(query).all():
        line, parent = read_note(conn, note_id), read(conn, key)
        if line is not None and parent is not None:
            found.append((line, parent))
    return found


def change(conn: Connection, row: OutboxRow | NoteRow, **values: Any) -> bool:
    """Write a step of a delivery if the row is still as it was read; False when another one was faster."""
    table: Table = outbox if isinstance(row, OutboxRow) else notes
    key = table.c.outbox_id == row.outbox_id if isinstance(row, OutboxRow) else table.c.note_id == row.note_id
    c = table.c
    same = and_(key, c.state == row.state, c.attempts == row.attempts)
    same = and_(same, c.ts.is_(None) if row.ts is None else c.ts == row.ts)
    return conn.execute(update(table).where(same).values(**values)).rowcount == 1


def keep_quoted(conn: Connection, key: str, customers: Iterable[str]) -> None:
    """Remember whose words a message shows now."""
    conn.execute(delete(quoted).where(quoted.c.outbox_id == key))
    rows = [{"outbox_id": key, "customer": customer} for customer in sorted(set(customers))]
    if rows:
        conn.execute(insert(quoted), rows)


def counts(conn: Connection) -> dict[DeliveryState, int]:
    """Messages and notes by state; all states are there. `dead` above 0 needs a person (`cxwatch doctor`)."""
    total: dict[DeliveryState, int] = dict.fromkeys(("ready", "sending", "sent", "unknown", "dead"), 0)
    for table in (outbox, notes):
        for state, n in conn.execute(select(table.c.state, func.count()).group_by(table.c.state)):
            total[state] += int(n)
    return total


def oldest_waiting_ms(conn: Connection, product_ms: int) -> int | None:
    """Since when (product time) the message waits that has waited longest beyond its hold-off; None if none does."""
    c = outbox.c
    waiting = and_(c.state != "dead", c.desired_revision > c.sent_revision, c.not_before_ms <= product_ms)
    found: int | None = conn.execute(select(func.min(c.not_before_ms)).where(waiting)).scalar()
    return found


def revive_dead(conn: Connection) -> int:
    """Try again what was given up: after a token or a channel was put right."""
    changed = 0
    for table in (outbox, notes):
        again = update(table).where(table.c.state == "dead")
        state = case((table.c.delivery_id.is_not(None) & table.c.ts.is_(None), "unknown"), else_="ready")
        changed += conn.execute(again.values(state=state, attempts=0, next_attempt_real_ms=0)).rowcount
    return changed
