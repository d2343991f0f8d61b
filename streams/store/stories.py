"""The words and journeys behind the numbers, for messages, incident pages and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, Row, select

from streams.customers import CustomerState
from streams.records import Segment
from streams.store.tables import customers, feedback


@dataclass(frozen=True, slots=True)
class StoredFeedback:
    """One answer as it is stored. `metric` is the scale's name; `comment` is a customer's text: data, never mark-up."""

    source: str
    id: str
    time_ms: int
    customer: str | None
    channel: str
    stage: str
    metric: str
    survey_kind: str
    score: int
    bad: bool
    comment: str | None
    reasons: tuple[str, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)


def bad_feedback(
    conn: Connection, segment: Segment, from_ms: int, to_ms: int, limit: int, *, with_comment: bool = True
) -> list[StoredFeedback]:
    """Bad answers of a segment in [from_ms, to_ms), newest first; by default only those with words."""
    c = feedback.c
    query = select(feedback).where(c.time_ms >= from_ms, c.time_ms < to_ms, c.bad)
    if segment.channel is not None:
        query = query.where(c.channel == segment.channel)
    if segment.stage is not None:
        query = query.where(c.stage == segment.stage)
    if with_comment:
        query = query.where(c.comment.is_not(None))
    return [_stored(row) for row in conn.execute(query.order_by(c.time_ms.desc(), c.key).limit(limit))]


def feedback_of(conn: Connection, customer: str, limit: int = 20) -> list[StoredFeedback]:
    """A customer's answers, newest first."""
    query = select(feedback).where(feedback.c.customer == customer).order_by(feedback.c.time_ms.desc()).limit(limit)
    return [_stored(row) for row in conn.execute(query)]


def customer(conn: Connection, key: str) -> CustomerState | None:
    """What is known of a customer; of one who turns up in several partitions, where the newest event is."""
    query = select(customers.c.state).where(customers.c.customer == key).order_by(customers.c.last_ms.desc()).limit(1)
    state = conn.execute(query).scalar()
    return None if state is None else CustomerState.decode(state)


def _stored(row: Row[tuple[object, ...]]) -> StoredFeedback:
    m = row._mapping
    return StoredFeedback(
        source=m["source"],
        id=m["id"],
        time_ms=m["time_ms"],
        customer=m["customer"],
        channel=m["channel"],
        stage=m["stage"],
        metric=m["metric"],
        survey_kind=m["survey_kind"],
        score=m["score"],
        bad=m["bad"],
        comment=m["comment"],
        reasons=msgspec.json.decode(m["reasons"], type=tuple[str, ...]),
        attributes=msgspec.json.decode(m["attributes"], type=dict[str, object]),
    )
