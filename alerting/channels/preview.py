"""Messages on the preview page instead of Slack: in shadow mode, and without a token. The same messages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from alerting.channels.protocol import Found, Mark, Message
from alerting.records import Reference
from alerting.tables import previews
from streams.clock import Clock

PREVIEWS_MAX = 5_000  # messages kept; the oldest go, with their notes


class PreviewChannel:
    """Writes the table `previews`. Nothing is ambiguous here: a message is named by its mark."""

    name = "preview"
    timeout_s = 5.0
    gap_s = 0.0

    def __init__(self, engine: Engine, clock: Clock, keep_max: int = PREVIEWS_MAX) -> None:
        self._engine = engine
        self._clock = clock
        self._keep_max = keep_max

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        """Keep a new message."""
        await asyncio.to_thread(self._write, target, None, message, mark)
        return Reference("preview", mark.delivery_id)

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        """Replace the message; one that was dropped for its age stays away."""
        await asyncio.to_thread(self._edit, posted, message, mark)

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        """Keep a line of the thread."""
        await asyncio.to_thread(self._write, "", parent.ts, message, mark)
        return Reference("preview", mark.delivery_id)

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        """The one message of that mark, if it is kept; where and since when does not matter here."""
        del target, since_real_ms, parent
        return await asyncio.to_thread(self._find, delivery_id)

    async def delete(self, posted: Reference) -> None:
        """Drop a message."""
        await asyncio.to_thread(self._delete, posted)

    async def close(self) -> None:
        """Nothing is held."""

    def _write(self, target: str, thread: str | None, message: Message, mark: Mark) -> None:
        with self._engine.begin() as conn:
            if self._edited(conn, mark.delivery_id, message, mark):
                return
            seq = int(conn.execute(select(func.coalesce(func.max(previews.c.seq), 0))).scalar_one()) + 1
            conn.execute(
                insert(previews).values(
                    delivery_id=mark.delivery_id,
                    seq=seq,
                    target=target,
                    thread=thread,
                    revision=mark.revision,
                    text=message.text,
                    blocks=msgspec.json.encode(message.blocks).decode(),
                    posted_ms=self._clock.now_ms(),
                    edited_ms=None,
                )
            )
            conn.execute(delete(previews).where(previews.c.seq <= seq - self._keep_max))

    def _edit(self, posted: Reference, message: Message, mark: Mark) -> None:
        with self._engine.begin() as conn:
            self._edited(conn, posted.ts, message, mark)

    def _edited(self, conn: Connection, delivery_id: str, message: Message, mark: Mark) -> bool:
        done = conn.execute(
            update(previews)
            .where(previews.c.delivery_id == delivery_id)
            .values(
                revision=mark.revision,
                text=message.text,
                blocks=msgspec.json.encode(message.blocks).decode(),
                edited_ms=self._clock.now_ms(),
            )
        )
        return done.rowcount == 1

    def _find(self, delivery_id: str) -> list[Found]:
        with self._engine.connect() as conn:
            query = select(previews.c.revision).where(previews.c.delivery_id == delivery_id)
            revision = conn.execute(query).scalar()
        return [] if revision is None else [Found(Reference("preview", delivery_id), revision)]

    def _delete(self, posted: Reference) -> None:
        with self._engine.begin() as conn:
            conn.execute(delete(previews).where(previews.c.delivery_id == posted.ts))
