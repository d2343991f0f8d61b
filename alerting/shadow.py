"""What would have gone out by now, had the mode been live: counted from the messages on the preview page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from alerting.tables import notes, outbox


@dataclass(frozen=True, slots=True)
class ShadowCounts:
    """Messages, edits of them and notes under them, and since when (product time); None: there was none."""

    messages: int
    edits: int
    notes: int
    since_ms: int | None

    def words(self) -> str:
        """ "12 messages, 7 edits and 9 notes"."""
        return f"{self.messages:,} messages, {self.edits:,} edits and {self.notes:,} notes"


def shadow_counts(conn: Connection, since_ms: int = 0) -> ShadowCounts:
    """Of messages that were due at or after a time."""
    c = outbox.c
    shown = and_(c.channel == "preview", c.ts.is_not(None), c.not_before_ms >= since_ms)
    messages, edits, first_ms = conn.execute(
        select(func.count(), func.coalesce(func.sum(c.edits), 0), func.min(c.not_before_ms)).where(shown)
    ).one()
    lines = select(func.count()).select_from(notes).join(outbox, c.outbox_id == notes.c.outbox_id)
    told = conn.execute(lines.where(shown, notes.c.ts.is_not(None))).scalar_one()
    return ShadowCounts(int(messages), int(edits), int(told), first_ms)
