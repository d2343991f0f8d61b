"""What a message says, and what no customer's text can make it do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import incidents
from alerting.masking import mask
from alerting.messages import case_message, incident_message, note_message
from alerting.priority import parts
from alerting.records import Case, Incident
from alerting.settings import AlertSettings
from alerting.text import clean, duration, safe
from alerting.views import CaseView, IncidentView, Look
from detectors.records import Anomaly, Cause
from streams.clock import MINUTE_MS
from streams.records import Segment

T0 = 1_794_924_300_000
LOOK = Look(T0 + 20 * MINUTE_MS, "UTC", "https://cx.example", buttons=True)
HOSTILE = [
    "<!channel> <!everyone> <!here>",
    "<@U1> look",
    "<http://evil.example|click here>",
    "x" * 4_000,
    "&lt;!channel&gt;",
    "\u202eevil\u202c \u2066hidden\u2069",
    "a\x00b\x07c\x1b[31m\r\nnext",
    "*bold* _it_ ~st~ `code`",
    "&" * 4_000,
    "\ud800 lone",
]


WEB_BUY = Segment("web", "buy")


def incident(segment: Segment = WEB_BUY, **changes) -> Incident:
    anomaly = Anomaly(
        segment=segment,
        page=True,
        signal="share",
        metric=None,
        since_ms=T0,
        detected_ms=T0 + 18 * MINUTE_MS,
        observed=0.78,
        expected=0.15,
        expected_low=0.12,
        expected_high=0.19,
        times_usual_volume=4.5,
        n=9,
        bad=7,
        evidence=9.0,
        severity="major",
        reason="7 of 9 bad since 14:05 (78 %, 45..94 %; usual 12..19 %), 4.5 times the usual volume.",
        detectors=("share_jump",),
    )
    return incidents.opened(12, replace(anomaly, **changes), MINUTE_MS)


def view(of: Incident, **changes) -> IncidentView:
    whole = IncidentView(
        incident=of,
        affected=6,
        most_named=("payment_declined", "charged_twice"),
        to_contact=5,
        first_due_ms=T0 + 74 * MINUTE_MS,
        quotes=("Zweimal abgebucht.", "Meine Nummer: 0171 2345678"),
    )
    return replace(whole, **changes)


def case(**changes) -> Case:
    whole = Case(
        case_id=8812,
        customer="c_7f3a91",
        state="open",
        kind="moment_of_truth",
        channel="web",
        stage="buy",
        reason="charged_twice (web · buy) at a moment of truth",
        severity=50,
        value=25,
        repeats=8,
        tier="Gold",
        opened_ms=T0,
        last_flag_ms=T0 + 8 * MINUTE_MS,
        first_contact_due_ms=T0 + 80 * MINUTE_MS,
        contacted_ms=None,
        next_contact_due_ms=None,
        promise=None,
        resolution_due_ms=T0 + 24 * 60 * MINUTE_MS,
        first_missed_ms=None,
        next_missed_ms=None,
        resolution_missed_ms=None,
        main_reason=None,
        claimed_by=None,
        snoozed_until_ms=None,
        closed_ms=None,
        closed_reason=None,
        version=1,
        updated_ms=T0,
    )
    return replace(whole, **changes)


def texts(blocks, kind: str) -> list:
    return [block for block in blocks if block["type"] == kind]


def test_the_first_message_of_an_incident_reads_like_the_reference_picture():
    message = incident_message(view(incident()), LOOK, 1)
    assert [b["type"] for b in message.blocks] == [
        "header", "section", "section", "section", "rich_text", "rich_text", "actions", "context",
    ]  # fmt: skip
    assert message.blocks[0]["text"]["text"] == "▼ web · buy: more disappointed customers than usual"
    assert message.blocks[1]["text"]["text"].startswith("7 of 9 bad since 14:05")
    assert [f["text"] for f in message.blocks[2]["fields"]] == [
        "*Began about*\n14:05",
        "*Affected*\n6 customers with a bad answer",
        "*Most named*\npayment_declined, charged_twice",
        "*To contact*\n5 open, first due 15:19",
    ]
    buttons = message.blocks[-2]["elements"]
    assert [b["text"]["text"] for b in buttons] == ["Acknowledge", "Snooze 1 h", "Possible spam", "Open incident"]
    assert [b.get("url") for b in buttons] == [None, None, None, "https://cx.example/incidents/12"]
    assert message.blocks[-1]["elements"][0]["text"] == "Incident #12 · major · noticed after 18 min"


def test_what_is_over_represented_is_told_with_its_counts_instead_of_what_is_most_named():
    causes = (
        Cause("touchpoint", "payment: failed", bad=12, bad_of=15, usual=9, usual_of=210, z=9),
        Cause("word", "doppelt", bad=8, bad_of=18, usual=1, usual_of=62, z=7),
        Cause("app_version", "8.2.0", bad=5, bad_of=18, usual=0, usual_of=62, z=6),
    )
    message = incident_message(view(incident(), causes=causes), LOOK, 1)
    told = [f["text"] for f in message.blocks[2]["fields"]][2]
    assert told.splitlines() == [
        "*Stands out*",
        "payment: failed: 12 of 15, usually 9 of 210",
        "“doppelt”: 8 of 18, usually 1 of 62",
        "app_version 8.2.0: 5 of 18, usually 0 of 62",
    ]


def test_what_is_unknown_is_left_out():
    bare = view(incident(), affected=None, most_named=(), to_contact=0, first_due_ms=None, quotes=())
    message = incident_message(bare, replace(LOOK, public_url=None, buttons=False), 1)
    assert [b["type"] for b in message.blocks] == ["header", "section", "section", "context"]
    assert len(message.blocks[2]["fields"]) == 1


def test_a_resolved_incident_is_shorter_and_says_how_long_it_lasted():
    over = incidents.resolved(incident(), T0 + 175 * MINUTE_MS, by=None)
    message = incident_message(view(over), replace(LOOK, now_ms=T0 + 175 * MINUTE_MS), 3)
    assert message.blocks[0]["text"]["text"] == "✓ Resolved: web · buy is back to usual"
    assert "Lasted *2 h 55 min*, 14:05 to 17:00" in message.blocks[1]["text"]["text"]
    assert texts(message.blocks, "rich_text") == []


def test_block_ids_change_with_every_revision():
    one, two = (incident_message(view(incident()), LOOK, revision) for revision in (1, 2))
    assert {b["block_id"] for b in one.blocks}.isdisjoint(b["block_id"] for b in two.blocks)


def test_a_case_says_why_and_adds_up():
    message = case_message(CaseView(case(), parts(case(), LOOK.now_ms, AlertSettings()), "Zweimal abgebucht."), LOOK, 1)
    assert message.blocks[0]["text"]["text"] == "! To contact by 15:25: customer c_7f3a91, Gold"
    sentence = message.blocks[1]["text"]["text"]
    assert sentence.startswith("Charged_twice (web · buy) at a moment of truth, 14:13.")
    assert "Priority *85* = severity 50 + value 25 + repeats 8 + time 2." in sentence


def test_a_case_that_nobody_contacted_in_time_says_so_first():
    late = replace(LOOK, now_ms=T0 + 90 * MINUTE_MS)
    message = case_message(CaseView(case(), parts(case(), late.now_ms, AlertSettings()), None), late, 1)
    assert message.blocks[0]["text"]["text"].startswith("! Overdue: customer c_7f3a91")


@pytest.mark.parametrize("key", ["jana@example.com", "+49 171 2345678", "4111 1111 1111 1111"])
def test_a_customer_key_that_is_contact_data_is_not_shown(key):
    message = case_message(CaseView(case(customer=key), parts(case(), T0, AlertSettings()), None), LOOK, 1)
    assert key not in json.dumps(message.blocks) + message.text


def outside_quotes(message) -> str:
    rest = [block for block in message.blocks if block["type"] != "rich_text"]
    return json.dumps(rest, ensure_ascii=False) + message.text


def within_limits(message) -> None:
    assert 0 < len(message.blocks) <= 50
    assert len(json.dumps(message.blocks, ensure_ascii=False)) + len(message.text) < 9_600
    for block in message.blocks:
        assert len(block["block_id"]) <= 255
        if block["type"] == "header":
            assert 0 < len(block["text"]["text"]) <= 150
        if block["type"] == "section":
            assert len(block.get("text", {}).get("text", "")) <= 3_000
            assert all(0 < len(f["text"]) <= 2_000 for f in block.get("fields", []))
        if block["type"] == "actions":
            assert all(len(b["text"]["text"]) <= 75 and len(b["action_id"]) <= 255 for b in block["elements"])


@pytest.mark.parametrize("evil", HOSTILE)
def test_hostile_text_anywhere_neither_pings_nor_links_nor_breaks_the_limits(evil):
    causes = tuple(Cause(kind, evil, 3, 4, 1, 90, 5.0) for kind in ("reason", "word", evil))
    shown = view(incident(Segment(evil, evil), reason=evil), quotes=(evil, evil), most_named=(evil, evil, evil))
    taken = replace(shown, incident=replace(shown.incident, acknowledged_by=evil, acknowledged_ms=T0))
    bad_case = case(customer=evil, reason=evil, tier=evil, claimed_by=evil, channel=evil, stage=evil)
    for message in (
        incident_message(taken, LOOK, 1),
        incident_message(replace(taken, causes=causes), LOOK, 1),
        case_message(CaseView(bad_case, parts(bad_case, T0, AlertSettings()), evil), LOOK, 1),
        note_message(evil, "note-1", None),
    ):
        within_limits(message)
        rest = outside_quotes(message)
        assert "<" not in rest
        assert ">" not in rest
        assert not any(ch in rest for ch in "\u202e\u202c\u2066\u2069\x00\x07\x1b\x1b")
        for block in texts(message.blocks, "rich_text"):
            (quote,) = block["elements"]
            assert quote["type"] == "rich_text_quote"
            assert [e["type"] for e in quote["elements"]] == ["text"]
            assert len(quote["elements"][0]["text"]) <= 300


def test_customers_words_are_in_quotes_only_and_never_in_the_notification():
    message = incident_message(view(incident()), LOOK, 1)
    assert "Zweimal" not in outside_quotes(message)
    quoted = [b["elements"][0]["elements"][0]["text"] for b in texts(message.blocks, "rich_text")]
    assert quoted == ["Zweimal abgebucht.", "Meine Nummer: [phone removed]"]


@given(st.text(max_size=600), st.integers(2, 200))
def test_safe_text_keeps_its_length_and_has_no_markup_left(text, length_max):
    line = safe(text, length_max)
    assert len(line) <= length_max
    assert "<" not in line
    assert ">" not in line
    assert not any(ord(ch) < 32 for ch in line)


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text, 100), 100) == clean(text, 100)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("mail me: jana.k+x@example.co.uk please", "mail me: [e-mail removed] please"),
        ("jana (at) example (dot) com", "[e-mail removed]"),
        ("ＪＡＮＡ＠example.com", "[e-mail removed]"),
        ("Tel. +49 (171) 234-56 78!", "Tel. [phone removed]!"),
        ("call ٠١٧١٢٣٤٥٦٧٨", "call [phone removed]"),
        ("card 4111 1111 1111 1111 was charged", "card [card number removed] was charged"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN [bank number removed]"),
        ("order 12345678901234567890 is lost", "order [number removed] is lost"),
        ("waited 45 minutes, paid 1.299,00 twice", "waited 45 minutes, paid 1.299,00 twice"),
        ("since 17.11.2026, and 2026-11-17 again", "since 17.11.2026, and 2026-11-17 again"),
    ],
)
def test_contact_data_is_masked(said, shown):
    assert mask(said) == shown


@pytest.mark.parametrize("unit", ["a@", "1 ", "a.", "DE11", "+(", "a@b."])
def test_masking_of_a_long_comment_stays_quick_enough_to_finish(unit):
    assert mask(unit * (4_000 // len(unit))) is not None


@pytest.mark.parametrize(
    ("length_ms", "said"),
    [(0, "0 min"), (24 * 60_000, "24 min"), (97 * 60_000, "1 h 37 min"), (3 * 86_400_000, "3 days")],
)
def test_durations_read_as_in_the_pictures(length_ms, said):
    assert duration(length_ms) == said


def test_a_note_that_comes_late_says_when_it_was_written():
    message = note_message("It is back.", "note-1", "Written 17:20, delivered 41 min late.")
    assert message.blocks[0]["text"]["text"].startswith("_Written 17:20, delivered 41 min late._\n")
