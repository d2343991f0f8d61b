"""How long a partition stands still when a worker joins, leaves, is killed, or is killed and started again."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import psycopg
from confluent_kafka import Producer

from bench import common
from bench.common import Result
from bench.kafka.world import World, now_ms
from streams.logs.kafka_settings import KafkaSettings
from tests.support.processes import Process, Site, site

RATE = 400  # events a second
LOOK_S = 0.01
SETTLE_S = 4.0
WATCH_S = 14.0


class Load:
    """Events at a steady rate from a thread, until the block ends."""

    def __init__(self, topic: KafkaSettings) -> None:
        self._topic = topic
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        producer = Producer({"bootstrap.servers": self._topic.brokers[0], "linger.ms": 5, "log_level": 0})
        seed = 0
        while not self._stopping.is_set():
            seed += 1
            events = common.events(10 * RATE, now_ms(), seed=seed)
            while batch := list(islice(events, RATE // 20)):
                for key, value in batch:
                    producer.produce(self._topic.topic, value, key)
                producer.poll(0)
                if self._stopping.wait(0.05):
                    break
        producer.flush(10)


class Watch:
    """When each partition's offset in the database moved."""

    def __init__(self, conninfo: str) -> None:
        self._conn = psycopg.connect(conninfo, autocommit=True)
        self._offsets: dict[int, int] = {}
        self._moved: dict[int, float] = {}

    def longest(self, seconds: float) -> dict[int, float]:
        """The longest pause of each partition within the coming seconds (and up to its end), s."""
        begin = time.perf_counter()
        self._look(begin, {})
        self._moved = dict.fromkeys(self._offsets, begin)
        pauses = dict.fromkeys(self._offsets, 0.0)
        while (at := time.perf_counter()) - begin < seconds:
            self._look(at, pauses)
            time.sleep(LOOK_S)
        for partition, moved in self._moved.items():
            pauses[partition] = max(pauses[partition], time.perf_counter() - moved)
        return pauses

    def _look(self, at: float, pauses: dict[int, float]) -> None:
        for partition, offset in self._conn.execute("SELECT partition, next_offset FROM partitions").fetchall():
            if offset != self._offsets.get(partition):
                pauses[partition] = max(pauses.get(partition, 0.0), at - self._moved.get(partition, at))
                self._offsets[partition], self._moved[partition] = offset, at

    def close(self) -> None:
        """Let the connection go."""
        self._conn.close()


def measured(here: World) -> list[Result]:
    """Every event in turn under a load, `cxwatch worker` processes over the product's own tables."""
    rows: list[Result] = []
    here.postgres.sql("CREATE DATABASE pauses")
    topic = here.settings("pauses")
    with site(_folder(here), topic, here.postgres.url("pauses")) as shop:
        shop.call("migrate")
        first = shop.new("worker").until_ready()
        watch = Watch(here.postgres.conninfo("pauses"))
        with Load(topic):
            time.sleep(SETTLE_S)
            rows += _joined(shop, watch, first)
        watch.close()
    here.postgres.cut("pauses")
    here.postgres.sql("DROP DATABASE pauses")
    return rows


def _joined(shop: Site, watch: Watch, first: Process) -> list[Result]:
    rows = [_row("nothing happens", watch, lambda: None)]
    others = [first]

    def join() -> None:
        others.append(shop.new("worker"))

    def end(number: signal.Signals) -> Callable[[], None]:
        return lambda: others.pop().signal(number)

    rows.append(_row("a worker joins", watch, join))
    rows.append(_row("a worker is stopped in order (SIGTERM)", watch, end(signal.SIGTERM)))
    join()
    others[-1].until_ready()
    time.sleep(SETTLE_S)
    rows.append(_row("a worker is killed (kill -9), the other takes over", watch, end(signal.SIGKILL)))
    join()
    others[-1].until_ready()
    time.sleep(SETTLE_S)

    def again() -> None:
        killed = others[-1]
        killed.signal(signal.SIGKILL)
        killed.ended(10)
        killed.start()

    rows.append(_row("a worker is killed and started again at once", watch, again))
    return rows


def _row(case: str, watch: Watch, event: Callable[[], None]) -> Result:
    thread = threading.Timer(0.5, event)
    thread.start()
    pauses = watch.longest(WATCH_S)
    thread.join()
    return {"case": case, "longest_s": max(pauses.values()), "shortest_s": min(pauses.values())}


def _folder(here: World) -> Path:
    folder = here.folder / "pauses"
    folder.mkdir()
    return folder
