"""The one transaction: rows and offset together, gated by offset, fenced by epoch."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from streams.measure.errors import Fenced, Raced
from streams.measure.redact import forget_rows
from streams.measure.rows import Change, Tally
from streams.store import deadletters
from streams.store.bulk import write_rows
from streams.store.customers import drop_customers, save_customers
from streams.store.dialect import plain_insert
from streams.store.erasures import note_mentions
from streams.store.feedback import add_feedback, replace_feedback
from streams.store.flags import add_flags
from streams.store.hashes import add_hashes, drop_hashes
from streams.store.tables import hour_panes, imports, panes, partitions


def write(conn: Connection, change: Change, dead_letters_max: int) -> None:
    """Write one partition's change into the open transaction.

    Raises Fenced when the epoch or the offset is not ours any more, Raced when another partition stored one of its
    answers meanwhile; the caller rolls back either way.
    """
    _move_offset(conn, change)
    write_rows(conn, panes, [(*row, change.commit) for row in change.minutes], replace=True)
    write_rows(conn, hour_panes, change.hours, replace=True)
    _write_feedback(conn, change)
    save_customers(conn, change.customers)
    drop_customers(conn, change.partition, change.gone)
    add_hashes(conn, change.partition, change.commit, change.hashes)
    if change.oldest_hour is not None:
        drop_hashes(conn, change.partition, change.oldest_hour)
    add_flags(conn, change.pending.flags.values(), change.commit)
    for forgotten in change.pending.forgotten:
        forget_rows(conn, forgotten, change.partition)
    note_mentions(conn, change.pending.mentioned)
    if change.pending.letters:
        deadletters.keep(conn, change.pending.letters, change.append_ms or 0, dead_letters_max)
    _count_imports(conn, change)


_COUNTED = ("accepted", "duplicate", "refused", "history")
_STANDS = ("next_offset", "commits", "greatest_ms", "append_ms")
_MOVE = (  # built once: building a statement costs more than running it
    update(partitions)
    .where(
        partitions.c.partition == bindparam("this"),
        partitions.c.epoch == bindparam("ours"),
        partitions.c.next_offset == bindparam("from_offset"),
    )
    .values(
        {name: bindparam(f"new_{name}") for name in _STANDS}
        | {name: partitions.c[name] + bindparam(f"more_{name}") for name in _COUNTED}
    )
)


def _move_offset(conn: Connection, change: Change) -> None:
    moved = conn.execute(
        _MOVE,
        {
            "this": change.partition,
            "ours": change.epoch,
            "from_offset": change.from_offset,
            "new_next_offset": change.to_offset,
            "new_commits": change.commit,
            "new_greatest_ms": change.greatest_ms,
            "new_append_ms": change.append_ms,
            **{f"more_{name}": getattr(change.pending.tally, name) for name in _COUNTED},
        },
    )
    if moved.rowcount != 1:
        raise Fenced(change.partition, change.epoch)


def _write_feedback(conn: Connection, change: Change) -> None:
    pending = change.pending
    new = [row for key, row in pending.feedback.items() if pending.replaced[key] < 0]
    old = [(row, pending.replaced[key]) for key, row in pending.feedback.items() if pending.replaced[key] >= 0]
    if add_feedback(conn, new) != len(new):
        raise Raced(change.partition)
    if replace_feedback(conn, [row for row, _ in old], [revision for _, revision in old]) != len(old):
        raise Raced(change.partition)


def _count_imports(conn: Connection, change: Change) -> None:
    rows = [_import_row(change, origin, tally) for origin, tally in change.pending.by_origin.items()]
    if not rows:
        return
    insert: sqlite.Insert | postgresql.Insert = plain_insert(conn, imports)
    statement = insert.on_conflict_do_update(
        index_elements=["origin", "partition"],
        set_={name: imports.c[name] + getattr(insert.excluded, name) for name in _COUNTED},
    )
    conn.execute(statement, rows)


def _import_row(change: Change, origin: str, tally: Tally) -> dict[str, object]:
    return {
        "origin": origin,
        "partition": change.partition,
        "accepted": tally.accepted,
        "duplicate": tally.duplicate,
        "refused": tally.refused,
        "history": tally.history,
    }
