"""A real Kafka broker on loopback: one for all tests of a run, and brokers of their own for tests that kill them."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from streams.logs.kafka_settings import KafkaSettings
from tests.support.tools import lacking, need

START = Path(__file__).parents[2] / "deploy" / "kafka" / "start"
UP_S = 60.0
FETCH_S = 300.0
OTHERS_S = 280.0
_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Broker:
    """A broker of our own, in a folder of its own; `start`, `kill` and `stop` as often as wanted."""

    folder: Path
    port: int = field(default_factory=free_port)
    controller_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> Broker:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [START, str(self.port), str(self.folder)],
                env={**os.environ, "CXWATCH_KAFKA_CONTROLLER_PORT": str(self.controller_port)},
                stdout=output,
                stderr=output,
                preexec_fn=_die_with_the_tests,  # noqa: PLW1509  # it only calls the kernel
            )
        self._wait()
        return self

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)  # an orderly stop takes seconds and nobody reads its data again
            self.process.wait()

    def _wait(self) -> None:
        admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        until = time.monotonic() + UP_S
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                admin.list_topics(timeout=1)
            except KafkaException:
                continue
            return
        raise AssertionError(f"the broker did not start: {(self.folder / 'output.txt').read_text()[-2000:]}")


def _die_with_the_tests() -> None:
    ctypes.CDLL(None).prctl(_DIES_WITH_ITS_PARENT, signal.SIGKILL)


def fetch() -> None:
    """Have the broker's jars here; ends the test where they cannot be had."""
    need("java")
    need("mvn")
    done = subprocess.run([START, "--fetch"], capture_output=True, timeout=FETCH_S, check=False)
    if done.returncode:
        lacking(f"Kafka's jars are not here and could not be fetched: {done.stderr.decode()[-300:]}")


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """The run's one broker, whichever process of pytest starts it: `folder` is the same for all of them.

    The first one starts it and at its end waits for the others.
    """
    fetch()
    folder.mkdir(exist_ok=True)
    mine = folder / f"user-{os.getpid()}"
    broker: Broker | None = None
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = folder / "address"
        if not address.exists():
            broker = Broker(folder / "broker").start()
            address.write_text(broker.address)
        mine.touch()
        found = address.read_text()
    try:
        yield found
    finally:
        mine.unlink()
        if broker is not None:
            until = time.monotonic() + OTHERS_S
            while any(folder.glob("user-*")) and time.monotonic() < until:
                time.sleep(0.1)
            (folder / "address").unlink()
            broker.stop()


def settings_for(address: str, **changes: object) -> KafkaSettings:
    """A topic and a group that no other test has."""
    name = f"cx-{uuid4().hex[:12]}"
    values: dict[str, object] = {"brokers": (address,), "topic": name, "group": name, "partitions": 4, **changes}
    return KafkaSettings(**values)  # type: ignore[arg-type]


def create_topic(settings: KafkaSettings, **config: str) -> None:
    """As its owner would, with settings of their own."""
    admin = AdminClient({"bootstrap.servers": ",".join(settings.brokers), "log_level": 0})
    topic = NewTopic(settings.topic, settings.partitions, 1, config=config)
    admin.create_topics([topic])[settings.topic].result()


def kcat(settings: KafkaSettings, *words: str, given: bytes = b"") -> bytes:
    """Debian's kcat on the topic: a foreign client on librdkafka."""
    done = subprocess.run(
        [need("kcat"), "-b", ",".join(settings.brokers), "-t", settings.topic, *words],
        input=given,
        capture_output=True,
        timeout=30,
        check=True,
    )
    return done.stdout
