"""`cxwatch run`: everything in one process, until it is told to stop or can no longer do its work."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from cxwatch.clocks import real_clock_of
from cxwatch.errors import CxwatchError, RestartMe
from cxwatch.product import Product
from cxwatch.settings import Settings
from streams.measure.errors import Fenced, StorageFailed
from streams.store.dialect import UNAVAILABLE, failure_name

START_ENDS_S = 0.5
STOP_MAX_S = 8.0  # then the process just ends: a hard exit loses nothing here

log = structlog.get_logger()
Beside = Callable[[Product, asyncio.Event], Coroutine[Any, Any, None]]  # told when to stop by the event
MakeProduct = Callable[[Callable[[BaseException], None]], Product]


def run(settings: Settings, ready: Callable[[Product], None]) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. `ready` is called once everything is up."""
    return _run(settings, ready, start_everything)


def run_worker(settings: Settings, ready: Callable[[Product], None]) -> int:
    """Measure, decide while holding the lease, deliver; only health and metrics over HTTP. The exit code."""

    async def start(product: Product, _: asyncio.Event) -> None:
        await product.start(web=False, health=True)

    return _run(settings, ready, start)


def run_web(settings: Settings, ready: Callable[[Product], None]) -> int:
    """Take in events and serve the pages; nothing is measured or decided here. The exit code."""

    async def start(product: Product, _: asyncio.Event) -> None:
        await product.start(measure=False, decide=False)

    return _run(settings, ready, start)


def _run(settings: Settings, ready: Callable[[Product], None], start: Beside) -> int:
    clock = real_clock_of(settings)

    async def start_and_say(product: Product, stop: asyncio.Event) -> None:
        await start(product, stop)
        ready(product)

    return serve(lambda on_fatal: Product(settings, clock, on_fatal), start_and_say)


async def start_everything(product: Product, stop: asyncio.Event) -> None:
    """Measure, decide and show."""
    del stop
    await product.start()


def serve(make: MakeProduct, start: Beside = start_everything, beside: Beside | None = None) -> int:
    """Start a product, run it until it is told to stop and, beside it, what feeds it.

    Returns 0 after an orderly stop; raises CxwatchError.
    """
    tune_garbage_collector()
    return asyncio.run(_serve(make, start, beside))


def tune_garbage_collector() -> None:
    """Batches make many objects that live until they are committed; looking at them often is half the work."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def _serve(make: MakeProduct, start: Beside, beside: Beside | None) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    failures: list[BaseException] = []

    def on_fatal(failure: BaseException) -> None:
        failures.append(failure)
        loop.call_soon_threadsafe(stop.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    product = make(on_fatal)
    try:
        if not await _started(start(product, stop), stop):
            _end_anyway_after(STOP_MAX_S, 0)
            return 0
        tasks = [loop.create_task(beside(product, stop))] if beside else []
        for task in tasks:
            task.add_done_callback(lambda ended: _failed(ended, on_fatal))
        await stop.wait()
        _end_anyway_after(STOP_MAX_S, _exit_code(failures))
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await product.stop()
    if failures:
        raise _explained(failures[0])
    return 0


async def _started(starting: Coroutine[Any, Any, None], stop: asyncio.Event) -> bool:
    """Whether it got there before a stop was asked for: a process may wait long for its topic."""
    task = asyncio.ensure_future(starting)
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        await asyncio.wait({task}, timeout=START_ENDS_S)  # one that listens to `stop` puts things in order itself
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return False
    await task
    return True


def _failed(task: asyncio.Task[None], on_fatal: Callable[[BaseException], None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        on_fatal(error)


def _explained(failure: BaseException) -> BaseException:
    if isinstance(failure, Fenced | StorageFailed):
        return RestartMe(str(failure))
    if isinstance(failure, UNAVAILABLE):
        return RestartMe(
            f"the database does not answer ({failure_name(failure)}): look at its disk and connection; nothing is lost"
        )
    return failure


def _exit_code(failures: list[BaseException]) -> int:
    if not failures:
        return 0
    error = _explained(failures[0])
    return error.exit_code if isinstance(error, CxwatchError) else 1


def _end_anyway_after(seconds: float, code: int) -> None:
    """Faust's shutdown can hang; a stop that a person asked for must not."""

    def end() -> None:
        log.warning("stop took too long, ending now: nothing is lost")
        sys.stderr.flush()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
