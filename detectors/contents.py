"""What bad answers hold, with what their customers lived through before: for the content gate and for causes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, select

from detectors.baseline import DAYS
from detectors.causes import causes_of
from detectors.gate import ANSWERS_MAX, Content
from detectors.records import Cause
from streams.clock import DAY_MS, HOUR_MS
from streams.customers import RECENT_MAX, CustomerState
from streams.records import Segment
from streams.store.stories import StoredFeedback, bad_feedback
from streams.store.tables import customers
from streams.touch import Lived

Contents = Callable[[Connection, Segment, int, int], Sequence[Content]]

BEFORE_MS = 48 * HOUR_MS  # what a customer lived through that long before an answer may be its cause
ASKED_MAX = 500  # customers read at once


def bad_answers(conn: Connection, segment: Segment, from_ms: int, to_ms: int) -> list[Content]:
    """The newest bad answers of a segment in [from_ms, to_ms), at most a thousand."""
    found = bad_feedback(conn, segment, from_ms, to_ms, ANSWERS_MAX, with_comment=False)
    lived = _lived(conn, {answer.customer for answer in found if answer.customer is not None})
    return [_content(answer, lived.get(answer.customer or "")) for answer in found]


def causes_since(
    contents: Contents, conn: Connection, segment: Segment, since_ms: int, answers: Sequence[Content]
) -> tuple[Cause, ...]:
    """What stands out among bad answers since a time, against those of the four weeks before it."""
    return causes_of(answers, contents(conn, segment, since_ms - DAYS * DAY_MS, since_ms))


def touchpoints_before(events: Sequence[Lived], at_ms: int) -> tuple[str, ...] | None:
    """What a customer lived through in the two days before a time, as "payment: failed"; None where it is forgotten.

    Of `events`, the customer's last 20, those before the first are forgotten.
    """
    if len(events) >= RECENT_MAX and events[0].time_ms > at_ms - BEFORE_MS:
        return None
    inside = (e for e in events if e.kind == "interaction" and at_ms - BEFORE_MS <= e.time_ms <= at_ms)
    return tuple(dict.fromkeys(e.name if e.outcome is None else f"{e.name}: {e.outcome}" for e in inside))


def _content(answer: StoredFeedback, events: Sequence[Lived] | None) -> Content:
    return Content(
        answer.customer,
        answer.comment,
        answer.reasons,
        tuple((name, str(value)) for name, value in answer.attributes.items()),
        None if events is None else touchpoints_before(events, answer.time_ms),
    )


def _lived(conn: Connection, keys: Iterable[str]) -> dict[str, Sequence[Lived]]:
    """The last events of customers, oldest first; forgotten ones are left out."""
    c, found = customers.c, dict[str, Sequence[Lived]]()
    wanted = sorted(keys)
    for start in range(0, len(wanted), ASKED_MAX):
        query = select(c.customer, c.state).where(c.customer.in_(wanted[start : start + ASKED_MAX]))
        for key, packed in conn.execute(query):
            state = CustomerState.decode(packed)
            if not state.forgotten:  # one who turns up in several partitions, by the longer history
                found[key] = max(found.get(key, ()), state.events(), key=len)
    return found
