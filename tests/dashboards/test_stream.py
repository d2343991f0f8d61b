from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import pytest

from dashboards.broadcast import QUEUE_MAX, Broadcaster
from dashboards.readings import Desk
from dashboards.stream_events import StreamEvent
from dashboards.window_filter import Filter
from tests.support.dashboards import World, busy_day
from tests.support.served import Served, serve

FIFTEEN = Filter(window="15m")


@asynccontextmanager
async def listening(
    broadcaster: Broadcaster, wanted: Filter = FIFTEEN, last: str | None = None
) -> AsyncIterator[AsyncIterator[StreamEvent]]:
    async with aclosing(broadcaster.listen(wanted, last)) as events:  # type: ignore[type-var]  # it is a generator
        assert (await anext(events)).name == "beat" or last is not None
        yield events


async def next_of(events: AsyncIterator[StreamEvent], name: str) -> tuple[StreamEvent, dict[str, Any]]:
    while (event := await asyncio.wait_for(anext(events), 10)).name != name:
        pass
    return event, json.loads(event.data)


async def settled(broadcaster: Broadcaster) -> None:
    """Wait until the broadcaster has seen what is there."""
    before = broadcaster.rounds
    async with asyncio.timeout(10):
        while broadcaster.rounds == before:  # noqa: ASYNC110 - it counts, it rings no bell
            await asyncio.sleep(0.01)


@pytest.fixture
def broadcaster(world: World) -> Broadcaster:
    world.progress(world.clock.now_ms())
    return Broadcaster(Desk(world.context(beat_seconds=0.4)))


async def test_a_beat_tells_time_speed_and_the_age_of_the_newest_event(world: World, broadcaster: Broadcaster) -> None:
    world.progress(world.clock.now_ms() - 4_000)
    async with aclosing(broadcaster.listen(Filter(), None)) as events:  # type: ignore[type-var]
        body = json.loads((await anext(events)).data)
    assert body["now"] == "2026-11-17T14:42:00Z"
    assert (body["speed"], body["age_seconds"], body["state"]) == (1.0, 4.0, "live")


async def test_a_commit_is_told_with_the_rows_that_changed_and_no_others(
    world: World, broadcaster: Broadcaster
) -> None:
    world.answers("app", "use", {10: 12})
    async with listening(broadcaster) as events:
        await settled(broadcaster)
        world.answers("web", "buy", {10: 11})
        world.signal.ring()
        event, body = await next_of(events, "window")
    assert event.event_id is not None
    assert {(r["segment"]["channel"], r["segment"]["stage"]): r["n"] for r in body["items"]} == {
        (None, None): 23,
        (None, "buy"): 11,
        ("web", None): 11,
        ("web", "buy"): 11,
    }


async def test_windows_that_emptied_are_told_as_gone(world: World, broadcaster: Broadcaster) -> None:
    world.answers("web", "buy", {10: 11})
    async with listening(broadcaster) as events:
        await settled(broadcaster)
        world.clock.set(world.clock.now_ms() + 60 * 60_000)
        world.signal.ring()
        _, body = await next_of(events, "window")
    assert len(body["gone"]) == 4
    assert body["items"] == []


async def test_everyone_gets_only_what_they_asked_for(world: World, broadcaster: Broadcaster) -> None:
    async with (
        listening(broadcaster, Filter(window="15m", channel="web")) as web,
        listening(broadcaster, Filter(window="15m", channel="app")) as app,
    ):
        await settled(broadcaster)
        world.answers("web", "buy", {10: 11})
        world.answers("app", "use", {10: 12})
        world.signal.ring()
        for events, channel in ((web, "web"), (app, "app")):
            _, body = await next_of(events, "window")
            assert {row["segment"]["channel"] for row in body["items"]} == {channel}


async def test_who_comes_back_gets_what_was_missed(world: World, broadcaster: Broadcaster) -> None:
    async with listening(broadcaster) as stays:
        await settled(broadcaster)
        async with listening(broadcaster) as leaves:
            world.answers("web", "buy", {10: 11})
            world.signal.ring()
            seen, _ = await next_of(leaves, "window")
        await next_of(stays, "window")
        world.answers("web", "buy", {10: 15})
        world.signal.ring()
        missed, _ = await next_of(stays, "window")
        async with aclosing(broadcaster.listen(FIFTEEN, seen.event_id)) as again:  # type: ignore[type-var]
            event, body = await next_of(again, "window")
    assert event.event_id == missed.event_id
    assert {row["n"] for row in body["items"]} == {15}
    assert body["complete"] is False


@pytest.mark.parametrize("unknown", ["0000-3", "nonsense", "-", "ffff-99999999999999999999999"])
async def test_who_comes_from_another_process_gets_everything_anew(
    world: World, broadcaster: Broadcaster, unknown: str
) -> None:
    world.answers("web", "buy", {10: 11})
    async with aclosing(broadcaster.listen(FIFTEEN, unknown)) as events:  # type: ignore[type-var]
        _, body = await next_of(events, "window")
    assert body["complete"] is True
    assert len(body["items"]) == 4


async def test_who_does_not_keep_up_is_dropped_and_nobody_else(world: World, broadcaster: Broadcaster) -> None:
    slow = broadcaster.listen(FIFTEEN, None)
    await anext(slow)
    async with listening(broadcaster) as quick:
        for n in range(QUEUE_MAX + 1):
            for client in tuple(broadcaster._clients):
                client.offer(StreamEvent("beat", None, 0, b"{}"))
            await asyncio.wait_for(anext(quick), 5)
            del n
        with pytest.raises(StopAsyncIteration):
            await anext(slow)
        assert broadcaster.clients == 1


async def test_an_incident_that_changes_is_told_once_without_anything_of_a_customer(
    world: World, broadcaster: Broadcaster
) -> None:
    world.incident(2047, "web", "buy")
    async with listening(broadcaster) as events:
        await settled(broadcaster)
        world.incident(2047, "web", "buy", version=2, state="acknowledged")
        world.signal.ring()
        _, body = await next_of(events, "incident")
    assert (body["number"], body["state"], body["version"]) == (2047, "acknowledged", 2)


async def test_a_hundred_clients_share_one_reading(world: World, broadcaster: Broadcaster) -> None:
    async def reads_for(clients: int) -> int:
        opened = [broadcaster.listen(FIFTEEN, None) for _ in range(clients)]
        for events in opened:
            await anext(events)
        await settled(broadcaster)
        await asyncio.sleep(0.3)
        before = world.reads
        world.answers("web", "buy", {10: 10 + clients})
        written = world.reads
        world.signal.ring()
        await asyncio.gather(*(next_of(events, "window") for events in opened))
        for events in opened:
            await events.aclose()  # type: ignore[attr-defined]
        return world.reads - before - (written - before)

    assert await reads_for(100) <= await reads_for(1) + 6  # a beat may fall in between


async def test_the_last_one_to_leave_stops_the_reading(world: World, broadcaster: Broadcaster) -> None:
    async with listening(broadcaster):
        await settled(broadcaster)
    before = world.reads
    world.signal.ring()
    await asyncio.sleep(0.6)
    assert world.reads == before


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    busy_day(world)
    with serve(world.app(beat_seconds=0.3)) as running:
        yield running


def test_over_http_it_is_a_stream_of_server_sent_events(world: World, served: Served) -> None:
    with httpx.stream("GET", f"{served.url}/api/v1/stream?window=15m", timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        seen: list[str] = []
        for line in lines:
            seen.append(line)
            if line.startswith("event: beat"):
                break
        assert seen[0] == "retry: 2000"


def test_a_bad_filter_is_refused_before_the_stream_begins(served: Served) -> None:
    answer = httpx.get(f"{served.url}/api/v1/stream?window=9h")
    assert (answer.status_code, answer.json()["field"]) == (400, "window")
