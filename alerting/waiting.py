"""What is due to be sent now, and how a crowd of first posts becomes one digest. Nobody here commits."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, String, and_, case, func, literal, not_, or_, select, true, tuple_
from sqlalchemy import update as sql_update

from alerting.outbox import OPEN, message_row, note_row, supersede_notes, want
from alerting.records import NoteRow, OutboxRow
from alerting.tables import notes, outbox

BATCH_MAX = 50
DIGEST_ABOVE = 5  # more first posts than that waiting for one target become one message
WEBHOOK = "webhook:"  # how targets begin that are not Slack's


@dataclass(frozen=True, slots=True)
class Gates:
    """Where nothing may go now. `plain` and `hooked` say by which channel a message goes that has not gone yet."""

    plain: str
    hooked: str
    held: frozenset[str] = frozenset()  # by the mode: edits that an erasure asks for go out all the same
    shut: frozenset[str] = frozenset()  # channels in trouble, or asked for patience
    busy: frozenset[tuple[str, str]] = frozenset()  # (channel, target) whose turn it is not

    def channel_of(self, row: OutboxRow) -> str:
        """By which channel a message goes: where it was posted first, else where the mode says."""
        return row.channel or (self.hooked if row.target.startswith(WEBHOOK) else self.plain)

    def passes(self, row: OutboxRow) -> bool:
        """Whether a call for this message may be made now."""
        name = self.channel_of(row)
        held = name in self.held and not row.removal
        return not held and name not in self.shut and (name, row.target) not in self.busy


def _passable(gates: Gates) -> ColumnElement[bool]:
    c = outbox.c
    hooked = c.target.startswith(WEBHOOK)
    by = case((c.channel.is_not(None), c.channel), (hooked, literal(gates.hooked)), else_=literal(gates.plain))
    name = func.coalesce(by, literal("", String))
    busy: ColumnElement[bool] = tuple_(name, c.target).in_(list(gates.busy)) if gates.busy else not_(true())
    held = and_(name.in_(list(gates.held)), c.removal.is_(False))
    return not_(or_(held, name.in_(list(gates.shut)), busy))


def due(conn: Connection, product_ms: int, real_ms: int, gates: Gates, limit: int = BATCH_MAX) -> list[OutboxRow]:
    """Messages to send, to settle or to sweep now: first posts before edits, what waits longest first."""
    c = outbox.c
    to_send = and_(c.state == "ready", c.desired_revision > c.sent_revision, c.not_before_ms <= product_ms)
    query = select(outbox).where(
        _passable(gates),
        or_(
            and_(or_(to_send, c.state.in_(("sending", "unknown"))), c.next_attempt_real_ms <= real_ms),
            and_(c.sweep_real_ms <= real_ms, c.state.in_(("ready", "sent"))),
        ),
    )
    rows = conn.execute(query.order_by(c.ts.is_not(None), c.not_before_ms, c.outbox_id).limit(limit))
    return [message_row(row) for row in rows]


def due_notes(conn: Connection, real_ms: int, gates: Gates, limit: int = BATCH_MAX) -> list[tuple[NoteRow, OutboxRow]]:
    """The next note of each thread that is due; a thread is told in order, so an unsettled note holds the later."""
    c = notes.c
    heads = select(func.min(c.note_id)).where(c.state.in_(OPEN)).group_by(c.outbox_id)
    head_due = and_(c.note_id.in_(heads), c.next_attempt_real_ms <= real_ms)
    sweep_due = and_(c.sweep_real_ms <= real_ms, not_(c.state.in_(OPEN)))
    query = (
        select(notes)
        .join(outbox, outbox.c.outbox_id == c.outbox_id)
        .where(_passable(gates), outbox.c.ts.is_not(None), or_(head_due, sweep_due))
        .order_by(c.note_id)
        .limit(limit)
    )
    lines = [note_row(row) for row in conn.execute(query)]
    keys = {line.outbox_id for line in lines}
    parents = conn.execute(select(outbox).where(outbox.c.outbox_id.in_(keys))).all()
    by_key = {row.outbox_id: message_row(row) for row in parents}
    return [(line, by_key[line.outbox_id]) for line in lines]


def crowded(conn: Connection, product_ms: int) -> list[str]:
    """Targets for which so many first posts wait that people should get them at once. Machines need no digest."""
    c = outbox.c
    waiting = and_(_fresh(product_ms), c.about != "digest", not_(c.target.startswith(WEBHOOK)))
    counted = conn.execute(select(c.target, func.count()).where(waiting).group_by(c.target)).all()
    return [str(target) for target, many in counted if many + _in_open_digest(conn, target) > DIGEST_ABOVE]


def _fresh(product_ms: int) -> ColumnElement[bool]:
    """Due, and never handed over: nobody can have seen it."""
    c = outbox.c
    never = and_(c.ts.is_(None), c.delivery_id.is_(None), c.digest.is_(None))
    return and_(c.state == "ready", never, c.desired_revision > c.sent_revision, c.not_before_ms <= product_ms)


def _open_digest(conn: Connection, target: str) -> int | None:
    """The digest for a target that nobody has seen yet: it takes more."""
    c = outbox.c
    unseen = and_(c.about == "digest", c.target == target, c.ts.is_(None), c.state.in_(OPEN))
    found: int | None = conn.execute(select(func.max(c.number)).where(unseen)).scalar()
    return found


def _in_open_digest(conn: Connection, target: str) -> int:
    number = _open_digest(conn, target)
    if number is None:
        return 0
    return int(conn.execute(select(func.count()).where(outbox.c.digest == number)).scalar_one())


def gather(conn: Connection, target: str, product_ms: int) -> int | None:
    """Put what waits for a target into one digest; its number, None when it is not that many after all.

    Their own rows count as told: whatever happens to them edits the digest, or gives them a message of their own.
    """
    c = outbox.c
    query = select(c.outbox_id).where(_fresh(product_ms), c.target == target, c.about != "digest")
    keys = list(conn.execute(query.with_for_update()).scalars())
    if len(keys) + _in_open_digest(conn, target) <= DIGEST_ABOVE:
        return None
    number = _open_digest(conn, target)
    if number is None:
        highest = select(func.coalesce(func.max(c.number), 0)).where(c.about == "digest")
        number = int(conn.execute(highest).scalar_one()) + 1
    told = {"state": "sent", "sent_revision": c.desired_revision, "digest": number}
    conn.execute(sql_update(outbox).where(c.outbox_id.in_(keys)).values(**told))
    supersede_notes(conn, keys)
    want(conn, "digest", number, target, product_ms)
    return number


def members(conn: Connection, number: int, limit: int) -> list[OutboxRow]:
    """What a digest tells, oldest first."""
    c = outbox.c
    query = select(outbox).where(c.digest == number).order_by(c.not_before_ms, c.outbox_id).limit(limit)
    return [message_row(row) for row in conn.execute(query)]
