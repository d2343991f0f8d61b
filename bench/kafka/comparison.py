"""The table: the product beside plain Faust, bare clients, Bytewax, Quix Streams and bare storage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench import common
from bench.common import Result
from bench.kafka import bare, peers, plain, product
from bench.kafka.table import Case, Goal, Trials
from bench.kafka.world import World, anonymous, by_place, customers, interactions, now_ms

ANSWERS = "windows and 10 % answers, PostgreSQL"
WINDOWS, WHOLE = "windows, PostgreSQL", "whole, PostgreSQL"
PLAIN = "plain Faust, only counting"
AIOKAFKA, CONFLUENT = "aiokafka getmany + the same fold", "confluent-kafka consume + the same fold"
BYTEWAX, QUIX = "Bytewax, sliding 15 min by 1", "Quix Streams, hopping 15 min by 1"
STORAGE = "storage only, the rows of whole"
GOALS = (
    Goal(WINDOWS, PLAIN, 20, 30),
    Goal(WHOLE, PLAIN, 2, 6),
    Goal(WINDOWS, AIOKAFKA, 0.9),
    Goal(WINDOWS, CONFLUENT, 0.75),
    Goal(WINDOWS, BYTEWAX, 3),
    Goal(WHOLE, BYTEWAX, 0, 1),
    Goal(WINDOWS, QUIX, 20, 30),
    Goal(WHOLE, QUIX, 2),
    Goal(WHOLE, STORAGE, 0.5),
    Goal(ANSWERS, PLAIN, 0),
    Goal("windows, SQLite", WINDOWS, 0),
    Goal("whole, SQLite", WHOLE, 0),
)
SLOW_SHARE = 4  # those who take a tenth of the speed read a quarter of the records


def cases(here: World, windows: str, answers: str, whole: str, keyed: str, events: int) -> dict[str, Case]:
    """What is run, in this order."""
    few = max(1, events // SLOW_SHARE)
    return {
        PLAIN: lambda: common.apart(plain.counted, here.settings(windows), few),
        WINDOWS: partial(into, here, "postgresql", product.measured, windows),
        AIOKAFKA: lambda: common.apart(bare.aiokafka_loop, here.settings(windows), events),
        CONFLUENT: lambda: common.apart(bare.confluent_loop, here.settings(windows), events),
        BYTEWAX: partial(peers.bytewax, here, windows),
        QUIX: partial(peers.quix, here, keyed, few),
        ANSWERS: partial(into, here, "postgresql", product.measured, answers),
        WHOLE: partial(into, here, "postgresql", product.measured, whole),
        STORAGE: partial(twice, here, whole),
        "windows, SQLite": partial(into, here, "sqlite", product.measured, windows),
        "whole, SQLite": partial(into, here, "sqlite", product.measured, whole),
    }


def into(here: World, kind: str, work: Callable[..., Result], topic: str) -> Result:
    """Measure a topic into a fresh database."""
    with here.database(kind) as database:
        before = here.written_bytes()
        found = common.apart(work, here.settings(topic), database)
        if kind == "postgresql":
            found["wal_bytes_an_event"] = (here.written_bytes() - before) / found["events"]
        return found


def twice(here: World, topic: str) -> Result:
    """Measure into one database, write the rows into another."""
    with here.database("postgresql") as one, here.database("postgresql") as other:
        return common.apart(product.stored, here.settings(topic), one, other)


def compared(here: World, events: int, rounds: int) -> Trials:
    """Run every case so many times over the same records, and show what came out."""
    begin_ms = now_ms()
    here.topic("windows", interactions(events, begin_ms))
    here.topic("windows-by-place", by_place(interactions(events, begin_ms)))
    here.topic("answers", anonymous(events, begin_ms))
    here.topic("whole", customers(events, begin_ms))
    trials = Trials()
    trials.run(cases(here, "windows", "answers", "whole", "windows-by-place", events), rounds)
    read = trials.others[ANSWERS]
    notes = [
        f"medians of {rounds}",
        f"reading all {read['windows']:,} windows of answers afterwards: {read['read_seconds']:.2f} s",
    ]
    common.show("Kafka to committed windows", trials.rows(), notes)
    common.show("beside", trials.ratios(GOALS))
    written = [
        {"case": name, "bytes": found["wal_bytes_an_event"]}
        for name, found in trials.others.items()
        if "wal_bytes_an_event" in found
    ]
    common.show("PostgreSQL's write-ahead log, bytes an event", written)
    return trials
