"""The queue of the design's pictures: customers to contact, what they lived through and said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert

from alerting import tables as alert_tables
from streams.clock import DAY_MS, MINUTE_MS
from streams.customers import CustomerState, Touch
from streams.store import tables
from streams.store.dialect import upsert
from tests.support.dashboards import World

QUOTES = [
    "Zweimal abgebucht und trotzdem keine Bestellung. Im Chat wartet man ewig.",
    "Zum zweiten Mal verschoben, ich hatte extra freigenommen.",
    "Waited 25 minutes, then the line went dead.",
    None,
    "Third time I explain the same thing to a new person.",
    "Keine Antwort seit Freitag.",
    "They told me online I could return it here.",
    "Card declined three times. It works everywhere else.",
]
CASES: list[tuple[str, str | None, str, str, str, tuple[int, int, int], int]] = [
    ("c_7f3a91", "Gold", "web", "buy", "charged twice, 2 payment failures", (50, 25, 8), -14),
    ("c_19be07", "Gold", "app", "deliver", "delivery promise missed, second time", (46, 22, 8), -6),
    ("c_a402cc", "Silver", "phone", "support", "hung up twice, longest wait 25 min", (48, 15, 4), -2),
    ("c_5d10e8", "Gold", "phone", "support", "hung up after 27 min, then 3 app errors", (44, 21, 0), 8),
    ("c_0b77f2", "Silver", "chat", "support", "transferred 3 times, not solved", (40, 12, 6), 21),
    ("c_e93a15", None, "email", "support", "no reply for 3 days, promised 24 h", (42, 6, 6), 34),
    ("c_38c4d0", None, "store", "return", "refund refused at the counter", (38, 5, 6), 47),
    ("c_b61f7a", "Silver", "web", "buy", "3 payment failures, order given up", (38, 11, 0), 72),
]


@dataclass(frozen=True)
class Profile:
    """What a CRM told."""

    time_ms: int
    source: str = "crm"
    id: str = "p1"
    locale: str | None = "de_DE"
    tier: str | None = None
    value: float | None = None


def say(world: World, customer: str, words: str | None, **changes: Any) -> None:
    """One answer of a customer."""
    number = getattr(world, "_said", 0) + 1
    world._said = number  # type: ignore[attr-defined]  # a count for keys
    row = {
        "key": f"said{number}".encode(),
        "source": "survey",
        "id": f"said{number}",
        "partition": 0,
        "time_ms": world.clock.now_ms() - 81 * MINUTE_MS,
        "customer": customer,
        "channel": "web",
        "stage": "buy",
        "metric": "csat",
        "survey_kind": "hot",
        "score": 1,
        "bad": True,
        "revision": 0,
        "comment": words,
        "reasons": '["charged_twice"]',
        "attributes": "{}",
        "live": True,
    } | changes
    with world.engine.begin() as conn:
        conn.execute(insert(tables.feedback), row)


def live(world: World, customer: str, touches: list[tuple[int, str, str, str, int]], locale: str = "de_DE") -> None:
    """What a customer lived through: (minutes ago, channel, stage, name, grade); "csat" is an answer."""
    state = CustomerState.new(customer)
    for place, (ago, channel, stage, name, grade) in enumerate(sorted(touches, reverse=True)):
        answer = name == "csat"
        touch = Touch(
            time_ms=world.clock.now_ms() - ago * MINUTE_MS,
            source="shop",
            id=f"{customer}-{place}",
            channel=channel,
            stage=stage,
            kind="feedback" if answer else "interaction",
            name=name,
            value=grade,
            bad=grade < 0 or (answer and grade < 3),
            live=True,
            survey_kind="hot" if answer else "",
            graded=not answer,
            moment_of_truth=name == "charged_twice",
        )
        state.apply(touch, 0)
    state.set_profile(Profile(world.clock.now_ms() - DAY_MS, locale=locale))
    with world.engine.begin() as conn:
        row = {"customer": customer, "partition": 0, "state": state.encode(), "last_ms": state.last_ms}
        conn.execute(upsert(conn, tables.customers), {**row, "silent_due_ms": None})


def morning(world: World) -> None:
    """Eight cases, the first of them a long story."""
    now = world.clock.now_ms()
    for place, (customer, tier, channel, stage, reason, points, due) in enumerate(CASES):
        severity, value, repeats = points
        silent = QUOTES[place] is None
        world.case(
            8812 - place,
            customer=customer,
            tier=tier,
            channel=channel,
            stage=stage,
            reason=reason,
            severity=severity,
            value=value,
            repeats=repeats,
            kind="silent_unhappy" if silent else "moment_of_truth" if place == 0 else "detractor_comment",
            opened_ms=now - 74 * MINUTE_MS,
            last_flag_ms=now - 89 * MINUTE_MS,
            first_contact_due_ms=now + due * MINUTE_MS,
            resolution_due_ms=now + 1_366 * MINUTE_MS,
            state="claimed" if customer == "c_38c4d0" else "open",
            claimed_by="Lea S." if customer == "c_38c4d0" else None,
        )
        if not silent:
            say(world, customer, QUOTES[place], channel=channel, stage=stage)
    day = 24 * 60
    story = [
        (18 * day, "web", "discover", "tariff_compared", 1),
        (17 * day, "store", "discover", "advice", 3),
        (17 * day - 35, "store", "buy", "contract_signed", 2),
        (14 * day, "app", "deliver", "sim_on_time", 0),
        (94, "web", "buy", "payment_failed", -3),
        (91, "web", "buy", "payment_failed", -3),
        (89, "web", "buy", "charged_twice", -5),
        (87, "chat", "support", "chat_abandoned", -2),
        (81, "web", "buy", "csat", 1),
    ]
    live(world, "c_7f3a91", story)
    tell(world, 8812, "opened", None, "Opened: moment of truth.", now - 74 * MINUTE_MS)


def tell(world: World, case_id: int, kind: str, actor: str | None, text: str, at_ms: int) -> None:
    """One line of a case's history."""
    row = {"case_id": case_id, "at_ms": at_ms, "kind": kind, "actor": actor, "text": text, "version": 1}
    with world.engine.begin() as conn:
        conn.execute(insert(alert_tables.case_events), row)
