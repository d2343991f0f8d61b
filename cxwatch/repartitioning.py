"""`cxwatch migrate --repartition`: after the topic's owner has given it more partitions."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from cxwatch.database import open_state
from cxwatch.errors import CannotStart
from cxwatch.offline import measure_log
from cxwatch.settings import Settings
from streams.decode import Decoder
from streams.logs.kafka import KafkaLog
from streams.measure.engine import MeasureEngine
from streams.signal import Signal
from streams.store.identity import Identity, read_identity
from streams.store.repartition import copy_hashes, move_customers, set_partitions
from streams.store.tables import partitions


@dataclass(frozen=True, slots=True)
class Repartitioned:
    """What was done; `before` == `after` says that nothing was to do."""

    before: int
    after: int
    records: int = 0
    customers: int = 0


async def repartition(settings: Settings) -> Repartitioned:
    """Measure the old partitions to their ends, then move what is known of customers to where their events come now.

    Taking over the partitions fences every worker; each ends with exit code 75 and, started again, waits for its
    supervisor until this is done. A crash in between loses nothing: run it again. Raises CannotStart and LogError.
    """
    log = KafkaLog(dataclasses.replace(settings.kafka, instance_id=None))
    await asyncio.to_thread(log.connect)
    engine = open_state(settings)
    try:
        with engine.connect() as conn:
            known = _checked(read_identity(conn), log)
        if known.partitions == log.partitions:
            return Repartitioned(known.partitions, log.partitions)
        records, epochs = await _drain(engine, settings, log, known)
        moved = await asyncio.to_thread(_move, engine, known.partitions, log.partitions, epochs)
        return Repartitioned(known.partitions, log.partitions, records, moved)
    finally:
        await log.close()
        engine.dispose()


def _checked(known: Identity | None, log: KafkaLog) -> Identity:
    if known is None:
        raise CannotStart("nothing has been measured yet, so nothing is to be moved: run `cxwatch migrate`")
    if known.identity != log.identity:
        raise CannotStart(
            f"the database was measured from topic {known.identity}, this is {log.identity}: another topic is another "
            "history; start with an empty database"
        )
    return known


async def _drain(engine: Engine, settings: Settings, log: KafkaLog, known: Identity) -> tuple[int, dict[int, int]]:
    """Measure what the old partitions hold; how many records that was, and the epochs under which they are ours."""
    measuring = MeasureEngine(engine, settings.measure, Decoder(settings.measure, lambda _: None), Signal())
    measuring.start(known.secret)
    since = await measuring.claim(range(known.partitions))
    with engine.connect() as conn:
        epochs = _epochs(conn)
    ends = await asyncio.to_thread(log.ends)
    upto = {p: ends[p] for p in range(known.partitions)}
    records = await measure_log(measuring, log, upto, since)
    await measuring.close()
    return records, epochs


def _move(engine: Engine, before: int, after: int, epochs: dict[int, int]) -> int:
    with engine.begin() as conn:
        if _epochs(conn) != epochs:
            raise CannotStart("a worker has taken partitions over meanwhile: stop all workers, then run this again")
        moved = move_customers(conn, before, after)
        copy_hashes(conn, before, after)
        set_partitions(conn, after)
    return moved


def _epochs(conn: Connection) -> dict[int, int]:
    return {row.partition: row.epoch for row in conn.execute(select(partitions.c.partition, partitions.c.epoch))}
