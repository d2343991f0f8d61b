"""What more places and more customers cost: the same number of events, over more of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiokafka.partitioner import murmur2

from bench import common
from bench.common import Result
from bench.kafka import product
from bench.kafka.bare import MemoryFold
from bench.kafka.world import PARTITIONS, World, now_ms, opened
from streams.customers import CustomerState
from streams.logs.protocol import Record
from streams.store.bulk import write_rows
from streams.store.tables import customers

SHAPES = ((10, 10), (20, 50), (100, 100))  # channels, stages
STEP = 20_000


def places(here: World, events: int, shapes: Sequence[tuple[int, int]] = SHAPES) -> list[Result]:
    """Windows alone, with 100, 1,000 and 10,000 segments."""
    rows = []
    for channels, stages in shapes:
        names = tuple(f"c{n:03d}" for n in range(channels)), tuple(f"s{n:03d}" for n in range(stages))
        topic = f"places-{channels * stages}"
        here.topic(topic, common.events(events, now_ms(), named=False, channels=names[0], stages=names[1]))
        with here.database("postgresql") as database:
            before = here.written_bytes()
            found = common.apart(product.measured, here.settings(topic), database, common.settings_for(*names))
            written = (here.written_bytes() - before) / events
        rows.append({"segments": channels * stages, "per_second": found["per_second"], "bytes_an_event": written})
    return _compared(rows)


def people(here: World, events: int, sizes: Sequence[int]) -> list[Result]:
    """The whole pipeline, with so many customers who are all in the table already."""
    rows = []
    for size in sizes:
        topic = f"customers-{size}"
        here.topic(topic, common.events(events, now_ms(), customers=size))
        with here.database("postgresql") as database:
            common.apart(known, database, size)
            before = here.written_bytes()
            found = common.apart(product.measured, here.settings(topic), database)
            written = (here.written_bytes() - before) / events
        rows.append({"customers": size, "per_second": found["per_second"], "bytes_an_event": written})
    return _compared(rows)


def known(database: str, size: int) -> Result:
    """Put customers into the table who have some history: states that were really measured, over and over."""
    engine = opened(database)
    states = _measured_states()
    for start in range(0, size, STEP):
        rows = list(_rows(range(start, min(size, start + STEP)), states))
        with engine.begin() as conn:
            write_rows(conn, customers, rows, replace=True)
    with engine.connect() as conn:
        conn.exec_driver_sql("COMMIT")
        conn.exec_driver_sql("ANALYZE customers")
    engine.dispose()
    return {"customers": size}


def _measured_states() -> list[bytes]:
    fold = MemoryFold()
    records: list[Record] = list(common.events(4_000, now_ms(), customers=1_000))
    fold.add(0, [value for _, value in records], [now_ms()] * len(records))
    return fold.customer_states()


def _rows(numbers: range, states: Sequence[bytes]) -> Iterator[tuple[str, int, bytes, int | None, int]]:
    at_ms = now_ms()
    for number in numbers:
        key = f"u{number:06d}"
        partition = (murmur2(key.encode()) & 0x7FFFFFFF) % PARTITIONS
        state = CustomerState.decode(states[number % len(states)])
        state.customer = key
        yield key, partition, state.encode(), None, at_ms


def _compared(rows: list[Result]) -> list[Result]:
    return [{**row, "of_the_first": row["per_second"] / rows[0]["per_second"]} for row in rows]
