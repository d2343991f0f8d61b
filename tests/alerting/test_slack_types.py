"""Every message as Slack's own types and limits want it, whatever texts are in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting import incidents
from alerting.channels.protocol import Message
from alerting.digests import DigestLine, digest_message
from alerting.messages import case_message, gone_message, incident_message, note_message
from alerting.priority import parts
from alerting.settings import AlertSettings
from alerting.views import CaseView
from detectors.records import Cause
from streams.clock import MINUTE_MS
from streams.records import Segment
from tests.alerting.test_messages import HOSTILE, LOOK, T0, case, incident, outside_quotes, view
from tests.support.slack_types import faults, too_long

WIDE = [*HOSTILE, "ﷺ" * 4_000, "e\u0301" * 2_000, "👩‍👩‍👧‍👦" * 600, " ", "\u200b", "'\"\\\n"]


def every_message(text: str) -> list[Message]:
    shown = view(incident(Segment(text, text), reason=text), quotes=(text,) * 5, most_named=(text,) * 3)
    causes = tuple(Cause(kind, text, 3, 4, 1, 90, 5.0) for kind in ("reason", "word", text))
    going_on = shown.incident
    taken = replace(going_on, acknowledged_by=text, acknowledged_ms=T0, state="acknowledged", linked_to=7)
    asleep = replace(going_on, snoozed_until_ms=T0 + 90 * MINUTE_MS, spam=True, spam_reason=text)
    over = incidents.resolved(taken, T0 + 60 * MINUTE_MS, by=text)
    hurt = case(customer=text, reason=text, tier=text, claimed_by=text, channel=text, stage=text)
    several = [case(case_id=n, state="open", reason=text, channel=text, stage=text) for n in range(1, 40)]
    lines = [DigestLine(case=one) for one in several] + [DigestLine(incident=one) for one in (going_on, taken, over)]
    late = "written 14:05, delivered 41 min late"
    return [
        *(incident_message(replace(shown, incident=one), LOOK, 1, late) for one in (going_on, taken, asleep, over)),
        incident_message(
            replace(shown, affected=None, most_named=(), to_contact=0, first_due_ms=None, quotes=()), LOOK, 1
        ),
        *(
            case_message(CaseView(one, parts(one, T0, AlertSettings()), text, 2047), LOOK, 1, late)
            for one in (hurt, replace(hurt, state="recovered", closed_ms=T0), replace(hurt, state="open"))
        ),
        digest_message(3, lines, 2, LOOK, revision=4, late=late),
        digest_message(3, lines[-3:], 0, replace(LOOK, buttons=False), revision=4),
        digest_message(3, [], 1, LOOK, revision=5),
        note_message(text, "note-1", "Written 17:20, delivered 41 min late."),
        gone_message("Case 7", 2),
        incident_message(replace(shown, causes=causes), LOOK, 1),
    ]


@pytest.mark.parametrize("text", WIDE)
def test_every_message_keeps_the_documented_limits(text):
    for message in every_message(text):
        assert too_long(message.blocks, message.text) == []


@pytest.mark.parametrize("text", WIDE)
def test_nothing_outside_quotes_pings_or_links(text):
    for message in every_message(text):
        rest = outside_quotes(message)
        assert "<" not in rest
        assert ">" not in rest
        assert not any(ch in rest for ch in "\u202e\u2066\u200b\x00\x1b")


def test_a_digest_says_at_most_a_dozen_and_the_gravest_first():
    message = every_message("x")[8]
    texts = [b["text"]["text"] for b in message.blocks if b["type"] == "section"]
    assert len(texts) == 13
    assert texts[0].startswith("▼")
    assert texts[-1] == "And 30 more."
    assert message.blocks[0]["text"]["text"] == "! 3 incidents (2 going on) and 39 customers (39 to contact) at once"


def test_every_message_is_what_slacks_published_types_take():
    messages = [message.blocks for text in ("charged twice", *WIDE[:2], WIDE[-1]) for message in every_message(text)]
    assert faults(messages, "messages") == []


def test_the_types_would_notice_a_field_or_a_word_that_slack_does_not_know():
    good = every_message("x")[0].blocks
    wrong_word = [{**good[0], "text": {"type": "markdown", "text": "x"}}]
    wrong_field = [{**good[1], "txt": "x"}]
    missing = [{"type": "actions"}]
    assert len(faults([wrong_word, wrong_field, missing], "wrong")) == 3
