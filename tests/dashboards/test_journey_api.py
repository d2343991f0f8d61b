from __future__ import annotations

from litestar.testing import TestClient

from streams.customers import CustomerState
from streams.store.customers import save_customers
from streams.touch import Touch
from tests.support.dashboards import NOW_MS, World


def lived(world: World, number: int, stage: str, grade: int, days_ago: float = 0.1) -> None:
    """A customer who met one graded touchpoint."""
    time_ms = NOW_MS - int(days_ago * 86_400_000)
    state = CustomerState.new(f"c{number}")
    touch = Touch(
        time_ms=time_ms,
        source="shop",
        id=f"e{number}",
        channel="web",
        stage=stage,
        kind="interaction",
        name="payment",
        survey_kind="",
        value=grade,
        graded=True,
        bad=grade < 0,
        moment_of_truth=False,
        has_comment=False,
        live=True,
        contact_id=None,
        outcome=None,
        minutes=None,
    )
    state.apply(touch, 0)
    with world.engine.begin() as conn:
        save_customers(conn, [(f"c{number}", 0, state.encode(), None, time_ms)])


def test_each_stage_has_its_mean_interval_and_verdict(world: World, client: TestClient) -> None:
    for number in range(20):
        lived(world, number, "buy", 2 if number % 2 else 1)
        lived(world, 100 + number, "deliver", -3 if number % 2 else -1)
    answer = client.get("/api/v1/journey").json()
    assert answer["window_days"] == 7
    assert answer["weakest"] == "deliver"
    buy, deliver = answer["stages"]
    assert (buy["stage"], buy["n"], buy["score"], buy["verdict"]) == ("buy", 20, 1.5, "delight")
    assert (deliver["stage"], deliver["score"], deliver["verdict"]) == ("deliver", -2.0, "disappointing")
    assert deliver["low"] < deliver["score"] < deliver["high"] < 0
    assert (answer["overall"]["n"], answer["overall"]["verdict"]) == (40, "neutral")


def test_too_few_customers_have_no_score_and_the_past_does_not_count(world: World, client: TestClient) -> None:
    for number in range(9):
        lived(world, number, "buy", 1)
    for number in range(20):
        lived(world, 100 + number, "use", 1, days_ago=9)
    answer = client.get("/api/v1/journey").json()
    assert answer["stages"] == [{"stage": "buy", "n": 9, "score": None, "low": None, "high": None, "verdict": None}]
    assert answer["weakest"] is None


def test_a_parameter_it_does_not_know_is_named(client: TestClient) -> None:
    answer = client.get("/api/v1/journey?stage=buy")
    assert (answer.status_code, answer.json()["field"]) == (400, "stage")
