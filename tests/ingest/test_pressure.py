"""When no more is taken: answers that say so, and nothing accepted behind them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from httpx import Response
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.testing import TestClient

from streams.clock import ManualClock
from streams.logs.errors import LogBehind, LogError
from streams.logs.protocol import Appended, Record
from streams.logs.sqlite import SqliteLog
from tests.ingest.support import NOW_MS, URL, Server, feedback, lines
from tests.logs.support import until

Send = Callable[..., Response]


class StubbornLog(SqliteLog):
    """A log that takes its time, or fails, when a test says so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "log.sqlite", ManualClock(NOW_MS))
        self.may_write = asyncio.Event()
        self.asked = 0
        self.fails: LogError | None = None

    async def append(self, records: Sequence[Record], origin: str | None = None) -> Appended:
        self.asked += 1
        await self.may_write.wait()
        if self.fails is not None:
            raise self.fails
        return await super().append(records, origin)


@asynccontextmanager
async def stubborn(folder: Path) -> AsyncIterator[tuple[StubbornLog, Server, httpx.AsyncClient]]:
    log = StubbornLog(folder)
    server = Server(folder, log)
    transport = httpx.ASGITransport(server.app, client=("10.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield log, server, client
    await log.close()
    server.engine.dispose()


def is_busy(answer: Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert "Nothing" in answer.json()["detail"]
    return answer.headers["content-type"].startswith("application/problem+json")


async def test_accepted_means_durable(tmp_path: Path) -> None:
    async with stubborn(tmp_path) as (log, server, client):
        waiting = asyncio.create_task(client.post(URL, json=feedback()))
        await until(lambda: log.asked == 1)
        await asyncio.sleep(0.05)
        assert not waiting.done()
        log.may_write.set()
        assert (await waiting).status_code == 202
        assert server.ids() == ["e1"]


async def test_one_client_with_too_much_in_flight_waits_and_others_do_not(tmp_path: Path) -> None:
    large = lines(feedback()).ljust(10_000_000)
    async with stubborn(tmp_path) as (log, server, client):
        anna, bert = ({"Authorization": f"Bearer {name}"} for name in ("anna", "bert"))
        waiting = [asyncio.create_task(client.post(URL, content=large, headers=anna)) for _ in range(6)]
        await until(lambda: log.asked == 6)
        assert is_busy(await client.post(URL, content=large, headers=anna), 429)
        other = asyncio.create_task(client.post(URL, content=large, headers=bert))
        log.may_write.set()
        assert [answer.status_code for answer in await asyncio.gather(*waiting, other)] == [202] * 7
        assert (await client.post(URL, content=large, headers=anna)).status_code == 202  # it may again
        assert len(server.ids()) == 8


async def test_one_client_with_too_many_requests_in_flight_waits(tmp_path: Path) -> None:
    async with stubborn(tmp_path) as (log, _, client):
        waiting = [asyncio.create_task(client.post(URL, json=feedback(n))) for n in range(1_001)]
        done, _rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert is_busy(done.pop().result(), 429)
        log.may_write.set()
        answers = [answer.status_code for answer in await asyncio.gather(*waiting)]
        assert (answers.count(202), answers.count(429)) == (1_000, 1)


async def test_a_log_that_cannot_be_written_is_a_503(tmp_path: Path) -> None:
    async with stubborn(tmp_path) as (log, server, client):
        log.may_write.set()
        for failure in (LogBehind(9_000_000, 7), LogError("the disk is full", "free some space")):
            log.fails = failure
            answer = await client.post(URL, json=feedback())
            assert is_busy(answer, 503)
            assert failure.problem in answer.json()["detail"].replace("The disk", "the disk")
        assert server.ids() == []
        log.fails = None
        assert (await client.post(URL, json=feedback())).status_code == 202


def test_while_measuring_is_behind_nothing_is_taken(send: Send, server: Server) -> None:
    server.is_behind = True
    assert is_busy(send(feedback("a")), 503)
    server.is_behind = False
    server.seconds += 1  # the answer holds for a moment only
    assert send(feedback("b")).status_code == 202
    assert server.ids() == ["b"]


def test_a_database_that_cannot_keep_refused_events_is_a_503(send: Send, server: Server) -> None:
    with server.engine.begin() as conn:
        conn.exec_driver_sql("DROP TABLE dead_letters")
    assert is_busy(send([feedback("a"), feedback("b", score=99)]), 503)
    assert server.ids() == []
    assert send(feedback("c")).status_code == 202


def test_a_guard_that_refuses_answers_with_a_problem(tmp_path: Path) -> None:
    def guard(_: ASGIConnection[Any, Any, Any, Any], __: BaseRouteHandler) -> None:
        raise NotAuthorizedException("A token is needed", headers={"WWW-Authenticate": "Bearer"})

    server = Server(tmp_path, guards=[guard])
    with TestClient(server.app) as client:
        answer = client.post(URL, json=feedback())
    assert (answer.status_code, answer.json()["detail"]) == (401, "A token is needed")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert server.ids() == []
    asyncio.run(server.log.close())
    server.engine.dispose()
