"""From "202 accepted" to the page, and from a bad moment of truth to the Slack client.

    python -m bench.latency [--trials 100]

The whole product in one process on embedded defaults, real time, real HTTP: ingest, measure, decide, deliver, stream.
Messages go through slack_sdk to a double of Slack's Web API on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx
from litestar import Litestar, route
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Engine

from alerting import tables as alert_tables
from alerting.channels.slack import SlackChannel
from alerting.deliver import Delivery
from alerting.settings import AlertSettings
from bench import common
from bench.common import CHANNELS, SETTINGS, STAGES, Result
from bench.parts import Measures, state_engine
from cxwatch.decide import tables as decide_tables
from cxwatch.decide.lease import Lease
from cxwatch.decide.rounds import Decider
from cxwatch.deciding import Deciding
from cxwatch.server import WebServer
from dashboards.app import build_dashboard
from dashboards.context import DashboardContext
from detectors import store as detector_store
from detectors.kinds import Watches
from detectors.settings import DetectionSettings
from streams.clock import SystemClock, rfc3339
from streams.decode import Decoder
from streams.ingest import ingest_router
from streams.logs.sqlite import SqliteLog
from streams.signal import Signal
from streams.store.minutes import leaf_hours

TRIAL_PATIENCE_S = 10.0
PAUSE_S = 0.15  # between trials: not in step with any timer of the product
PLACE = "C0BENCH00"
POSTS_MAX = 40  # each waits for its turn in Slack, a bit over a second
ALERTS = AlertSettings(mode="live", hold_off_seconds=0, incidents_to="C0OTHER00", cases_to=PLACE)


class SlackDouble:
    """Answers as Slack's Web API does, and notes when a message arrives."""

    def __init__(self) -> None:
        self.handed: asyncio.Queue[float] = asyncio.Queue()
        self._posted = 0
        self._web = WebServer(Litestar([self._route()], openapi_config=None, logging_config=None), "127.0.0.1", 0)

    def _route(self) -> HTTPRouteHandler:
        @route("/api/{method:str}", http_method=["POST", "GET"], status_code=200)
        async def call(method: str) -> dict[str, object]:
            if method == "chat.postMessage":
                self.handed.put_nowait(time.perf_counter())
                self._posted += 1
            return {"ok": True, "channel": PLACE, "ts": f"1700000000.{self._posted:06d}", "messages": []}

        return call

    async def start(self) -> str:
        """Listen; the address that Slack's client is pointed to."""
        await self._web.start()
        return f"http://127.0.0.1:{self._web.port}/api/"

    async def stop(self) -> None:
        """Stop listening."""
        await self._web.stop()


class Product:
    """Everything in one process, put together as cxwatch/compose does it, but for its guards."""

    def __init__(self, folder: Path, slack_url: str) -> None:
        clock, self._committed, self._decided = SystemClock(), Signal(), Signal()
        self._log = SqliteLog(folder / "log.db", clock)
        self._database = _database(folder / "state.db")
        self._measures = Measures(self._log, self._database, self._committed)
        lease = Lease("decide")
        decider = Decider(
            self._database, Watches(DetectionSettings(), leaf_hours), ALERTS, SETTINGS.lateness_seconds, lease
        )
        self._deciding = Deciding(
            decider, self._log, clock, measured=self._committed, decided=self._decided, on_fatal=self._fatal
        )
        self._slack = SlackChannel("xoxb-double", slack_url, ALERTS.slack_timeout_seconds)
        self._delivery = Delivery(self._database, {"slack": self._slack}, clock, ALERTS, lease.held)
        context = DashboardContext(self._database, clock, SETTINGS, self._committed, log_ends=self._log.ends)
        dashboard = build_dashboard(context)
        ingest = ingest_router(self._log, Decoder(SETTINGS), clock, self._database, (), lambda: False)
        app = Litestar([ingest, *dashboard.routers], openapi_config=None, logging_config=None)
        self._web = WebServer(app, "127.0.0.1", 0)
        self._stop = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Up; the port."""
        await self._measures.start()
        self._deciding.start()
        self._sending = asyncio.create_task(self._delivery.run(self._stop, self._decided))
        common.tune_gc()
        await self._web.start()
        return self._web.port

    async def stop(self) -> None:
        """Down, in the order in which nothing waits for anything."""
        await self._web.stop()
        self._stop.set()
        if self._sending is not None:
            await self._sending
        await self._deciding.stop()
        await self._measures.stop()
        await self._slack.close()
        await self._log.close()
        self._database.dispose()

    def _fatal(self, error: BaseException) -> None:
        raise error


def _database(path: Path) -> Engine:
    engine = state_engine(path)
    for metadata in (detector_store.metadata, alert_tables.metadata, decide_tables.metadata):
        metadata.create_all(engine)
    return engine


class Page:
    """What a page sees: when a window of a segment first arrived over the stream."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str | None, str | None], asyncio.Future[float]] = {}
        self.open = asyncio.Event()

    def expect(self, channel: str, stage: str) -> asyncio.Future[float]:
        """The time at which this segment will be seen first."""
        return self.seen.setdefault((channel, stage), asyncio.get_running_loop().create_future())

    async def watch(self, client: httpx.AsyncClient) -> None:
        """Read the stream until cancelled."""
        name = ""
        async with client.stream("GET", "/api/v1/stream", timeout=None) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                    self.open.set()
                elif line.startswith("data: ") and name == "window":
                    self._saw(json.loads(line[6:]), time.perf_counter())

    def _saw(self, change: dict[str, list[dict[str, dict[str, str | None]]]], at: float) -> None:
        for item in change["items"]:
            future = self.seen.get((item["segment"]["channel"], item["segment"]["stage"]))
            if future is not None and not future.done():
                future.set_result(at)


def _answer(number: int, channel: str, stage: str) -> dict[str, object]:
    return {
        "id": f"t{number}", "source": "bench", "type": "feedback", "time": rfc3339(SystemClock().now_ms()),
        "channel": channel, "stage": stage, "customer": f"u{number}", "metric": "nps", "score": 1,
    }  # fmt: skip


async def trial(trials: int, folder: Path) -> Result:
    """Both latencies, one event at a time."""
    slack = SlackDouble()
    product = Product(folder, await slack.start())
    port = await product.start()
    page, shown, handed = Page(), [], []
    places = [(channel, stage) for stage in STAGES[1:] for channel in CHANNELS][:trials]
    async with httpx.AsyncClient(base_url=f"http://localhost:{port}") as client:
        watching = asyncio.create_task(page.watch(client))
        await asyncio.wait_for(page.open.wait(), TRIAL_PATIENCE_S)
        for number, (channel, stage) in enumerate(places):
            future = page.expect(channel, stage)
            accepted = await _accepted(client, _answer(number, channel, stage))
            shown.append(await asyncio.wait_for(future, TRIAL_PATIENCE_S) - accepted)
            await asyncio.sleep(PAUSE_S)
        for number in range(min(trials, POSTS_MAX)):
            event = _answer(trials + number, CHANNELS[number % len(CHANNELS)], "s0")  # s0: moment of truth
            accepted = await _accepted(client, event)
            handed.append(await asyncio.wait_for(slack.handed.get(), TRIAL_PATIENCE_S) - accepted)
            await asyncio.sleep(SlackChannel.gap_s + PAUSE_S)  # one post a second a channel is Slack's limit
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    await product.stop()
    await slack.stop()
    return {"rows": [_row("accepted to stream", shown), _row("moment of truth to Slack client", handed)]}


async def _accepted(client: httpx.AsyncClient, event: dict[str, object]) -> float:
    answer = await client.post("/api/v1/events", json=event)
    if answer.status_code != 202:
        raise RuntimeError(f"the server answered {answer.status_code}: {answer.text[:300]}")
    return time.perf_counter()


def _row(what: str, seconds: Sequence[float]) -> Result:
    return {
        "what": what,
        "trials": len(seconds),
        "p50_ms": 1_000 * common.quantile(seconds, 0.50),
        "p99_ms": 1_000 * common.quantile(seconds, 0.99),
    }


def case(trials: int) -> Result:
    """In a process and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="cxwatch-bench-") as folder:
        return asyncio.run(trial(trials, Path(folder)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=100)
    wish = parser.parse_args()
    rows = common.apart(case, min(wish.trials, 100))["rows"]
    common.show("latency", rows, ["goals, p99: stream under 1,000 ms, Slack client under 3,000 ms"])


if __name__ == "__main__":
    main()
