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

STOP_MAX_S = 8.0  # then the process just ends: a hard exit loses nothing here

log = structlog.get_logger()
Beside = Callable[[Product, asyncio.Event], Coroutine[Any, Any, None]]  # told when to stop by the event
MakeProduct = Callable[[Callable[[BaseException], None]], Product]


def run(settings: Settings, ready: Callable[[Product], None]) -> int:
    """Run until Ctrl-C or SIGTERM; the exit code. `ready` is called once everything is up."""
    clock = real_clock_of(settings)

    async def start(product: Product, stop: asyncio.Event) -> None:
        await start_everything(product, stop)
        ready(product)

    return serve(lambda on_fatal: Product(settings, clock, on_fatal), start)


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
        await start(product, stop)
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
