"""Tables of the topic of changes: what has been sent, so that nothing is left out after a crash."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table

metadata = MetaData()

change_state = Table(
    "change_state",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("revision", BigInteger, nullable=False),  # of the newest round, sent or not; real milliseconds, never back
    Column("closed_to", Integer),  # windows that end up to this minute were sent as final
    Column("sent_real_ms", BigInteger),  # when a round was sent and noted last
)

change_cursors = Table(
    "change_cursors",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("panes_sent", BigInteger, nullable=False),  # commit numbers of the partition
)

change_incidents = Table(
    "change_incidents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of what was sent
)
