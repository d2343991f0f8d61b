"""What should be told and what has been: one row an incident, a case or a digest, plus the notes of its thread.

Level-triggered: a change only raises the desired revision, and the message is rendered from the newest state when
it is sent, so any number of changes while Slack is away becomes one edit. Nobody here commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Table, and_, case, delete, func, insert, or_, select, update

from alerting.records import Alert, DeliveryState, NoteRow, OutboxRow, Subject
from alerting.tables import notes, outbox, quoted
from streams.store.dialect import plain_insert

NOTE_TEXT_MAX = 2_000
OPEN: tuple[DeliveryState, ...] = ("ready", "sending", "unknown")


def outbox_id(about: Subject, number: int) -> str:
    """The key of a row: of an incident's, a case's or a digest's."""
    return f"{about}-{number}"


def want(
    conn: Connection, about: Subject, number: int, target: str, not_before_ms: int, *, loud: bool = False
) -> Alert:
    """Ask that the message tells the newest state. An earlier `not_before_ms` wins; later ones only hold a new row.

    What was told in a digest is told there again, unless it is `loud`: then it gets a message of its own.
    """
    key = outbox_id(about, number)
    c = outbox.c
    told_in = conn.execute(select(c.digest).where(c.outbox_id == key).with_for_update()).scalar()
    if told_in is not None:
        values: dict[str, Any] = {"digest": None} if loud else {"sent_revision": c.desired_revision + 1}
        raised = values if loud else values | {"desired_revision": c.desired_revision + 1}
        conn.execute(update(outbox).where(c.outbox_id == key).values(**raised))
        want(conn, "digest", told_in, target, not_before_ms)
    if told_in is None or loud:
        _raise_revision(conn, key, about, number, target, not_before_ms)
    revision, where = conn.execute(select(c.desired_revision, c.target).where(c.outbox_id == key)).one()
    return Alert(key, about, number, revision, where)


def _raise_revision(conn: Connection, key: str, about: Subject, number: int, target: str, not_before_ms: int) -> None:
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
            removal=False,
            desired_revision=1,
            sent_revision=0,
            claimed_revision=0,
            edits=0,
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
                "trying_since_real_ms": case((idle, None), else_=outbox.c.trying_since_real_ms),
            },
        )
    )


def note(conn: Connection, about: Subject, number: int, at_ms: int, text: str) -> None:
    """Add a line to the thread of a message; call it after `want`. Without a message there is no thread."""
    row = read(conn, outbox_id(about, number))
    if row is None:
        return
    if row.digest is not None:
        named = f"Incident #{number}" if about == "incident" else f"Case {number}"
        note(conn, "digest", row.digest, at_ms, f"{named}: {text}")
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
        supersede_notes(conn, [key])
    return bool(done.rowcount)


def supersede_notes(conn: Connection, keys: Iterable[str], up_to_revision: int | None = None) -> None:
    """Drop notes that the first post tells already."""
    query = update(notes).where(
        notes.c.outbox_id.in_(list(keys)), notes.c.state == "ready", notes.c.delivery_id.is_(None)
    )
    if up_to_revision is not None:
        query = query.where(notes.c.revision <= up_to_revision)
    conn.execute(query.values(state="sent"))


def read(conn: Connection, key: str, *, lock: bool = False) -> OutboxRow | None:
    """One row; with `lock` nobody else changes it before the transaction ends."""
    query = select(outbox).where(outbox.c.outbox_id == key)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else message_row(row)


def read_note(conn: Connection, note_id: int, *, lock: bool = False) -> NoteRow | None:
    """One note, locked like a row."""
    query = select(notes).where(notes.c.note_id == note_id)
    row = conn.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else note_row(row)


def message_row(row: Row[Any]) -> OutboxRow:
    """A stored row."""
    return OutboxRow(**row._mapping)


def note_row(row: Row[Any]) -> NoteRow:
    """A stored note."""
    return NoteRow(**{name: row._mapping[name] for name in NoteRow.__slots__})


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


def revive_dead(conn: Connection) -> int:
    """Try again what was given up: after a token or a channel was put right."""
    changed = 0
    for table in (outbox, notes):
        again = update(table).where(table.c.state == "dead")
        state = case((table.c.delivery_id.is_not(None) & table.c.ts.is_(None), "unknown"), else_="ready")
        values = {"state": state, "attempts": 0, "next_attempt_real_ms": 0, "trying_since_real_ms": None}
        changed += conn.execute(again.values(**values)).rowcount
    return changed
