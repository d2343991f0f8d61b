"""Forgetting one customer in this room: cases, messages, previews and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, or_, select, update

from alerting.channels.protocol import Block
from alerting.outbox import outbox_id
from alerting.records import ERASED, Reference
from alerting.tables import case_events, case_flags, cases, contacts, notes, outbox, previews, quoted
from streams.store.dialect import upsert

REMOVED = "[removed]"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What was redacted. DELIVER edits the `posted` messages by itself: their rows ask for it already."""

    counts: dict[str, int]
    posted: tuple[Reference, ...]  # messages outside that still show words of the customer until they are edited


def redact(conn: Connection, customer: str, token: str, now_ms: int) -> Redaction:
    """Forget a customer: the key becomes the token, texts become blank, an open case ends.

    Call it in the transaction that redacts the customer's feedback, and ring the signal after the commit: what is
    rendered later finds nothing of them.
    """
    ids = [row.case_id for row in conn.execute(select(cases.c.case_id).where(cases.c.customer == customer))]
    keys = {f"case-{case_id}" for case_id in ids}
    keys |= {row.outbox_id for row in conn.execute(select(quoted.c.outbox_id).where(quoted.c.customer == customer))}
    keys |= _digests_of(conn, keys)
    ordered = sorted(keys)
    counts = {
        "cases": _cases(conn, ids, token, now_ms),
        "case_events": _blank_events(conn, ids),
        "flags": _flags(conn, customer, token),
        "messages": _ask_for_edits(conn, ordered),
        "contacts": _contacts(conn, customer, token),
        "notes": _notes(conn, [f"case-{case_id}" for case_id in ids]),
        "previews": _previews(conn, ordered),
    }
    conn.execute(delete(quoted).where(quoted.c.customer == customer))
    return Redaction(counts, _posted(conn, ordered))


def _cases(conn: Connection, ids: Sequence[int], token: str, now_ms: int) -> int:
    c = cases.c
    mine = c.case_id.in_(ids)
    # That reason makes the message show nothing of the case any more.
    ended = {"state": "closed_without_contact", "closed_ms": now_ms, "version": c.version + 1}
    conn.execute(update(cases).where(mine, c.closed_ms.is_(None)).values(**ended))
    blank = {"customer": token, "reason": "", "tier": None, "closed_reason": ERASED, "updated_ms": now_ms}
    blank |= {"promise": None, "main_reason": None}
    return conn.execute(update(cases).where(mine).values(**blank)).rowcount


def _blank_events(conn: Connection, ids: Sequence[int]) -> int:
    return conn.execute(update(case_events).where(case_events.c.case_id.in_(ids)).values(text="")).rowcount


def _contacts(conn: Connection, customer: str, token: str) -> int:
    query = update(contacts).where(contacts.c.customer == customer)
    return conn.execute(query.values(customer=token, note="")).rowcount


def _flags(conn: Connection, customer: str, token: str) -> int:
    query = update(case_flags).where(case_flags.c.customer == customer)
    return conn.execute(query.values(customer=token)).rowcount


def _digests_of(conn: Connection, keys: set[str]) -> set[str]:
    c = outbox.c
    query = select(c.digest).where(c.outbox_id.in_(keys), c.digest.is_not(None)).distinct()
    return {outbox_id("digest", number) for number in conn.execute(query).scalars()}


def _ask_for_edits(conn: Connection, keys: Sequence[str]) -> int:
    c = outbox.c
    # What was never handed over is not told any more.
    never = update(outbox).where(c.outbox_id.in_(keys), c.state == "ready", c.about == "case", c.delivery_id.is_(None))
    conn.execute(never.values(state="sent"))
    asked = conn.execute(
        update(outbox)
        .where(c.outbox_id.in_(keys))
        .values(desired_revision=c.desired_revision + 1, error=None, removal=c.delivery_id.is_not(None))
    ).rowcount
    # What lies still is woken; what was never posted stays silent.
    posted = update(outbox).where(c.outbox_id.in_(keys), c.state.in_(("sent", "dead")), c.ts.is_not(None))
    conn.execute(posted.values(state="ready", attempts=0, trying_since_real_ms=None))
    conn.execute(
        update(outbox)
        .where(c.outbox_id.in_(keys), c.state == "sent", c.ts.is_(None))
        .values(sent_revision=c.desired_revision)
    )
    return asked


def _notes(conn: Connection, keys: Sequence[str]) -> int:
    return conn.execute(update(notes).where(notes.c.outbox_id.in_(keys)).values(text=REMOVED)).rowcount


def _previews(conn: Connection, keys: Sequence[str]) -> int:
    """Blank the previews now: the edit that tells the rest comes with the next delivery."""
    delivered = select(outbox.c.delivery_id).where(outbox.c.outbox_id.in_(keys), outbox.c.channel == "preview")
    c = previews.c
    rows = conn.execute(select(previews).where(or_(c.delivery_id.in_(delivered), c.thread.in_(delivered)))).all()
    case_rows = set(
        conn.execute(
            select(outbox.c.delivery_id).where(outbox.c.outbox_id.in_(keys), outbox.c.about == "case")
        ).scalars()
    )
    for row in rows:
        of_case = row.delivery_id in case_rows or row.thread in case_rows
        blocks: list[Block] = [] if of_case else _without_quotes(row.blocks)
        text = REMOVED if of_case else row.text
        conn.execute(
            upsert(conn, previews, ["blocks", "text"]).values(
                **{**row._mapping, "blocks": msgspec.json.encode(blocks).decode(), "text": text}
            )
        )
    return len(rows)


def _without_quotes(blocks: str) -> list[Block]:
    return [block for block in msgspec.json.decode(blocks, type=list[Block]) if block.get("type") != "rich_text"]


def _posted(conn: Connection, keys: Sequence[str]) -> tuple[Reference, ...]:
    c = outbox.c
    query = select(c.place, c.ts).where(c.outbox_id.in_(keys), c.ts.is_not(None), c.channel != "preview")
    return tuple(Reference(row.place, row.ts) for row in conn.execute(query.order_by(c.outbox_id)))
