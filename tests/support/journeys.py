"""A week of customers on the journey of the design's picture: delivery disappoints, most in the app; email is blind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, minute_of
from streams.customers import CustomerState, Touch
from streams.panes import CONTACT, INTERACTION, Sketch
from streams.store import tables
from streams.store.dialect import upsert
from tests.support.dashboards import World

GRADES = {"discover": 1, "buy": 1, "deliver": -1, "use": 1, "support": 0, "return": 0}
NOT_OFFERED = {("phone", "discover"), ("phone", "use"), ("store", "deliver"), ("store", "use")}
BLIND = {("email", "discover"), ("email", "use")}


def week(world: World, customers: int = 12) -> None:
    """So many customers a place, and the traffic that they make."""
    number = 0
    rows = []
    for channel in world.settings.channels:
        for stage in world.settings.stages:
            if (channel, stage) in NOT_OFFERED:
                continue
            blind = (channel, stage) in BLIND
            traffic(world, channel, stage, CONTACT if blind else INTERACTION, 214 if blind else 10 * customers)
            for place in range(0 if blind else 6 if channel == "email" else customers):
                number += 1
                grade = GRADES[stage] + (place % 3 - 1)
                grade -= 2 if (channel, stage) == ("app", "deliver") else 0
                rows.append(met(world, f"w{number}", channel, stage, grade, place))
    with world.engine.begin() as conn:
        conn.execute(upsert(conn, tables.customers), rows)


def met(world: World, customer: str, channel: str, stage: str, grade: int, place: int) -> dict[str, Any]:
    """One customer: a graded touchpoint, some with a contact before it, some with an answer after it."""
    at_ms = world.clock.now_ms() - DAY_MS - place * HOUR_MS
    state = CustomerState.new(customer)
    if stage == "support":
        state.apply(_touch(at_ms - 30 * MINUTE_MS, customer, "0", "phone", stage, None), 0)
    state.apply(_touch(at_ms, customer, "1", channel, stage, grade), 0)
    if place % 2:
        answered = Touch(
            time_ms=at_ms + HOUR_MS, source="survey", id=f"{customer}-2", channel=channel, stage=stage,
            kind="feedback", name="nps", survey_kind="hot", value=3 if place % 3 else 9, bad=bool(place % 3), live=True,
        )  # fmt: skip
        state.apply(answered, 0)
    row = {"customer": customer, "partition": 0, "state": state.encode(), "last_ms": state.last_ms}
    return row | {"silent_due_ms": state.silent_due_ms}


def _touch(time_ms: int, customer: str, at: str, channel: str, stage: str, grade: int | None) -> Touch:
    return Touch(
        time_ms=time_ms,
        source="shop",
        id=f"{customer}-{at}",
        channel=channel,
        stage=stage,
        kind="interaction",
        name="call" if grade is None else "step",
        value=grade or 0,
        graded=grade is not None,
        bad=(grade or 0) < 0,
        live=True,
        contact_id=f"k-{customer}" if grade is None else None,
    )


def traffic(world: World, channel: str, stage: str, metric: str, n: int) -> None:
    """So many interactions yesterday; at delivery 70 of 100 in time, at support somebody waits."""
    waits, overruns = Sketch(), Sketch()
    for place in range(n):
        if stage == "support":
            waits.add(60.0 * (1 + place % 30) * (10 if channel == "email" else 1))
        if stage in ("deliver", "return"):
            overruns.add(3_600.0 * (place % 10) if place % 10 > (6 if stage == "deliver" else 8) else 0.0)
    minute = minute_of(world.clock.now_ms() - DAY_MS)
    with world.engine.begin() as conn:
        row = {"channel": channel, "stage": stage, "metric": metric, "survey_kind": "", "partition": 0}
        counts = {"counts": f'{{"0":{n}}}', "n": n, "bad": 0, "bad_first": 0}
        live = {"live_n": n, "live_bad": 0, "live_bad_first": 0}
        times = {
            "waits": waits.to_bytes() if waits.count else None,
            "overruns": overruns.to_bytes() if overruns.count else None,
        }
        values = {"minute": minute - minute % 60, **row, **counts, **live, **times}
        conn.execute(insert(tables.hour_panes).values(**values))
