"""Grouping of closings, restarts, lost caches and failed transactions change no number."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from detectors import store
from detectors.watch import Watch

BUY, USE = ("web", "buy"), ("app", "use")
END = 1_800
relaxed = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def eventful(world):
    """A spike in one leaf that ends, and calm elsewhere."""
    world.past()
    world.answers(BUY, 0, 300, 6, 0.15).answers(BUY, 300, 700, 20, 0.75).answers(BUY, 700, END, 12, 0.05)
    return world.answers(USE, 0, END, 4, 0.15)


def stored(engine):
    with engine.connect() as conn:
        return [conn.execute(select(t).order_by(*t.primary_key)).all() for t in store.metadata.sorted_tables]


def test_the_eventful_day_has_an_anomaly_updates_and_a_recovery(eventful, engine):
    found = eventful.run(engine, [0, END])
    assert {a.segment for a in found.anomalies} >= {("web", "buy")}
    assert found.updates
    assert {r.segment for r in found.recoveries} >= {("web", "buy")}


def test_six_hundred_closings_of_one_minute_equal_one_of_six_hundred(eventful, new_engine):
    one, many = new_engine(), new_engine()
    assert eventful.run(one, [0, 600]) == eventful.run(many, range(601))
    assert stored(one) == stored(many)


@pytest.mark.long
@relaxed
@given(edges=st.sets(st.integers(1, END - 1), max_size=12), restarts=st.integers(0, 2**12))
def test_any_grouping_with_any_restarts_finds_the_same(eventful, new_engine, edges, restarts):
    whole, parted = new_engine(), new_engine()
    left = iter(f"{restarts:012b}" * 2)

    def maybe_restart(watch):
        return eventful.watch() if next(left, "0") == "1" else watch

    assert eventful.run(whole, [0, END]) == eventful.run(parted, [0, *sorted(edges), END], maybe_restart)
    assert stored(whole) == stored(parted)


def test_a_restart_after_every_closing_with_reload_changes_nothing(eventful, new_engine):
    kept, reloaded = new_engine(), new_engine()
    edges = range(0, 1_201, 30)
    assert eventful.run(kept, edges) == eventful.run(reloaded, edges, lambda _: eventful.watch())
    assert stored(kept) == stored(reloaded)


def test_a_transaction_that_failed_leaves_no_trace(eventful, new_engine):
    engine, clean = new_engine(), new_engine()
    watch = eventful.watch()
    with engine.begin() as tx:
        watch.advance(tx, eventful.closing(0, 300))
    with engine.connect() as tx:
        watch.advance(tx, eventful.closing(300, 600))
        tx.rollback()
    watch.forget_cache()
    with engine.begin() as tx:
        again = watch.advance(tx, eventful.closing(300, 600))
    assert again == eventful.run(clean, [0, 300, 600])
    assert stored(engine) == stored(clean)


def test_an_import_of_history_between_restarts_does_not_change_the_usual_in_use(eventful, new_engine):
    kept, restarted = new_engine(), new_engine()
    watches: dict[object, Watch] = {kept: eventful.watch(), restarted: eventful.watch()}
    found = {kept: [], restarted: []}
    for engine in (kept, restarted):
        with engine.begin() as tx:
            watches[engine].advance(tx, eventful.closing(0, 20))
    eventful.past(days=3, per_hour=40, share=0.9, seed=9)
    eventful.history.sort(key=lambda row: row.minute)
    watches[restarted] = eventful.watch()
    for engine in (kept, restarted):
        with engine.begin() as tx:
            found[engine].append(watches[engine].advance(tx, eventful.closing(20, 700)))
    assert found[kept] == found[restarted]
    assert stored(kept) == stored(restarted)


def test_late_minutes_in_another_grouping_of_the_rest_give_the_same(eventful, new_engine):
    late = eventful.rows(100, 130)
    results = []
    for edges in ([300, 900], range(300, 901)):
        engine = new_engine()
        watch, found = eventful.watch(), []
        kept = dict(eventful.live)
        with engine.begin() as tx:
            first = eventful.closing(0, 300)
            hole = [row for row in first.minutes if row not in late]
            watch.advance(tx, type(first)(first.from_minute, first.to_minute, hole))
        for a, b in zip(edges, list(edges)[1:], strict=False):
            with engine.begin() as tx:
                found.append(watch.advance(tx, eventful.closing(a, b, late if a == 300 else ())))
        eventful.live = kept
        results.append(([x for f in found for x in (*f.anomalies, *f.updates, *f.recoveries)], stored(engine)))
    assert results[0][1] == results[1][1]
    assert sorted(map(repr, results[0][0])) == sorted(map(repr, results[1][0]))
