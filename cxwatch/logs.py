"""Opens the log that the settings name: a SQLite file of ours, or a Kafka topic."""

from __future__ import annotations

import asyncio
import dataclasses

import structlog

from cxwatch.settings import Settings
from streams.clock import Clock
from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.sqlite import SqliteLog

LOOK_S = 1.0
AnyLog = SqliteLog | KafkaLog

log = structlog.get_logger()


def new_log(settings: Settings, clock: Clock) -> AnyLog:
    """The log, not connected to yet where it is on Kafka. Raises LogError where the file cannot be used."""
    return SqliteLog(settings.log_path, clock) if settings.embedded_log else KafkaLog(settings.kafka)


def open_log(settings: Settings, clock: Clock) -> AnyLog:
    """The log for a command, ready to use. Blocks. Raises LogError (TopicMissing, Kafka away, a damaged file)."""
    if settings.embedded_log:
        return SqliteLog(settings.log_path, clock)
    # A command that measures is gone soon: no name of its own in the group.
    return KafkaLog(dataclasses.replace(settings.kafka, instance_id=None)).connect()


async def wait_for_log(opened: AnyLog) -> None:
    """Return when the log can be used; a topic that is not there yet is looked for every second, said once."""
    said = ""
    while isinstance(opened, KafkaLog):
        try:
            await asyncio.to_thread(opened.connect)
        except LogError as error:
            if error.problem != said:
                log.warning("waiting for the log", reason=str(error))
                said = error.problem
            await asyncio.sleep(LOOK_S)
        else:
            return
