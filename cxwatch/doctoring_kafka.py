"""`cxwatch doctor` on Kafka: the broker, the topic, whether it is the right one, who measures, who produces how."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from sqlalchemy import Connection

from cxwatch.checking import Check, how_far
from cxwatch.settings import ExportSettings, Settings
from dashboards.changes.cursor import read_unsent
from streams.clock import rfc3339
from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_errors import TopicMissing
from streams.logs.kafka_topic import TopicAdmin
from streams.store.customers import count_split
from streams.store.identity import read_identity
from streams.store.progress import next_offsets

BROKER_TIME = "times are the producers': set message.timestamp.type=LogAppendTime on the topic, or a wrong clock of one"
SPLIT = (
    "customers turned up in two partitions: somebody produces with another partitioner, or the topic was given more "
    "partitions. Windows and cases are right; a journey in two parts may miss a third contact and count a complaint "
    "twice as the first. librdkafka's clients: set partitioner=murmur2_random"
)


def examine_kafka(settings: Settings, conn: Connection) -> Iterator[Check]:
    """All checks of the topic, as far as they can be made."""
    log = KafkaLog(settings.kafka)
    try:
        log.connect()
        yield Check("kafka", "ok", f"{settings.kafka.address} answers")
        yield from _topic(log, conn)
        yield _measuring(log)
        if not log.timestamps_are_the_brokers():
            yield Check("times", "note", f"{BROKER_TIME} hides late events and history")
    except TopicMissing as error:
        yield Check("kafka", "failed", str(error))
    except LogError as error:
        yield Check("kafka", "failed", str(error))
    finally:
        asyncio.run(log.close())
    split = count_split(conn)
    if split:
        yield Check("customers", "note", f"{split:,} {SPLIT}")


def examine_export(export: ExportSettings, conn: Connection) -> Iterator[Check]:
    """The topic of changes: whether it is there and compacted, and how far it is behind."""
    admin = TopicAdmin(export.kafka)
    try:
        admin.describe()
        policy = admin.config("cleanup.policy") or ""
    except LogError as error:
        yield Check("export", "failed", str(error))
        return
    unsent = read_unsent(conn)
    last = "nothing sent yet" if unsent.sent_real_ms is None else f"last sent {rfc3339(unsent.sent_real_ms)}"
    text = f"{export.kafka.address}, {last}, {unsent.waiting:,} changed minutes wait"
    yield Check("export", "ok", text)
    if "compact" not in policy:
        yield Check("export", "note", "the topic is not compacted: set cleanup.policy=compact,delete, or it only grows")


def _topic(log: KafkaLog, conn: Connection) -> Iterator[Check]:
    known = read_identity(conn)
    if known is not None and known.identity != log.identity:
        yield Check(
            "log",
            "failed",
            f"the database was measured from topic {known.identity}, this is {log.identity}: it was made anew, or "
            "`log` names another one; name the right one, or start with an empty database",
        )
        return
    if known is not None and known.partitions != log.partitions:
        yield Check(
            "log",
            "failed",
            f"the topic has {log.partitions} partitions, it was measured with {known.partitions}: stop all workers and "
            "run `cxwatch migrate --repartition`",
        )
        return
    ends, measured = log.ends(), next_offsets(conn)
    beyond = [p for p, offset in measured.items() if offset > ends.get(p, 0)]
    if beyond:
        yield Check(
            "log",
            "failed",
            f"the database has measured partition {beyond[0]} to {measured[beyond[0]]:,}, the topic ends at "
            f"{ends.get(beyond[0], 0):,}: records are gone from it; bring them back, or start with an empty database",
        )
        return
    yield how_far(conn, log.partitions, ends)


def _measuring(log: KafkaLog) -> Check:
    members = log.members()
    if not members:
        return Check("measuring", "note", "nobody measures now: start `cxwatch worker` or `cxwatch run`")
    idle = f"; {members - log.partitions} of them without a partition" if members > log.partitions else ""
    return Check("measuring", "ok", f"{members} {'process measures' if members == 1 else 'processes measure'}{idle}")
