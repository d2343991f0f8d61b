"""A process of its own that appends: `appender.py KIND PLACE MODE`. Says "ack N" for every append that is durable.

MODE count:N appends N records one by one; MODE forever does so until it is killed; MODE limited:BYTES lets files grow
no larger than that, and says "error ..." when the log gives up.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from itertools import count

from streams.clock import SystemClock
from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings
from streams.logs.protocol import Log, Record
from streams.logs.sqlite import SqliteLog


def open_log(kind: str, place: str) -> Log:
    if kind == "kafka":
        broker, _, topic = place.partition("/")
        return KafkaLog(KafkaSettings(brokers=(broker,), topic=topic)).connect()
    return SqliteLog(place, SystemClock())


async def main(kind: str, place: str, mode: str) -> None:
    name, _, amount = mode.partition(":")
    log = open_log(kind, place)
    padding = b""
    if name == "limited":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(amount), resource.RLIM_INFINITY))
        padding = b"." * 2_000
    try:
        for i in range(int(amount)) if name == "count" else count():
            await log.append([Record(b"%d" % (i % 7), b"%d%s" % (i, padding))])
            print("ack", i, flush=True)
    except LogError as failure:
        print("error", failure, flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await log.append([Record(b"0", b"after")])
        print("recovered", flush=True)
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
