"""What bad answers are read with: the steps of their customers before them, as far as they are remembered."""

from __future__ import annotations

from sqlalchemy import insert

from detectors.contents import bad_answers, touchpoints_before
from streams.clock import HOUR_MS, MINUTE_MS
from streams.customers import RECENT_MAX, CustomerState
from streams.records import Segment
from streams.store.customers import save_customers
from streams.store.tables import feedback
from streams.touch import Touch

NOW = 1_794_924_300_000


def touch(name, hours_before, outcome=None, kind="interaction"):
    return Touch(
        time_ms=NOW - int(hours_before * HOUR_MS),
        source="shop",
        id=f"{name}{hours_before}",
        channel="web",
        stage="buy",
        kind=kind,
        name=name,
        value=0,
        bad=False,
        live=True,
        outcome=outcome,
    )


def lived(*touches, customer="c1"):
    state = CustomerState.new(customer)
    for one in touches:
        state.apply(one, 0)
    return state


def test_the_steps_of_two_days_before_count_each_once():
    state = lived(
        touch("payment", 1, "failed"),
        touch("payment", 2, "failed"),
        touch("search", 47),
        touch("delivery", 49, "late"),
        touch("csat", 3, kind="feedback"),
        touch("call", -1, "solved"),
    )
    assert set(touchpoints_before(state.events(), NOW)) == {"payment: failed", "search"}


def test_where_older_steps_have_fallen_off_nothing_is_said():
    events = lived(*(touch(f"step{n}", n) for n in range(RECENT_MAX + 5))).events()
    assert touchpoints_before(events, NOW) is None
    assert touchpoints_before(events, NOW + 40 * HOUR_MS) is not None


def test_answers_come_with_the_steps_of_their_customer_but_not_of_forgotten_ones(engine):
    known, forgotten = lived(touch("payment", 1, "failed")), lived(touch("payment", 1, "failed"), customer="c2")
    states = [("c1", 0, known.encode(), None, NOW), ("c2", 0, forgotten.anonymous("c2").encode(), None, NOW)]
    row = {
        **{"source": "s", "partition": 0, "channel": "web", "stage": "buy", "metric": "csat", "survey_kind": "hot"},
        **{"score": 1, "bad": True, "revision": 0, "comment": "no", "reasons": '["price"]', "attributes": "{}"},
    }
    with engine.begin() as conn:
        save_customers(conn, states)
        for place, who in enumerate(("c1", "c2", "c3", None)):
            told = {"key": bytes([place]), "id": str(place), "time_ms": NOW + place * MINUTE_MS, "customer": who}
            conn.execute(insert(feedback), {**row, **told, "live": True})
        found = bad_answers(conn, Segment("web", None), NOW, NOW + HOUR_MS)
    assert {one.customer: one.touchpoints for one in found} == {
        "c1": ("payment: failed",),
        "c2": None,
        "c3": None,
        None: None,
    }
