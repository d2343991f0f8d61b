"""POST /api/v1/events in batches of 1, 100 and 5,000, beside the very same route over a log that stores nothing.

python -m bench.ingest_http [--seconds 4] [--connections 8]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from litestar import Litestar
from sqlalchemy import Engine

from bench import common
from bench.common import SETTINGS, Result
from bench.http import Connection
from bench.parts import state_engine
from cxwatch.server import WebServer
from streams.clock import SystemClock
from streams.decode import Decoder
from streams.ingest import ingest_router
from streams.logs.protocol import Appended, Log, Packed, Record
from streams.logs.sqlite import SqliteLog

BATCHES = (1, 100, 5_000)
BODIES = 20  # different requests a batch size, sent round and round


class ForgetfulLog:
    """Takes everything and keeps nothing."""

    identity = "none"
    partitions = 4

    async def append(self, records: Sequence[Record], origin: str | None = None) -> Appended:
        del origin
        return Appended({0: (0, len(records))})

    def ends(self) -> dict[int, int]:
        return dict.fromkeys(range(self.partitions), 0)

    def read(self, partition: int, start: int, limit: int) -> Packed:
        del limit
        return Packed("none", partition, start, start, range(0), (), (), ())

    def redact(self, partition: int, change: Callable[[bytes], bytes | None]) -> int:
        del partition, change
        return 0

    def expire(self, before_ms: int, keep_from: object) -> int:
        del before_ms, keep_from
        return 0

    async def close(self) -> None:
        pass


def serve(stores: bool, pipe: Pipe) -> None:
    """Serve the route until told to stop, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        asyncio.run(_serve(stores, Path(folder), pipe))


async def _serve(stores: bool, folder: Path, pipe: Pipe) -> None:
    clock = SystemClock()
    log: Log = SqliteLog(folder / "log.db", clock) if stores else ForgetfulLog()
    server = WebServer(app_of(log, state_engine(folder / "state.db")), "127.0.0.1", 0)
    common.tune_gc()
    await server.start()
    pipe.send(server.port)
    await asyncio.to_thread(pipe.recv)
    await server.stop()
    await log.close()


def app_of(log: Log, engine: Engine) -> Litestar:
    """The ingest route alone, open to everybody."""
    router = ingest_router(log, Decoder(SETTINGS), SystemClock(), engine, (), lambda: False)
    return Litestar([router], openapi_config=None, logging_config=None)


async def press(port: int, batch: int, seconds: float, connections: int) -> Result:
    """Send for some seconds over some connections; events and requests a second, and how long an answer took."""
    records = common.events(batch * BODIES, SystemClock().now_ms())
    bodies = [b"[" + b",".join(record.value for record in rows) + b"]" for rows in common.batched(records, batch)]
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def one() -> None:
        line = await Connection.open(port)
        requests = [line.request("/api/v1/events", body) for body in bodies]
        number = 0
        while (begin := time.perf_counter()) < until:
            status = await line.send(requests[number % BODIES])
            if status != 202:
                raise RuntimeError(f"the server answered {status}")
            took.append(time.perf_counter() - begin)
            number += 1
        await line.close()

    begin = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    wall = time.perf_counter() - begin
    return {
        "batch": batch,
        "events_per_second": len(took) * batch / wall,
        "requests_per_second": len(took) / wall,
        "p50_ms": 1_000 * common.quantile(took, 0.50),
        "p99_ms": 1_000 * common.quantile(took, 0.99),
    }


def run(stores: bool, seconds: float, connections: int) -> list[Result]:
    """All batch sizes against one server."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(stores, theirs), daemon=True)
    server.start()
    try:
        if not ours.poll(60):
            raise TimeoutError("the server did not start")
        port = ours.recv()
        kind = "stored" if stores else "not stored"
        return [{"log": kind, **asyncio.run(press(port, batch, seconds, connections))} for batch in BATCHES]
    finally:
        ours.send("stop")
        server.join(10)
        if server.is_alive():
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=8)
    wish = parser.parse_args()
    rows = [row for stores in (False, True) for row in run(stores, wish.seconds, wish.connections)]
    plain = {row["batch"]: row["events_per_second"] for row in rows if row["log"] == "not stored"}
    for row in rows:
        row["of_not_stored"] = row["events_per_second"] / plain[row["batch"]]
    common.show("HTTP ingest", rows, [f"{wish.connections} connections; decoding and checking are in both"])


if __name__ == "__main__":
    main()
