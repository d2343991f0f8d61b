"""Tables of the composition root: who decides, and how far decisions have come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table

from streams.store.dialect import word

metadata = MetaData()

leases = Table(
    "leases",
    metadata,
    Column("name", word(32), primary_key=True),
    Column("token", word(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),  # by the database server's clock
)

decided = Table(
    "decided",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("closed_to", Integer, nullable=False),  # first minute that is not closed yet
)

decide_cursors = Table(
    "decide_cursors",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("panes_seen", BigInteger, nullable=False),  # commit numbers of the partition
    Column("flags_seen", BigInteger, nullable=False),
)
