"""What detection remembers in the database: segment states as numbers, the usual in use, minutes already consumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    insert,
    select,
    tuple_,
)

from detectors.baseline import Baseline
from detectors.budget import Budget
from detectors.segments import NOTHING, Counts
from detectors.state import VERSION, SegmentState
from detectors.usuals import Usuals
from streams.records import LeafMinute, Segment
from streams.store.bulk import write_rows
from streams.store.dialect import word
from streams.store.minutes import Kind

metadata = MetaData()
ALL = ""  # a rollup's "all" in a key column; names of channels and stages are never empty
STATE_BYTES_MAX = 20_000
CONSUMED_MINUTES = 25 * 60  # late events are at most 24 h old
KEYS_A_QUERY = 300

states = Table(
    "detector_states",
    metadata,
    Column("kind", word(16), primary_key=True),
    Column("channel", word(64), primary_key=True),
    Column("stage", word(64), primary_key=True),
    Column("state", LargeBinary, nullable=False),
)
usuals = Table(
    "detector_usuals",
    metadata,
    Column("kind", word(16), primary_key=True),
    Column("channel", word(64), primary_key=True),
    Column("stage", word(64), primary_key=True),
    Column("usual", LargeBinary, nullable=False),
)
period = Table(
    "detector_period",
    metadata,
    Column("kind", word(16), primary_key=True),
    Column("from_minute", BigInteger, nullable=False),
    Column("until_minute", BigInteger, nullable=False),
    Column("updates_week", Float, nullable=False),
)
consumed = Table(
    "detector_minutes",
    metadata,
    Column("kind", word(16), primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", word(64), primary_key=True),
    Column("stage", word(64), primary_key=True),
    Column("n", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("bad_first", Integer, nullable=False),
)

_encode = msgspec.msgpack.Encoder().encode
_decode_state = msgspec.msgpack.Decoder(SegmentState).decode
_Usual = tuple[  # the fields of a Baseline, in order
    float,
    float,
    float,
    tuple[float, ...],
    tuple[float, ...],
    tuple[float, ...],
    float,
    str,
    tuple[float, ...],
    float,
    float,
    float,
    float,
]
_decode_usual = msgspec.msgpack.Decoder(_Usual).decode


def encode_state(state: SegmentState) -> bytes:
    """A segment's state as stored; a state over its bound is a fault of ours and must not be written."""
    data = _encode(state)
    if len(data) > STATE_BYTES_MAX:
        raise ValueError(f"a detector state of {len(data)} bytes is over its bound of {STATE_BYTES_MAX}")
    return data


def load_states(conn: Connection, kind: Kind = "answers") -> dict[Segment, SegmentState]:
    """All states; those of another version are left out, so that their segments start again."""
    found = {}
    for channel, stage, data in conn.execute(
        select(states.c.channel, states.c.stage, states.c.state).where(states.c.kind == kind)
    ):
        if _version(data) == VERSION:
            found[_segment(channel, stage)] = _decode_state(data)
    return found


def load_state(conn: Connection, segment: Segment, kind: Kind = "answers") -> SegmentState | None:
    """One segment's state, None where there is none of this version."""
    c, place = states.c, _place(segment)
    query = select(c.state).where(c.kind == kind, c.channel == place["channel"], c.stage == place["stage"])
    data = conn.execute(query).scalar()
    return None if data is None or _version(data) != VERSION else _decode_state(data)


def load_budget(conn: Connection, kind: Kind = "answers") -> Budget:
    """The budget in use, an empty one before the first."""
    updates = conn.execute(select(period.c.updates_week).where(period.c.kind == kind)).scalar()
    return Budget(0.0 if updates is None else float(updates))


def _version(data: bytes) -> object:
    fields = msgspec.msgpack.decode(data)
    return fields[0] if isinstance(fields, list) and fields else None


def save_states(conn: Connection, changed: Mapping[Segment, SegmentState], kind: Kind = "answers") -> None:
    """Write the states that changed, and no others."""
    if changed:
        rows = [
            (kind, segment.channel or ALL, segment.stage or ALL, encode_state(state))
            for segment, state in changed.items()
        ]
        write_rows(conn, states, rows, replace=True)


def load_usuals(conn: Connection, kind: Kind = "answers") -> Usuals | None:
    """The baselines in use; None before the first."""
    row = conn.execute(select(period).where(period.c.kind == kind)).first()
    if row is None:
        return None
    baselines = {
        _segment(channel, stage): Baseline(*_decode_usual(data))
        for channel, stage, data in conn.execute(
            select(usuals.c.channel, usuals.c.stage, usuals.c.usual).where(usuals.c.kind == kind)
        )
    }
    return Usuals(row.from_minute, row.until_minute, Budget(row.updates_week), baselines)


def save_usuals(conn: Connection, now: Usuals, kind: Kind = "answers") -> None:
    """Replace the baselines in use, so that a restart judges by the same ones."""
    conn.execute(delete(usuals).where(usuals.c.kind == kind))
    conn.execute(delete(period).where(period.c.kind == kind))
    conn.execute(
        insert(period),
        {
            "kind": kind,
            "from_minute": now.from_minute,
            "until_minute": now.until_minute,
            "updates_week": now.budget.updates_week,
        },
    )
    rows = [
        {
            "kind": kind,
            **_place(segment),
            "usual": _encode(tuple(getattr(b, f.name) for f in fields(b))),
        }
        for segment, b in now.baselines.items()
    ]
    if rows:
        conn.execute(insert(usuals), rows)


def consume(
    conn: Connection, minutes: Sequence[LeafMinute], late: Sequence[LeafMinute], kind: Kind = "answers"
) -> list[LeafMinute]:
    """Note what is being taken in; the late minutes come back as what they gained since they were taken in last."""
    before = _consumed(conn, late, kind)
    gains = []
    for row in late:
        old = before.get((row.minute, row.channel, row.stage), NOTHING)
        gain = LeafMinute(
            row.minute, row.channel, row.stage, row.n - old.n, row.bad - old.bad, row.bad_first - old.bad_first
        )
        if gain.n or gain.bad or gain.bad_first:
            gains.append(gain)
    write_rows(conn, consumed, [(kind, *row) for row in (*late, *minutes)], replace=True)
    return sorted(gains, key=lambda gain: (gain.minute, gain.channel, gain.stage))


def _consumed(conn: Connection, late: Iterable[LeafMinute], kind: Kind) -> dict[tuple[int, str, str], Counts]:
    c = consumed.c
    keys = [(row.minute, row.channel, row.stage) for row in late]
    found = {}
    for start in range(0, len(keys), KEYS_A_QUERY):
        wanted = tuple_(c.minute, c.channel, c.stage).in_(keys[start : start + KEYS_A_QUERY])
        for row in conn.execute(select(consumed).where(consumed.c.kind == kind, wanted)):
            found[row.minute, row.channel, row.stage] = Counts(row.n, row.bad, row.bad_first)
    return found


def forget_consumed(conn: Connection, now_minute: int, kind: Kind = "answers") -> None:
    """Drop consumed minutes that are too old for anything late to change them."""
    conn.execute(delete(consumed).where(consumed.c.kind == kind, consumed.c.minute < now_minute - CONSUMED_MINUTES))


def _place(segment: Segment) -> dict[str, str]:
    return {"channel": segment.channel or ALL, "stage": segment.stage or ALL}


def _segment(channel: str, stage: str) -> Segment:
    return Segment(channel or None, stage or None)
