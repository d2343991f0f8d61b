"""The thread that talks to Kafka: aiokafka's consumer as we want it, and what to do about its errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import aiokafka
import structlog
from aiokafka import codec
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import (
    ConsumerStoppedError,
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.logs.errors import LogError
from streams.logs.kafka_packing import fetched
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.kafka_settings import aiokafka as connection
from streams.logs.protocol import Packed

FETCH_BYTES_MAX = 4 * 1024 * 1024  # a partition
SESSION_MS = 6_000  # a process that is silent for so long has lost its partitions
HEARTBEAT_MS = 1_000
REBALANCE_MS = 10_000
POLL_INTERVAL_MS = 300_000
LOST = b'{"type":"records removed from the log before they were measured"}'  # becomes a dead letter

log = structlog.get_logger()


class KafkaThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust has no types for us
    """Fetches packed batches; commits to Kafka are a courtesy to those who watch the group."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        settings: KafkaSettings = transport.log.settings
        self._assignor = RoundRobinPartitionAssignor
        return aiokafka.AIOKafkaConsumer(
            **connection(settings),
            group_id=settings.group,
            group_instance_id=settings.instance_id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="none",  # a position that the log does not have must not be passed over
            isolation_level="read_committed",
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
            fetch_max_wait_ms=500,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            rebalance_timeout_ms=REBALANCE_MS,
            max_poll_interval_ms=POLL_INTERVAL_MS,
            metadata_max_age_ms=30_000,
        )

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: Collection[TP] | None,
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> Mapping[TP, list[Packed]]:
        del max_records
        if not self.consumer.flow_active:
            return {}
        fetcher = consumer._fetcher
        if consumer._closed or fetcher._closed:
            raise ConsumerStoppedError
        with fetcher._subscriptions.fetch_context():
            try:
                return await fetched(fetcher, active_partitions, timeout or 0.0)
            except NoOffsetForPartitionError:
                return {}  # asked before we have said where to start; the seek follows
            except OffsetOutOfRangeError as error:
                return await self._beyond(consumer, error.args[0])
            except ConsumerStoppedError:
                raise
            except KafkaError as error:
                raise LogError(
                    f"Kafka could not be read ({type(error).__name__}: {error})",
                    "look at the broker's log and this user's rights; nothing is lost",
                ) from error

    async def _beyond(
        self, consumer: aiokafka.AIOKafkaConsumer, asked: Mapping[TopicPartition, int]
    ) -> Mapping[TP, list[Packed]]:
        """A position outside the log: removed by retention before it was measured, or the log is not the one it was."""
        lost: dict[TP, list[Packed]] = {}
        for tp, offset in asked.items():
            first = (await consumer.beginning_offsets([tp]))[tp]
            end = (await consumer.end_offsets([tp]))[tp]
            if offset > end:
                raise LogError(
                    f"the database has measured partition {tp.partition} to {offset:,}, the log ends at {end:,}",
                    "bring back the topic that belongs to the database, or rebuild the database with cxwatch replay",
                )
            self.seek_now(tp, max(offset, first))
            if offset < first:
                lost[TP(tp.topic, tp.partition)] = [_lost(tp, offset, first)]
        return lost

    def seek_now(self, tp: TP, offset: int) -> None:
        """Mend 7: to be called on this thread. Faust seeks from another one, and the fetch that waits sleeps on."""
        try:
            self._ensure_consumer().seek(TopicPartition(tp.topic, tp.partition), offset)
        except IllegalStateError:
            log.info("not ours any more, no need to go back", partition=tp.partition)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Mend 8: Faust ends the app when a commit to Kafka fails. Ours is for those who watch; the database rules.

        github.com/faust-streaming/faust/issues/611
        """
        mine = self.assignment()
        try:
            await self._ensure_consumer().commit(
                {TopicPartition(*tp): OffsetAndMetadata(offset, "") for tp, offset in offsets.items() if tp in mine}
            )
        except (TimeoutError, KafkaError) as error:
            log.info("Kafka did not take the group's offsets, the database has them", error=type(error).__name__)
            return False
        return True


def _lost(tp: TopicPartition, offset: int, first: int) -> Packed:
    """Records that retention took before they were measured: one dead letter that says so. New logs begin anywhere."""
    if offset == 0:
        log.warning("the log begins later, what was before is not measured", partition=tp.partition, offset=first)
        return Packed(tp.topic, tp.partition, offset, first, [], [], [], [])
    log.error(
        "records were removed from the log before they were measured",
        partition=tp.partition,
        from_offset=offset,
        to_offset=first,
    )
    return Packed(tp.topic, tp.partition, offset, first, [first - 1], [LOST], [0], [None])


def check_codecs() -> None:
    """Mend 9: say at the start what would end measuring later; github.com/aio-libs/aiokafka/issues/1032.

    Raises LogError.
    """
    lacking = [name for name in ("gzip", "snappy", "lz4", "zstd") if not getattr(codec, f"has_{name}")()]
    if lacking:
        raise LogError(f"records compressed with {', '.join(lacking)} could not be read", "install the package cramjam")
