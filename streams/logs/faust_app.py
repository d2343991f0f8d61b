"""Builds the Faust app over a log, and starts and stops it inside an event loop that is already running.

app = build_app(log, owner, on_fatal)
measuring(app, engine.measure_all)          # the agent: async def body(stream): async for packed in stream: ...
await start_app(app)                        # returns when batches flow
...
await stop_app(app)
"""

from __future__ import annotations

import asyncio
from typing import Any

import faust

from streams.logs.errors import LogError
from streams.logs.faust_mends import AgentBody, CxApp, OnFatal, PackedSchema, PromptTables, guarded
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_thread import check_codecs
from streams.logs.kafka_transport import KafkaTransport
from streams.logs.protocol import TOPIC, Owner
from streams.logs.sqlite import SqliteLog
from streams.logs.sqlite_transport import SqliteTransport

STOP_TIMEOUT_S = 5.0
BUFFERED_BATCHES = 4


def build_app(log: SqliteLog | KafkaLog, owner: Owner, on_fatal: OnFatal, *, app_id: str = "cxwatch") -> faust.App:
    """An app that reads the log and nothing else: no pages, no topics of its own, no signal handlers, no logging.

    `on_fatal` is called on the event loop with the first failure of an agent or of Faust itself; what is to happen
    then (end the process) is its decision. Call this inside the loop that will run the app. Raises LogError.
    """
    app = CxApp(id=app_id, broker="kafka://" if isinstance(log, KafkaLog) else "sqlite://", **_SETTINGS)
    app.loop = asyncio.get_running_loop()
    app.on_fatal = on_fatal
    if isinstance(log, KafkaLog):
        check_codecs()
        app.log_topic = log.settings.topic
        transport = KafkaTransport(app, log, owner)
    else:
        app.log_topic = TOPIC
        transport = SqliteTransport(app, log, owner)
    app.transport = transport
    app.producer_transport = transport
    return app


_SETTINGS: dict[str, Any] = {
    "autodiscover": False,
    "store": "memory://",
    "cache": "memory://",
    "web_enabled": False,
    "topic_disable_leader": True,
    "topic_allow_declare": False,
    "table_standby_replicas": 0,
    "stream_wait_empty": False,
    "stream_recovery_delay": 0.0,
    "stream_buffer_maxsize": BUFFERED_BATCHES,
    "TableManager": PromptTables,
}


def packed_topic(app: faust.App) -> faust.TopicT:
    """The channel whose stream yields `Packed`."""
    return app.topic(app.log_topic, schema=PackedSchema(), internal=False)


def measuring(app: faust.App, body: AgentBody) -> faust.Agent:
    """Make `body` the agent of the log's batches. A failure in it reaches `on_fatal`; see `guarded`."""
    return app.agent(packed_topic(app), name="measure")(guarded(body, app.on_fatal))


async def start_app(app: faust.App) -> None:
    """Start inside the running loop; returns when batches flow. Raises LogError when it could not start."""
    if not app.agents:
        raise ValueError("name an agent with measuring() first: without one Faust waits for ever")
    await app.start()
    if app.crash_reason is not None:
        raise LogError("measuring did not start", "see the cause") from app.crash_reason


async def seek(app: faust.App, partition: int, offset: int) -> None:
    """Deliver a partition again from an offset. Batches already on their way to the agent still come first."""
    await app.consumer.seek(faust.types.TP(app.log_topic, partition), offset)


async def stop_app(app: faust.App, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Stop; False when it did not within the time (Faust's shutdown can hang), and the process should just end."""
    try:
        await asyncio.wait_for(app.stop(), timeout_s)
    except TimeoutError:
        return False
    return True
