"""Tables of the streams room: what MEASURE writes in one transaction a group of batches.

Two partitions never write the same row of panes, customers, flags or hashes: the partition is part of the key.
`changed` and `seq` hold the partition's commit number, so that DECIDE can ask for "what is new since my cursor".
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

from streams.store.dialect import word

metadata = MetaData()

# Which log these tables were measured from; another one would give other numbers (one row).
log_identity = Table(
    "log_identity",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("identity", word(64), nullable=False),
    Column("partitions", Integer, nullable=False),
    Column("secret", LargeBinary, nullable=False),  # keys the hashes of forgotten customers
)

partitions = Table(
    "partitions",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),  # grows with every claim: an older owner is fenced
    Column("next_offset", BigInteger, nullable=False),  # everything below is in the tables
    Column("commits", BigInteger, nullable=False),
    Column("greatest_ms", BigInteger),  # greatest event time measured
    Column("append_ms", BigInteger),  # append time of the last record measured
    Column("accepted", BigInteger, nullable=False, server_default="0"),
    Column("duplicate", BigInteger, nullable=False, server_default="0"),
    Column("refused", BigInteger, nullable=False, server_default="0"),
    Column("history", BigInteger, nullable=False, server_default="0"),
)


def _pane_columns() -> list[Column[object]]:
    return [
        Column("counts", Text, nullable=False),  # JSON: score point (or grade) -> how many
        Column("n", Integer, nullable=False),
        Column("bad", Integer, nullable=False),
        Column("bad_first", Integer, nullable=False),
        Column("live_n", Integer, nullable=False),
        Column("live_bad", Integer, nullable=False),
        Column("live_bad_first", Integer, nullable=False),
        Column("waits", LargeBinary),
        Column("durations", LargeBinary),
        Column("overruns", LargeBinary),  # of promises; what was kept counts as 0
    ]


panes = Table(
    "panes",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("channel", word(64), primary_key=True),
    Column("stage", word(64), primary_key=True),
    Column("metric", word(64), primary_key=True),
    Column("survey_kind", word(8), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    *_pane_columns(),
    Column("changed", BigInteger, nullable=False),
    Index("panes_changed", "partition", "changed"),
    sqlite_with_rowid=False,
)

# `minute` is the first minute of the hour: the same shape, so that one reader serves both.
hour_panes = Table(
    "hour_panes",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("channel", word(64), primary_key=True),
    Column("stage", word(64), primary_key=True),
    Column("metric", word(64), primary_key=True),
    Column("survey_kind", word(8), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    *_pane_columns(),
    sqlite_with_rowid=False,
)

customers = Table(
    "customers",
    metadata,
    Column("customer", word(128), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("state", LargeBinary, nullable=False),  # streams.customers.CustomerState.encode()
    Column("silent_due_ms", BigInteger),  # unhappy and silent if still set then
    Column("last_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
_unhappy = customers.c.silent_due_ms.is_not(None)
Index("customers_silent_due", customers.c.silent_due_ms, sqlite_where=_unhappy, postgresql_where=_unhappy)

feedback = Table(
    "feedback",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # digest of (source, id): see feedback.key_of
    Column("source", word(64), nullable=False),
    Column("id", word(256), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("customer", word(128)),
    Column("channel", word(64), nullable=False),
    Column("stage", word(64), nullable=False),
    Column("metric", word(64), nullable=False),  # the scale's name
    Column("survey_kind", word(8), nullable=False),
    Column("survey", word(64)),
    Column("score", Integer, nullable=False),
    Column("bad", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("comment", Text),
    Column("reasons", Text, nullable=False),  # JSON list
    Column("attributes", Text, nullable=False),  # JSON object
    Column("live", Boolean, nullable=False),
    Index("feedback_place", "channel", "stage", "time_ms"),
    Index("feedback_customer", "customer"),
    Index("feedback_time", "time_ms"),
    sqlite_with_rowid=False,
)

interaction_hashes = Table(
    "interaction_hashes",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),  # hour of append time
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

flags = Table(
    "flags",
    metadata,
    Column("flag_id", word(64), primary_key=True),
    Column("kind", word(32), nullable=False),
    Column("customer", word(128), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("channel", word(64), nullable=False),
    Column("stage", word(64), nullable=False),
    Column("event_source", word(64), nullable=False),
    Column("event_id", word(256), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Index("flags_seq", "partition", "seq"),
    Index("flags_customer", "customer"),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("letter_id", word(32), primary_key=True),  # digest of what was refused and why
    Column("origin", word(128), nullable=False),  # "http", "file NAME", "log"
    Column("field", word(64), nullable=False),
    Column("value", word(256), nullable=False),
    Column("rule", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("complete", Boolean, nullable=False),  # False: too large to keep whole, cannot be tried again
    Column("times", Integer, nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("state", word(8), nullable=False),  # kept, retried
    Index("dead_letters_last", "last_ms"),
)

imports = Table(
    "imports",
    metadata,
    Column("origin", word(128), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("accepted", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("history", BigInteger, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("key", word(64), primary_key=True),  # digest of content, mapping and destination
    Column("file", word(256), nullable=False),
    Column("rows_done", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    Column("customer_hash", word(64), primary_key=True),  # keyed: says nothing without the secret
    Column("token", word(64), nullable=False),
    Column("customer", word(128)),  # only while pending: log and messages are searched for it
    Column("requested_ms", BigInteger, nullable=False),
    Column("state", word(16), nullable=False),  # pending, redacted, done
    Column("receipt", Text),  # JSON: what was redacted where, when
)
