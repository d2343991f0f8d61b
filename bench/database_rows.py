"""How fast rows of customers are overwritten: one array a column beside row by row, COPY, and SQLite.

python -m bench.database_rows [--rows N] [--database postgresql+psycopg://...]

Without --database a PostgreSQL from Debian's package is started (fsync on). Every way writes the same rows of about
320 bytes, in transactions of 5,000, half of them new and half there already, one way after the other; medians of 5.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, text

from cxwatch.database import open_engine
from streams.store.bulk import write_rows
from streams.store.dialect import upsert
from streams.store.tables import customers

TRANSACTION = 5_000
Row = tuple[str, int, bytes, int | None, int]
Way = Callable[[Connection, Sequence[Row]], Any]


def arrays(conn: Connection, rows: Sequence[Row]) -> None:
    """As the product writes them."""
    write_rows(conn, customers, rows, replace=True)


def row_by_row(conn: Connection, rows: Sequence[Row]) -> None:
    """SQLAlchemy's executemany, which psycopg sends as a pipeline."""
    names = [column.name for column in customers.columns]
    conn.execute(upsert(conn, customers), [dict(zip(names, row, strict=True)) for row in rows])


def copy(conn: Connection, rows: Sequence[Row]) -> None:
    """COPY into a temporary table, and from there."""
    conn.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS coming (LIKE customers) ON COMMIT DELETE ROWS"))
    with conn.connection.cursor() as cursor, cursor.copy("COPY coming FROM STDIN") as into:  # type: ignore[attr-defined]
        for row in rows:
            into.write_row(row)
    conn.execute(
        text(
            "INSERT INTO customers SELECT * FROM coming ON CONFLICT (customer, partition) DO UPDATE SET "
            "state = excluded.state, silent_due_ms = excluded.silent_due_ms, last_ms = excluded.last_ms"
        )
    )


def rate(engine: Engine, way: Way, rows: Sequence[Row]) -> float:
    """Rows a second, over all transactions."""
    with engine.begin() as conn:
        customers.drop(conn, checkfirst=True)
        customers.create(conn)
        write_rows(conn, customers, rows[::2], replace=True)
    began = time.perf_counter()
    for start in range(0, len(rows), TRANSACTION):
        with engine.begin() as conn:
            way(conn, rows[start : start + TRANSACTION])
    return len(rows) / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--database", help="an empty PostgreSQL database")
    wish = parser.parse_args()
    rng = random.Random(1)
    rows: list[Row] = [(f"u{n:07d}", 0, rng.randbytes(280), None, 1_794_924_300_000 + n) for n in range(wish.rows)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = wish.database
        if url is None:
            from tests.support.postgres import running

            url = stack.enter_context(running()).url("postgres")
        postgres, sqlite = open_engine(url, durable=False), open_engine(folder / "state.db", durable=False)
        ways = {
            "PostgreSQL, row by row": (postgres, row_by_row),
            "PostgreSQL, COPY": (postgres, copy),
            "PostgreSQL, arrays (the product's)": (postgres, arrays),
            "SQLite, row by row (the product's)": (sqlite, arrays),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(wish.trials):
            for name, (engine, way) in ways.items():
                found[name].append(rate(engine, way, rows))
        postgres.dispose()
        sqlite.dispose()
    yardstick = statistics.median(found["PostgreSQL, row by row"])
    print(f"{wish.rows:,} rows of customers, transactions of {TRANSACTION:,}, medians of {wish.trials}")
    for name, rates in found.items():
        middle = statistics.median(rates)
        print(f"  {name:<36} {middle:>9,.0f} rows/s   {middle / yardstick:>5.2f} x")


if __name__ == "__main__":
    main()
