"""The steps of a delivery as short transactions. Between any two of them the process may die.

A message is claimed (`sending`, committed) before it is handed over. Whoever finds it `sending` later than a call can
last, or `unknown`, looks for it at the place before sending it again. Nobody here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from alerting import outbox
from alerting.channels.protocol import Ambiguous, DeliveryError, Found, Mark, Message, Refused
from alerting.messages import note_message
from alerting.records import NoteRow, OutboxRow, Reference
from alerting.rendering import is_over, render
from alerting.settings import AlertSettings
from alerting.text import clock_time, duration
from streams.clock import HOUR_MS, MINUTE_MS

BACK_OFF_MAX_MS = 5 * MINUTE_MS
EDIT_GAP_MS = 3_000  # edits of one message within it become one
SWEEP_AFTER_MS = 5 * MINUTE_MS
LATE_MS = 5 * MINUTE_MS
GIVE_UP_AFTER_MS = 72 * HOUR_MS  # a weekend without anybody who mends it
ERROR_MAX = 300

Row = OutboxRow | NoteRow


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step is taken. `product_ms` is what messages tell, `real_ms` is what retries go by."""

    product_ms: int
    real_ms: int


@dataclass(frozen=True, slots=True)
class Way:
    """Which channel a message goes by, and after how long a call of unknown fate there has surely ended."""

    channel: str
    settle_after_ms: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that was claimed and is to be handed over now."""

    row: Row
    message: Message
    mark: Mark


def claim(
    conn: Connection, row: Row, moment: Moment, *, way: Way, settings: AlertSettings, new_id: str
) -> Claim | None:
    """Render a row and mark it `sending`; None when it has changed since it was read."""
    now = reread(conn, row)
    if now is None or now.state != "ready" or now.attempts != row.attempts:
        return None
    delivery_id = now.delivery_id or new_id
    values: dict[str, Any] = {
        "state": "sending",
        "attempts": now.attempts + 1,
        "next_attempt_real_ms": moment.real_ms + way.settle_after_ms,
        "first_attempt_real_ms": now.first_attempt_real_ms or moment.real_ms,
        "trying_since_real_ms": now.trying_since_real_ms or moment.real_ms,
        "delivery_id": delivery_id,
    }
    if isinstance(now, OutboxRow):
        late_ms = _late_ms(now, moment.product_ms)
        message = render(conn, replace(now, late_ms=late_ms), moment.product_ms, settings)
        mark = Mark(delivery_id, now.desired_revision)
        values |= {"channel": way.channel, "claimed_revision": now.desired_revision, "late_ms": late_ms}
    else:
        message = _render_note(now, moment.product_ms, settings)
        mark = Mark(delivery_id, now.revision)
    if not outbox.change(conn, now, **values):
        return None
    return Claim(replace(now, **values), message, mark)


def reread(conn: Connection, row: Row) -> Row | None:
    """The row as it stands now, locked: a change that comes in between must not be overwritten."""
    if isinstance(row, OutboxRow):
        return outbox.read(conn, row.outbox_id, lock=True)
    return outbox.read_note(conn, row.note_id, lock=True)


def _late_ms(row: OutboxRow, now_ms: int) -> int | None:
    """How late the first post is; what was posted stays as late as it was."""
    if row.ts is not None:
        return row.late_ms
    late_ms = now_ms - row.not_before_ms
    return late_ms if late_ms > LATE_MS else None


def _render_note(row: NoteRow, now_ms: int, settings: AlertSettings) -> Message:
    late = None
    if now_ms - row.at_ms > LATE_MS:
        written = clock_time(row.at_ms, now_ms, settings.timezone)
        late = f"Written {written}, delivered {duration(now_ms - row.at_ms)} late."
    return note_message(row.text, f"note-{row.note_id}", late)


def done(conn: Connection, row: Row, posted: Reference | None, revision: int, real_ms: int) -> None:
    """The message stands at `posted` (None: where it stood before), as of this revision."""
    now = reread(conn, row)
    if now is None or now.delivery_id != row.delivery_id or now.state not in ("sending", "unknown"):
        return
    first = posted is not None and now.ts is None
    values: dict[str, Any] = {"state": "sent", "attempts": 0, "error": None, "next_attempt_real_ms": 0}
    values["trying_since_real_ms"] = None
    if first and posted is not None:
        values["ts"] = posted.ts
    if isinstance(now, OutboxRow):
        if now.desired_revision > revision:
            values["state"] = "ready"
        else:
            values["removal"] = False
        values |= {"sent_revision": revision, "next_attempt_real_ms": real_ms + EDIT_GAP_MS}
        values["edits"] = now.edits + (0 if first else 1)
        if first and posted is not None:
            values["place"] = posted.place
    if outbox.change(conn, now, **values) and first and isinstance(now, OutboxRow):
        outbox.supersede_notes(conn, [now.outbox_id], revision)


def failed(conn: Connection, row: Row, error: DeliveryError, moment: Moment, *, way: Way) -> bool:
    """The hand-over failed; when and how it goes on. True when it was given up (`dead`)."""
    now = reread(conn, row)
    if now is None or now.state != "sending" or now.attempts != row.attempts:
        return False
    wait_ms = back_off_ms(now.attempts, error)
    values: dict[str, Any] = {"state": "ready", "error": str(error)[:ERROR_MAX]}
    if isinstance(error, Ambiguous):
        # An edit may be repeated, but not while an older one can still land; a first post must be looked for.
        wait_ms = max(wait_ms, way.settle_after_ms)
        if now.ts is None:
            values |= {"state": "unknown", "sweep_real_ms": moment.real_ms + SWEEP_AFTER_MS}
    given_up = _too_long(now, moment.real_ms) or (isinstance(error, Refused) and error.permanent)
    if given_up:
        values["state"] = "dead"
    outbox.change(conn, now, **values, next_attempt_real_ms=moment.real_ms + wait_ms)
    return given_up


def _too_long(row: Row, real_ms: int) -> bool:
    return row.trying_since_real_ms is not None and real_ms - row.trying_since_real_ms > GIVE_UP_AFTER_MS


def deleted(conn: Connection, row: Row, parent: OutboxRow, moment: Moment) -> None:
    """Somebody deleted the message: what still goes on is posted anew, what is over stays away."""
    now, message = reread(conn, row), reread(conn, parent)
    if now is None or now.state not in ("sending", "unknown") or now.attempts != row.attempts:
        return
    if not isinstance(message, OutboxRow):
        return
    over = is_over(conn, message)
    rest = {"attempts": 0, "trying_since_real_ms": None, "error": "the message was deleted in Slack"}
    if isinstance(now, NoteRow):
        # It follows under the new message, unless that one tells the same.
        state = "sent" if over else "ready"
        outbox.change(conn, now, **rest, state=state, next_attempt_real_ms=0, delivery_id=None)
        if over or message.ts != parent.ts or message.state == "sending":
            return
    values: dict[str, Any] = {**rest, "state": "sent", "sent_revision": message.desired_revision, "removal": False}
    if not over:
        # Under the same id, and looked for first: a double of it may be there, or land late.
        values |= {"state": "unknown", "sent_revision": 0, "ts": None, "place": None, "next_attempt_real_ms": 0}
        values |= {"not_before_ms": moment.product_ms, "late_ms": None}
    outbox.change(conn, message, **values)


def back_off_ms(attempts: int, error: DeliveryError | None) -> int:
    """How long to wait after so many attempts: 2, 4, 8 s ... at most 5 min, and never less than the place asks for."""
    wait_ms: int = min(BACK_OFF_MAX_MS, 1_000 << min(attempts, 20))
    if isinstance(error, Refused) and error.retry_after_s is not None:
        return max(wait_ms, int(error.retry_after_s * 1_000))
    return wait_ms


def settled(conn: Connection, row: Row, found: Sequence[Found], moment: Moment) -> None:
    """What looking for a message of unknown fate gave: it is adopted, or sent again."""
    now = reread(conn, row)
    if now is None or now.state != row.state or now.attempts != row.attempts or now.ts is not None:
        return
    outbox.change(conn, now, sweep_real_ms=now.sweep_real_ms or moment.real_ms + SWEEP_AFTER_MS)
    if found:
        done(conn, now, found[0].reference, found[0].revision, moment.real_ms)
    else:
        outbox.change(conn, now, state="ready", next_attempt_real_ms=moment.real_ms)


def again(conn: Connection, row: Row, real_ms: int) -> None:
    """An edit of unknown fate is simply done again."""
    outbox.change(conn, row, state="ready", next_attempt_real_ms=real_ms)


def look_later(conn: Connection, row: Row, error: DeliveryError, real_ms: int) -> None:
    """Looking failed as well; the fate stays unknown. After days of it somebody has to look themselves."""
    outbox.change(
        conn,
        row,
        state="dead" if _too_long(row, real_ms) else "unknown",
        attempts=row.attempts + 1,
        next_attempt_real_ms=real_ms + back_off_ms(row.attempts, error),
        error=str(error)[:ERROR_MAX],
    )


def moved(conn: Connection, row: Row, kept: Found) -> None:
    """Of several copies somebody deleted the one that was known: another takes its place and is brought up to date.

    A later sweep looks again.
    """
    values: dict[str, Any] = {"ts": kept.reference.ts}
    if isinstance(row, OutboxRow):
        values |= {"place": kept.reference.place, "sent_revision": 0, "state": "ready", "next_attempt_real_ms": 0}
    outbox.change(conn, row, **values)


def swept(conn: Connection, row: Row, next_real_ms: int | None) -> None:
    """Doubles were looked for; `next_real_ms` when to look again, None when that is done."""
    outbox.change(conn, row, sweep_real_ms=next_real_ms)
