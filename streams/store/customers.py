"""States of customers, by partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select

from streams.customers import CustomerState
from streams.store.bulk import write_rows
from streams.store.dialect import among, in_parts
from streams.store.tables import customers

CustomerRow = tuple[str, int, bytes, int | None, int]  # the table's columns


def load_customers(conn: Connection, partition: int, keys: Sequence[str]) -> dict[str, CustomerState]:
    """The stored states among these customers, of this partition."""
    found: dict[str, CustomerState] = {}
    c = customers.c
    for part in in_parts(conn, keys):
        query = select(c.customer, c.state).where(among(conn, c.customer, part), c.partition == partition)
        for key, state in conn.execute(query):
            found[key] = CustomerState.decode(state)
    return found


def save_customers(conn: Connection, rows: Sequence[CustomerRow]) -> None:
    """Write states as they are now."""
    write_rows(conn, customers, rows, replace=True)


def drop_customers(conn: Connection, partition: int, keys: Sequence[str]) -> None:
    """Delete states (erasure)."""
    if keys:
        statement = delete(customers).where(
            customers.c.customer == bindparam("key"), customers.c.partition == bindparam("owner")
        )
        conn.execute(statement, [{"key": key, "owner": partition} for key in keys])


def all_customers(conn: Connection, since_ms: int) -> Iterator[CustomerState]:
    """Every customer with an event since then: what the CX score is the mean of. Streams, in no order."""
    query = select(customers.c.state).where(customers.c.last_ms >= since_ms).execution_options(yield_per=2_000)
    for (state,) in conn.execute(query):
        yield CustomerState.decode(state)


def count_split(conn: Connection) -> int:
    """Customers who are in more than one partition. Reads the whole index: for a person who asks, not for a scrape."""
    c = customers.c
    twice = select(c.customer).group_by(c.customer).having(func.count() > 1).subquery()
    return int(conn.execute(select(func.count()).select_from(twice)).scalar_one())
