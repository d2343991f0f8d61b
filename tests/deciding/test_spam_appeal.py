"""A surge of one text is held back, and is told once a person says that it is no spam: from events to the message."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from alerting import actions
from alerting.doing import Doing
from alerting.store import incident_history
from alerting.tables import outbox
from streams.clock import HOUR_MS, MINUTE_MS
from tests.deciding.rig import ALERTS, T0, Shop, answers

WORDS = "call this number now for a refund of your order"
ONSET = T0 + 24 * HOUR_MS
pytestmark = pytest.mark.slow_on_postgresql


def messages(shop: Shop) -> list[str]:
    with shop.database.connect() as conn:
        return [row.outbox_id for row in conn.execute(select(outbox)) if row.outbox_id.startswith("incident")]


async def test_what_was_held_back_as_spam_is_told_after_an_appeal_and_stays_so(shop: Shop) -> None:
    await shop.step(ONSET, answers(T0, ONSET, 4, 0.1))
    wave = answers(ONSET, ONSET + 2 * HOUR_MS, 24, 0.9, comment=WORDS)
    first, later = (
        [e for e in wave if e["time_ms"] < ONSET + HOUR_MS],
        [e for e in wave if e["time_ms"] >= ONSET + HOUR_MS],
    )
    await shop.step(ONSET + HOUR_MS, first)
    (held,) = shop.incidents()
    assert (held.spam, held.page) == (True, False)
    assert "have nearly the same words" in (held.spam_reason or "")
    assert messages(shop) == []

    with shop.database.begin() as conn:
        who = Doing("Jana", ONSET + HOUR_MS + MINUTE_MS)
        actions.mark_spam(conn, ALERTS, held.number, held.version, who, spam=False)
    assert messages(shop) == [f"incident-{held.number}"]

    await shop.step(ONSET + 2 * HOUR_MS, later)  # the words stay the same, and so does the person's word
    (told,) = shop.incidents()
    assert (told.spam, told.page, told.state) == (False, True, "firing")
    with shop.database.connect() as conn:
        assert [e.text for e in incident_history(conn, told.number) if e.kind == "not_spam"] == ["Not spam, says Jana."]
