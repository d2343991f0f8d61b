"""What MEASURE promises: the same numbers as a plain recompute, whatever the batching, restarts and repeats."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select, update

from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS
from streams.measure.errors import Fenced
from streams.settings import Framework, Grade, MeasureSettings, Stage
from streams.store import deadletters, imports, progress
from streams.store.customers import load_customers
from streams.store.minutes import leaf_minutes
from streams.store.stories import customer
from streams.store.tables import erasures, feedback, flags, metadata, partitions
from streams.store.windows import read_windows
from tests.measure import oracle
from tests.measure.harness import Log, measure, new_engine

NOON = 1_790_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS


def stored(database: Engine, now_ms: int) -> dict[tuple[Any, ...], dict[int, int]]:
    with database.connect() as conn:
        return {
            (w.window, w.segment.channel, w.segment.stage, w.metric): dict(w.counts)
            for w in read_windows(conn, now_ms, min_n=10)
        }


def firsts(database: Engine) -> dict[tuple[int, str, str], int]:
    with database.connect() as conn:
        rows = leaf_minutes(conn, 0, 2**31 - 1)
    return {(r.minute, r.channel, r.stage): r.bad_first for r in rows if r.bad_first}


answers = st.builds(
    lambda number, ago_s, **fields: oracle.event(number, NOON - ago_s * 1000, **fields),
    number=st.integers(0, 25),
    ago_s=st.one_of(st.integers(0, 7200), st.integers(0, 86_000)),
    channel=st.sampled_from(["web", "app"]),
    stage=st.sampled_from(["buy", "use"]),
    score=st.integers(0, 10),
    customer=st.sampled_from(["ann", "bob", "cid"]),
    revision=st.integers(0, 2),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events=st.lists(answers, min_size=1, max_size=40),
    sizes=st.lists(st.integers(1, 15), min_size=1, max_size=4),
    restarts=st.lists(st.integers(0, 40), max_size=2),
)
async def test_windows_and_first_complaints_equal_a_batch_recompute(
    events: list[dict[str, Any]], sizes: list[int], restarts: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = create_engine(f"sqlite:///{Path(folder) / 'state.db'}")
        metadata.create_all(database)
        for stop in [*sorted(restarts), len(events)]:
            log = Log()  # the same log, as far as it was written by then
            for event in events[:stop]:
                log.append(event, append_ms=NOON)
            await measure(database, log, sizes)
        assert stored(database, NOON) == oracle.windows(events, NOON)
        assert firsts(database) == oracle.bad_first(events)
        database.dispose()


async def test_an_answer_sent_twice_counts_once(database: Engine) -> None:
    log = Log()
    log.append(oracle.event(1, NOON), NOON, origin="file")
    log.append(oracle.event(1, NOON), NOON, origin="file")
    await measure(database, log, [1])
    with database.connect() as conn:
        assert imports.counts(conn, "file") == imports.ImportCounts(1, 1, 0, 0)
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {9: 1}


async def test_an_answer_that_the_next_small_batch_repeats_while_it_is_committed_costs_no_reading_again(
    database: Engine,
) -> None:
    log, engine = Log(), new_engine(database)
    log.append(oracle.event(1, NOON), NOON)
    log.append(oracle.event(1, NOON), NOON)
    asked: list[tuple[int, int]] = []

    async def seek(partition: int, offset: int) -> None:
        asked.append((partition, offset))

    engine.on_seek(seek)
    await engine.claim([0])
    await engine.measure(log.batch(0, 0, 1))
    await engine.measure(log.batch(0, 1, 2))
    await engine.close()
    assert asked == []
    assert engine.durable(0) == 2


async def test_an_interaction_sent_twice_counts_once_also_after_a_restart(database: Engine) -> None:
    log = Log()
    visit = oracle.event(1, NOON, type="interaction", interaction="payment_failed")
    log.append(visit, NOON)
    await measure(database, log)
    log.append(visit, NOON)
    await measure(database, log)
    with database.connect() as conn:
        assert progress.totals(conn) == progress.Totals(accepted=1, duplicate=1, refused=0, history=0)


async def test_a_revision_replaces_score_and_comment(database: Engine) -> None:
    log = Log()
    log.append(oracle.event(1, NOON, score=10, customer="ann"), NOON)
    log.append(oracle.event(1, NOON, score=2, customer="ann", revision=1, comment="I meant two"), NOON)
    log.append(oracle.event(1, NOON, score=7, customer="ann"), NOON)  # an older revision, late
    await measure(database, log, [1])
    assert stored(database, NOON)["15m", None, None, "nps"] == {2: 1}
    assert sum(firsts(database).values()) == 1
    with database.connect() as conn:
        row = conn.execute(select(feedback.c.score, feedback.c.comment)).one()
    assert tuple(row) == (2, "I meant two")


async def test_bad_input_is_kept_with_field_value_and_rule_and_the_rest_goes_on(database: Engine) -> None:
    log = Log()
    log.append(oracle.event(1, NOON, score=11), NOON)
    log.append_raw(b"\xff\xfe not json", NOON)
    log.append(oracle.event(2, NOON, score=3), NOON)
    await measure(database, log)
    with database.connect() as conn:
        letters = deadletters.read(conn)
        assert {letter.field for letter in letters} >= {"score"}
        assert all(letter.rule and letter.complete for letter in letters)
        assert progress.totals(conn).refused == 2
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {3: 1}


async def test_history_counts_in_windows_but_flags_nobody(database: Engine) -> None:
    log = Log()
    old = NOON - 2 * DAY_MS
    log.append(oracle.event(1, old, score=0, customer="ann", comment="awful"), NOON, origin="import")
    engine = await measure(database, log)
    with database.connect() as conn:
        assert conn.execute(select(flags)).all() == []
        assert imports.counts(conn, "import").history == 1
        assert leaf_minutes(conn, 0, 2**31 - 1) == []
    assert stored(database, NOON)["7d", "web", "buy", "nps"] == {0: 1}
    assert engine.responses == {}


async def test_a_detractor_with_a_comment_is_flagged_once(database: Engine) -> None:
    log = Log()
    for revision in range(2):
        log.append(oracle.event(1, NOON, score=1, customer="ann", comment="awful", revision=revision), NOON)
    await measure(database, log, [1])
    with database.connect() as conn:
        kinds = [row.kind for row in conn.execute(select(flags))]
    assert kinds == ["detractor_comment"]


async def test_one_bad_event_at_a_moment_of_truth_flags_the_customer(database: Engine) -> None:
    rules = MeasureSettings(
        stage={"buy": Stage(moment_of_truth=True)}, framework=Framework({"payment_failed": Grade(-3)})
    )
    log = Log()
    log.append(oracle.event(1, NOON, type="interaction", interaction="payment_failed", customer="ann"), NOON)
    await measure(database, log, settings=rules)
    with database.connect() as conn:
        assert [row.kind for row in conn.execute(select(flags))] == ["moment_of_truth"]
        ann = customer(conn, "ann")
    assert ann is not None
    assert ann.silent_due_ms == NOON + 2 * DAY_MS


async def test_two_partitions_storing_the_same_answer_count_it_once(database: Engine) -> None:
    log = Log(partitions=2)
    log.append(oracle.event(1, NOON, customer="ann"), NOON, partition=0)
    log.append(oracle.event(1, NOON, customer="bob"), NOON, partition=1)
    await measure(database, log)
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {9: 1}
    with database.connect() as conn:
        assert progress.totals(conn) == progress.Totals(accepted=1, duplicate=1, refused=0, history=0)


async def test_who_lost_a_partition_is_fenced_and_writes_nothing(database: Engine) -> None:
    log = Log()
    log.append(oracle.event(1, NOON), NOON)
    first, second = new_engine(database), new_engine(database)
    await first.claim([0])
    await second.claim([0])
    await first.measure(log.batch(0, 0, 1))
    with pytest.raises(Fenced, match="restart me"):
        await first.settle()
    await second.measure(log.batch(0, 0, 1))
    await second.close()
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {9: 1}


async def test_a_hole_before_a_batch_asks_for_the_missing_records(database: Engine) -> None:
    log = Log()
    for number in range(3):
        log.append(oracle.event(number, NOON), NOON)
    engine = new_engine(database)
    await engine.claim([0])
    asked: list[tuple[int, int]] = []

    async def seek(partition: int, offset: int) -> None:
        asked.append((partition, offset))

    engine.on_seek(seek)
    await engine.measure(log.batch(0, 0, 1))
    await engine.measure(log.batch(0, 2, 3))
    assert asked == [(0, 1)]
    await engine.measure(log.batch(0, 0, 3))  # overlaps: what is known is trimmed
    await engine.close()
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {9: 3}


@pytest.mark.parametrize("size", [1, 2, 4])
async def test_a_forgotten_customer_leaves_scores_and_no_trace(database: Engine, size: int) -> None:
    log = Log()
    log.append(oracle.event(1, NOON, score=1, customer="ann", comment="my name is Ann"), NOON)
    log.append(oracle.event(2, NOON + MINUTE_MS, type="erasure", customer="ann"), NOON)
    log.append(oracle.event(3, NOON - MINUTE_MS, score=2, customer="ann", comment="late words"), NOON)
    log.append(oracle.event(4, NOON + 2 * MINUTE_MS, score=9, customer="ann"), NOON)  # came back later
    await measure(database, log, [size])
    with database.connect() as conn:
        rows = conn.execute(select(feedback.c.id, feedback.c.customer, feedback.c.comment)).all()
        tokens = {row.customer for row in rows if row.id in ("e1", "e3")}
        assert len(tokens) == 1
        assert tokens.pop().startswith("erased-")
        assert all(row.comment is None for row in rows)
        assert Counter(row.customer == "ann" for row in rows) == {False: 2, True: 1}
        assert conn.execute(select(flags)).all() == []
        ann = load_customers(conn, 0, ["ann"])["ann"]
        assert [event.value for event in ann.events()] == [9]
        assert conn.execute(select(erasures.c.state)).scalar_one() == "pending"
    assert stored(database, NOON + 2 * MINUTE_MS)["1h", "web", "buy", "nps"] == {1: 1, 2: 1, 9: 1}


async def test_the_epoch_grows_with_every_claim(database: Engine) -> None:
    for _ in range(3):
        await measure(database, Log())
    with database.connect() as conn:
        assert conn.execute(select(partitions.c.epoch)).scalar_one() == 3


async def test_a_failed_commit_is_read_again_from_the_log(database: Engine) -> None:
    log = Log()
    for number in range(6):
        log.append(oracle.event(number, NOON, customer="ann", score=1), NOON)
    engine = new_engine(database)
    starts = await engine.claim([0])
    assert starts == {0: 0}
    with database.begin() as conn:  # the offset moves under its feet and back: the commit finds no row
        conn.execute(update(partitions).values(next_offset=99))
    await engine.measure(log.batch(0, 0, 3))
    with pytest.raises(Fenced):
        await engine.settle()
    with database.begin() as conn:
        conn.execute(update(partitions).values(next_offset=0))
    await measure(database, log, [2])
    assert stored(database, NOON)["1h", "web", "buy", "nps"] == {1: 6}
    assert sum(firsts(database).values()) == 1


async def test_one_that_is_fenced_in_quiet_says_so_without_waiting_for_another_batch(database: Engine) -> None:
    log = Log()
    log.append(oracle.event(1, NOON), NOON)
    first, second = new_engine(database), new_engine(database)
    told: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
    first.on_failed(told.set_result)
    await first.claim([0])
    await second.claim([0])
    await first.measure(log.batch(0, 0, 1))
    assert isinstance(await asyncio.wait_for(told, 10), Fenced)
    await second.close()
