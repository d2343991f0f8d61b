"""An event loop in which everything that takes time is decided by a seed: no thread, no waiting, no clock.

Work that goes to a thread is a step: it begins when the seed says so, one after the other within an executor, and its
answer arrives when the seed says so. The same seed gives the same run.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
import selectors
from collections.abc import Callable
from typing import Any, Protocol


class Died(BaseException):
    """The process is killed here: nothing of it runs any more."""


class Mortal(Protocol):
    """A process of the simulation."""

    dead: bool
    frozen_to_s: float


WHO: contextvars.ContextVar[Mortal | None] = contextvars.ContextVar("who", default=None)


class _NoWaiting(selectors.BaseSelector):
    """Where a loop would wait for the network, time moves on instead."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, 0, None)

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise AssertionError("everybody waits for somebody: the simulation stands still")
        self.now_s += timeout
        return []

    def get_map(self) -> dict[Any, Any]:  # type: ignore[override]
        return {}


class SeededLoop(asyncio.SelectorEventLoop):
    """See the module. `before` is called ahead of every step and may raise Died."""

    def __init__(self, seed: int) -> None:
        self._no_waiting = _NoWaiting()
        super().__init__(self._no_waiting)
        self.rng = random.Random(seed)
        self.working: Mortal | None = None  # whose step runs now
        self._free_s: dict[Any, float] = {}
        self.set_exception_handler(lambda *_: None)  # tasks of the dead are never finished

    def time(self) -> float:
        return self._no_waiting.now_s

    def some_time(self) -> float:
        """How long a step waits: mostly hardly at all, sometimes long enough for much else to happen."""
        draw = self.rng.random()
        return draw * 0.02 if draw < 0.9 else draw * 2.0

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        answer, who = self.create_future(), WHO.get()
        lane = executor if executor is not None else object()  # the default one has threads enough
        begin_s = max(self.time(), self._free_s.get(lane, 0.0)) + self.some_time()
        self._free_s[lane] = begin_s
        self.call_at(begin_s, self._step, answer, who, func, args)
        return answer

    def _step(self, answer: asyncio.Future[Any], who: Mortal | None, func: Callable[..., Any], args: Any) -> None:
        if who is not None and who.frozen_to_s > self.time():
            self.call_at(who.frozen_to_s, self._step, answer, who, func, args)
            return
        if answer.cancelled() or (who is not None and who.dead):
            return
        self.working = who
        try:
            result, error = func(*args), None
        except Died:
            return
        except Exception as raised:  # noqa: BLE001  # handed on to whoever waits
            result, error = None, raised
        finally:
            self.working = None
        self.call_later(self.some_time(), self._arrive, answer, who, result, error)

    def _arrive(self, answer: asyncio.Future[Any], who: Mortal | None, result: Any, error: Exception | None) -> None:
        if who is not None and who.frozen_to_s > self.time():
            self.call_at(who.frozen_to_s, self._arrive, answer, who, result, error)
        elif answer.cancelled() or (who is not None and who.dead):
            return
        elif error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(result)
