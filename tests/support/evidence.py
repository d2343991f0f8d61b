"""An incident of the design's picture with all that detectors know of it: curve, character, causes, spam."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import update

from alerting import tables as alert_tables
from streams.clock import MINUTE_MS
from tests.support.dashboards import World
from tests.support.recovery import live, say

CAUSES = [
    ("reason", "payment_declined", 11, 18, 6, 62),
    ("reason", "charged_twice", 8, 18, 1, 62),
    ("word", "karte", 10, 18, 4, 62),
    ("word", "abgebucht", 9, 18, 2, 62),
    ("touchpoint", "payment: failed", 15, 18, 7, 62),
    ("touchpoint", "chat: abandoned", 6, 18, 3, 62),
    ("app_version", "8.2.0", 5, 18, 0, 62),
]
WEEKS = [0.001, 0.01, 0.004, 0.03, 0.09, 0.2, 0.6, 1.4, 3.0, 9.0, 22.0, 40.0, 70.0, 110.0, 160.0, 210.0]


def cause(kind: str, name: str, bad: int, bad_of: int, usual: int, usual_of: int) -> dict[str, Any]:
    """A cause as it is stored."""
    return {
        **{"kind": kind, "name": name, "bad": bad, "bad_of": bad_of},
        **{"usual": usual, "usual_of": usual_of, "z": 5.0},
    }


def told(world: World, number: int = 2047, **changes: Any) -> None:
    """Give an incident's member the evidence; `changes` are columns, `causes` lists of what `cause` makes."""
    now = world.clock.now_ms()
    start = now - 97 * MINUTE_MS
    curve = [(start + 6 * place * MINUTE_MS, weeks) for place, weeks in enumerate(WEEKS)]
    values = {
        "character": "jump",
        "needed": 1.05,
        "detectors": ["evidence", "share_jump", "forecast"],
        "curve": curve,
        "causes": [cause(*one) for one in CAUSES],
    } | changes
    for name in ("detectors", "curve", "causes"):
        values[name] = msgspec.json.encode(values[name]).decode()
    members = alert_tables.incident_members
    with world.engine.begin() as conn:
        conn.execute(update(members).where(members.c.number == number).values(values))


def unhappy_afternoon(world: World) -> None:
    """Answers and journeys of web · buy around the change point, and words of those whom it hurt."""
    for ago in range(330, 0, -6):
        counts = {1: 2, 10: 1} if ago < 97 else {10: 2, 9: 1, 2: 1} if ago % 30 == 0 else {10: 2, 9: 1}
        world.answers("web", "buy", counts, at_ms=world.clock.now_ms() - ago * MINUTE_MS)
    for place, words in enumerate(("Zweimal abgebucht, keine Bestellung.", "Card declined. Call 0171 2345678.")):
        who = ("c_7f3a91", "c_b61f7a")[place]
        say(world, who, words, reasons='["charged_twice"]' if place == 0 else '["payment_declined"]')
        live(world, who, [(94, "web", "buy", "payment_failed", -3), (89, "web", "buy", "charged_twice", -5)])
