"""Erasure inside the measured tables, in the transaction of the event that asked for it."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from streams.measure.rows import Forgotten
from streams.store.bulk import put
from streams.store.tables import customers, erasures, feedback, flags


def forget_rows(conn: Connection, forgotten: Forgotten, partition: int) -> None:
    """Redact a customer's answers and flags and remember the erasure; scores, times and places stay.

    What is of a later time than the erasure belongs to somebody who came back.
    """
    theirs = (feedback.c.customer == forgotten.customer) & (feedback.c.time_ms <= forgotten.requested_ms)
    conn.execute(update(feedback).where(theirs).values(customer=forgotten.token, comment=None, attributes="{}"))
    flagged = (flags.c.customer == forgotten.customer) & (flags.c.time_ms <= forgotten.requested_ms)
    conn.execute(delete(flags).where(flagged))
    c = customers.c  # a foreign partitioner may have begun a second journey of theirs; the first is `partition`'s own
    elsewhere = (c.customer == forgotten.customer) & (c.partition != partition) & (c.last_ms <= forgotten.requested_ms)
    conn.execute(delete(customers).where(elsewhere))
    pending = {
        "customer_hash": forgotten.customer_hash,
        "token": forgotten.token,
        "customer": forgotten.customer,
        "requested_ms": forgotten.requested_ms,
        "state": "pending",
        "receipt": None,
    }
    put(conn, erasures, [pending])
