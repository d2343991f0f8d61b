"""Whatever the moment of a crash and however two owners interleave, everything is measured, decided and told once.

A failing run names its log and its seed; CXWATCH_TEST_SCHEDULE=LOG,SEED runs that one alone.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from alerting.tables import case_flags, cases, incidents, notes, outbox
from cxwatch.decide.rounds import read_closed_to
from detectors.store import consumed
from streams.clock import HOUR_MS
from streams.store.minutes import leaf_minutes
from streams.store.tables import customers, feedback, flags, hour_panes, panes
from tests.measure import oracle
from tests.measure.harness import Log, measure
from tests.measure.test_measure import firsts, stored
from tests.simulation.loop import SeededLoop
from tests.simulation.world import PARTITIONS, SETTINGS, T0, Database, World

LOGS = 20
TROUBLE = 24  # unhappy answers: enough for an incident of a place that is not known yet
MANY = int(os.environ.get("CXWATCH_TEST_SCHEDULES", "1"))  # times as many schedules by hand
MEASURING = 100 * MANY  # schedules a log
WHOLE = 4 * MANY
ONE = os.environ.get("CXWATCH_TEST_SCHEDULE")
NUMBERS = ("n", "bad", "bad_first", "live_n", "live_bad", "live_bad_first")
Rows = dict[str, list[tuple[Any, ...]]]


@cache
def database() -> Database:
    return Database()


@cache
def made(number: int, small: bool) -> tuple[Log, list[dict[str, Any]]]:
    """A log of some seconds, and its events: duplicates, revisions, bad input, one answer in two partitions."""
    rng = random.Random(f"log {number}")
    log, events = Log(PARTITIONS), []  # events in the order of the log
    for n in range(rng.randrange(4, 8) if small else rng.randrange(8, 18)):
        append_ms = T0 + rng.randrange(3_000 if small else 30_000)
        who = rng.randrange(4)
        one = oracle.event(n if rng.random() < 0.8 else rng.randrange(8), append_ms - rng.randrange(1, 200_000))
        one |= {"channel": rng.choice(("web", "app")), "stage": rng.choice(("buy", "use"))}
        draw = rng.random()
        if draw < 0.15:
            log.append_raw(b"not an event", append_ms, who % PARTITIONS)
            continue
        if draw < 0.35:
            one |= {"id": f"i{n}", "type": "interaction", "interaction": "payment", "customer": f"c{who}"}
        elif draw < 0.9:
            one |= {"score": rng.randrange(11), "customer": f"c{who}", "id": f"c{who}-{one['id']}"}
            one |= {"revision": rng.randrange(2)} | ({"comment": "too slow"} if rng.random() < 0.5 else {})
        else:
            one |= {"score": rng.randrange(11), "id": f"anonymous{n}"}
        copies = 1 + (rng.random() < 0.2)
        for copy in range(copies):
            partition = (who + copy * (one.get("customer") is None)) % PARTITIONS
            log.append(one, append_ms, partition)
        events.append((append_ms, one))
    if not small:
        events += _trouble(log, rng)
    for rows in log.records.values():
        rows.sort(key=lambda row: row[1])
    return log, [one for _, one in sorted(events, key=lambda pair: pair[0])]


def _trouble(log: Log, rng: random.Random) -> list[tuple[int, dict[str, Any]]]:
    """Within two minutes many people are unhappy at one place: an incident."""
    found = []
    for n in range(TROUBLE):
        append_ms = T0 + rng.randrange(10_000)
        one = oracle.event(100 + n, T0 - 150_000 + rng.randrange(60_000), score=rng.randrange(4))
        one |= {"channel": "web", "stage": "deliver", "id": f"trouble{n}"}
        log.append(one, append_ms, n % PARTITIONS)
        found.append((append_ms, one))
    return found


def rows_of(conn: Connection) -> Rows:
    """The measured tables, without commit numbers, which depend on the batching.

    Which of two partitions stores an answer that is in both depends on the schedule: panes are added up over them.
    """
    found: Rows = {str(table.name): added_up(conn, table) for table in (panes, hour_panes)}
    for table in (customers, feedback, flags):
        left_out = {"changed", "seq", "partition"} if table is not customers else set()
        columns = [c for c in table.columns if c.name not in left_out]
        found[table.name] = sorted(map(tuple, conn.execute(select(*columns))), key=repr)
    return found


def added_up(conn: Connection, table: Table) -> list[tuple[Any, ...]]:
    totals: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for row in conn.execute(select(table)).mappings():
        key = tuple(row[name] for name in ("minute", "channel", "stage", "metric", "survey_kind"))
        totals[key].update({f"score {point}": n for point, n in json.loads(row["counts"]).items()})
        totals[key].update({name: row[name] for name in NUMBERS})
    return sorted((*key, *sorted(numbers.items())) for key, numbers in totals.items() if any(numbers.values()))


@cache
def undisturbed(number: int, small: bool) -> Rows:
    """The same log measured in one go."""
    log, _ = made(number, small)
    database().empty()
    loop = SeededLoop(0)
    loop.run_until_complete(measure(database().engine, log, settings=SETTINGS))
    loop.close()
    with database().engine.connect() as conn:
        return rows_of(conn)


def play(number: int, seed: int, *, people: bool) -> None:
    expected = undisturbed(number, not people)
    log, events = made(number, not people)
    world = World(database(), log, seed, people=people)
    world.run(fates=1 + seed % (6 if people else 4))
    with database().engine.connect() as conn:
        assert rows_of(conn) == expected
        if people:
            check_decided(conn)
            check_told(conn, world)
    if seed % 10 == 0:  # equal to `expected` in every run, and that is what a plain recompute says
        answers = [e for e in events if e["type"] == "feedback"]
        assert stored(database().engine, T0 + HOUR_MS) == oracle.windows(answers, T0 + HOUR_MS)
        assert firsts(database().engine) == oracle.bad_first(answers)


def check_decided(conn: Connection) -> None:
    """Every flag once, one open case a customer; every closed minute has reached the detectors as it is."""
    found = {f.flag_id: f for f in conn.execute(select(flags))}
    assert {row.flag_id for row in conn.execute(select(case_flags))} == set(found)
    grave = {f.customer for f in found.values() if f.kind in ("moment_of_truth", "detractor_comment")}
    opened = Counter(row.customer for row in conn.execute(select(cases)))
    assert set(opened) >= grave
    assert set(opened.values()) <= {1}
    closed_to = read_closed_to(conn)
    if closed_to is not None:
        for kind in ("answers", "interactions"):
            rows = conn.execute(select(consumed).where(consumed.c.kind == kind, consumed.c.n > 0))
            taken = {(r.minute, r.channel, r.stage): (r.n, r.bad, r.bad_first) for r in rows}
            closed = leaf_minutes(conn, 0, closed_to, kind)
            assert taken == {(m.minute, m.channel, m.stage): (m.n, m.bad, m.bad_first) for m in closed}


def check_told(conn: Connection, world: World) -> None:
    """One incident; it and every case have one message that shows the newest state; notes stand under it in order."""
    (incident,) = conn.execute(select(incidents))
    assert (incident.channel, incident.stage, incident.state) == ("web", "deliver", "firing")
    rows = conn.execute(select(outbox)).all()
    about = {("case", row.case_id) for row in conn.execute(select(cases))} | {("incident", incident.number)}
    assert {(row.about, row.number) for row in rows} == about
    posts = Counter(mark for mark, _, _ in world.place.posts)
    assert set(posts.values()) <= {1}
    messages = {mark: (str(n), parent) for n, (mark, parent, _) in enumerate(world.place.posts)}
    for row in rows:
        assert messages[row.delivery_id] == (row.ts, None)
        assert world.place.shown[row.ts] == row.desired_revision
    parents = {row.outbox_id: row.ts for row in rows}
    told = [note for note in conn.execute(select(notes).order_by(notes.c.note_id)) if note.ts is not None]
    assert [messages[note.delivery_id] for note in told] == [(note.ts, parents[note.outbox_id]) for note in told]
    assert len(posts) == len(rows) + len(told)


def play_all(number: int, schedules: int, *, people: bool) -> None:
    for seed in range(schedules):
        if ONE is None or f"{number},{seed}" == ONE:
            try:
                play(number, seed, people=people)
            except BaseException:
                print(f"CXWATCH_TEST_SCHEDULE={number},{seed}")
                raise


@pytest.mark.parametrize("number", range(LOGS))
def test_any_two_owners_measure_what_an_undisturbed_one_measures(number: int) -> None:
    play_all(number, MEASURING, people=False)


@pytest.mark.parametrize("number", range(LOGS))
def test_everything_is_decided_once_and_told_once(number: int) -> None:
    play_all(number, WHOLE, people=True)


@pytest.mark.long
@pytest.mark.parametrize("number", range(LOGS // 4))
def test_many_more_schedules(number: int) -> None:
    play_all(number, 3 * MEASURING, people=False)
    play_all(number, 6 * WHOLE, people=True)
