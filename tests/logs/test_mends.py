"""One test for each mend of Faust: it fails when the mend is taken out.

Mend 2 (AnyOffset) is also what test_after_a_seek_back_everything_from_there_comes_again needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from faust.types import TP

from streams.logs.faust_app import seek, start_app
from streams.logs.faust_mends import AnyOffset
from streams.logs.protocol import TOPIC, Packed
from tests.logs.support import Rig, Seen, body_of, records, until


async def test_an_agent_that_failed_is_reported_once_and_sees_nothing_more(rig: Rig) -> None:
    calls: list[int] = []

    async def body(stream: AsyncIterator[Packed]) -> None:
        async for batch in stream:
            calls.append(batch.start)
            raise ValueError("half a fold")

    app = rig.build(body)
    await start_app(app)
    (partition,) = (await rig.log.append(records("1"))).spans
    await until(lambda: bool(rig.fatal))
    await rig.log.append(records("2"))
    await seek(app, partition, 0)
    await asyncio.sleep(0.2)  # time for Faust's supervisor to start the agent again, which it must not
    assert [str(failure) for failure in rig.fatal] == ["half a fold"]
    assert calls == [0]
    await app.consumer.commit()
    assert app.monitor.tp_committed_offsets.get(TP(TOPIC, partition), 0) == 0


async def test_the_offset_of_the_batch_being_handed_over_is_not_remembered() -> None:
    offsets = AnyOffset()
    offsets["partition"] = 599
    offsets.update({"partition": 599})
    assert offsets["partition"] is None


async def test_the_table_manager_starts_without_a_sleep(rig: Rig) -> None:
    app = rig.build(body_of(Seen()))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    app.tables.sleep = sleep
    await start_app(app)
    assert slept == []


async def test_a_crash_of_any_of_fausts_services_is_reported_once(rig: Rig) -> None:
    app = rig.build(body_of(Seen()))
    await start_app(app)
    await app.topics.crash(ValueError("lost"))
    await app.consumer.crash(ValueError("lost as well"))
    assert [str(failure) for failure in rig.fatal] == ["lost"]


async def test_a_log_that_fails_while_it_is_read_is_reported(rig: Rig) -> None:
    await start_app(rig.build(body_of(Seen())))
    await rig.log.close()
    await until(lambda: bool(rig.fatal))
    assert "closed" in str(rig.fatal[0])
