from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.decode import REPORTED_MAX, Decoder, encode, routing_key
from streams.events import Erasure, Feedback, Interaction, Profile, Refused
from streams.settings import MeasureSettings

NOW_MS = 1_772_366_400_000  # 2026-03-01T12:00:00Z
Make = Callable[..., dict[str, Any]]
Read = Callable[[object], Any]


def test_feedback_is_read(read: Read, feedback: Make) -> None:
    event = read(
        feedback(
            customer="c1", comment="too slow", reasons=["price", "wait"], revision=2, attributes={"app": "3.1", "n": 2}
        )
    )
    assert event == Feedback(
        id="e1",
        source="shop",
        time_ms=NOW_MS - 60_000,
        channel="web",
        stage="buy",
        customer="c1",
        attributes={"app": "3.1", "n": 2},
        metric="nps",
        score=3,
        comment="too slow",
        reasons=("price", "wait"),
        revision=2,
    )


def test_of_an_interaction_only_its_name_is_required(read: Read, feedback: Make) -> None:
    event = read(feedback(type="interaction", interaction="delivery", metric=..., score=...))
    assert isinstance(event, Interaction)
    assert (event.interaction, event.outcome, event.wait_seconds, event.promised_at_ms) == (
        "delivery",
        None,
        None,
        None,
    )


def test_an_interaction_carries_what_was_observed(read: Read, feedback: Make) -> None:
    event = read(
        feedback(
            metric=...,
            score=...,
            type="interaction",
            interaction="delivery",
            outcome="late",
            wait_seconds=12,
            duration_seconds=3.5,
            promised_at="2026-03-01T10:00:00Z",
            actual_at="2026-03-02T10:00:00+01:00",
            contact_id="k1",
            agent="a7",
        )
    )
    assert event.wait_seconds == 12
    assert event.duration_seconds == 3.5
    assert event.actual_at_ms - event.promised_at_ms == 23 * 3_600_000
    assert (event.contact_id, event.agent, event.outcome) == ("k1", "a7", "late")


def test_profile_and_erasure_need_a_customer_and_no_place(read: Read) -> None:
    base = {"id": "p1", "source": "crm", "time": "2026-03-01T11:00:00Z"}
    profile = read({**base, "type": "profile", "customer": "c1", "tier": "gold", "value": 120, "consent": True})
    assert isinstance(profile, Profile)
    assert (profile.channel, profile.stage, profile.tier, profile.value, profile.consent) == (
        "other",
        "other",
        "gold",
        120.0,
        True,
    )
    assert isinstance(read({**base, "type": "erasure", "customer": "c1"}), Erasure)
    assert read({**base, "type": "erasure"}).field == "customer"


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("name", ["customer", "comment", "survey", "attributes", "reasons", "revision"])
def test_null_and_empty_text_in_an_optional_field_are_the_same_as_leaving_it_out(
    read: Read, feedback: Make, name: str, nothing: object
) -> None:
    assert read(feedback(**{name: nothing})) == read(feedback())


@pytest.mark.parametrize("name", ["wait_seconds", "promised_at", "outcome", "contact_id"])
def test_empty_text_is_nothing_in_interactions_too(read: Read, feedback: Make, name: str) -> None:
    bare = feedback(type="interaction", interaction="call", metric=..., score=...)
    assert read({**bare, name: ""}) == read({**bare, name: None}) == read(bare)


def test_empty_attributes_are_left_out(read: Read, feedback: Make) -> None:
    assert read(feedback(attributes={"a": "", "b": None, "c": 0})).attributes == {"c": 0}
    assert read(feedback(attributes={"a": "", "c": 0})).attributes == {"c": 0}


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("2026-03-01T12:00:00Z", NOW_MS),
        ("2026-03-01T13:00:00+01:00", NOW_MS),
        ("2026-03-01T06:15:00-05:45", NOW_MS),
        ("2026-03-01T11:59:59.1239Z", NOW_MS - 1_000 + 123),
        ("1970-01-01T00:00:00Z", 0),
    ],
)
def test_times_take_any_offset_and_fraction(read: Read, feedback: Make, text: str, expected_ms: int) -> None:
    assert read(feedback(time=text)).time_ms == expected_ms


def test_up_to_five_minutes_ahead_is_taken_and_more_is_not(read: Read, feedback: Make) -> None:
    assert isinstance(read(feedback(time="2026-03-01T12:05:00Z")), Feedback)
    found = read(feedback(time="2026-03-01T12:05:00.001Z"))
    assert (found.field, "5 minutes" in found.rule) == ("time", True)


BAD: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("boolean score", {"score": True}, "score", "true", "whole number from 0 to 10 (NPS)"),
    ("fractional score", {"score": 4.5}, "score", "4.5", "whole number from 0 to 10 (NPS)"),
    ("float score", {"score": 5.0}, "score", "5.0", "whole number from 0 to 10 (NPS)"),
    ("text score", {"score": "4"}, "score", "4", "whole number from 0 to 10 (NPS)"),
    ("null score", {"score": None}, "score", "null", "must be given"),
    ("missing score", {"score": ...}, "score", "", "must be given: a whole number from 0 to 10"),
    ("off scale", {"score": 11}, "score", "11", "whole number from 0 to 10 (NPS)"),
    ("below the scale", {"metric": "csat", "score": 0}, "score", "0", "from 1 to 5 (CSAT)"),
    ("off a survey's scale", {"metric": "csat", "survey": "after_call", "score": 8}, "score", "8", "from 1 to 7"),
    ("off the old effort scale", {"metric": "ces", "survey": "effort_old", "score": 6}, "score", "6", "from 1 to 5"),
    ("huge score", {"score": 10**30}, "score", str(10**30), "whole number"),
    ("unknown metric", {"metric": "happiness"}, "metric", "happiness", "must be one of nps, csat"),
    ("unknown type", {"type": "tweet"}, "type", "tweet", "must be one of feedback, interaction, profile, erasure"),
    ("missing type", {"type": ...}, "type", "", "must be given"),
    ("type that is no text", {"type": 7}, "type", "7", "must be one of"),
    ("missing id", {"id": ...}, "id", "", "must be given: text of 1 to 256 characters"),
    ("empty id", {"id": ""}, "id", "", "must be given"),
    ("number as id", {"id": 12}, "id", "12", "text of 1 to 256"),
    ("oversized id", {"id": "x" * 257}, "id", "x" * 200, "text of 1 to 256"),
    ("oversized source", {"source": "x" * 65}, "source", "x" * 65, "text of 1 to 64"),
    ("oversized customer", {"customer": "x" * 129}, "customer", "x" * 129, "at most 128"),
    ("oversized comment", {"comment": "x" * 4001}, "comment", "x" * 200, "at most 4000"),
    ("missing channel", {"channel": ...}, "channel", "", "must be given"),
    ("oversized stage", {"stage": "s" * 65}, "stage", "s" * 65, "1 to 64"),
    ("date without time", {"time": "2026-03-01"}, "time", "2026-03-01", "--date-only"),
    ("no offset", {"time": "2026-03-01T11:00:00"}, "time", "2026-03-01T11:00:00", "--timezone"),
    ("time as a number", {"time": 1772366400}, "time", "1772366400", "RFC 3339"),
    ("no time at all", {"time": "yesterday"}, "time", "yesterday", "RFC 3339"),
    ("no such day", {"time": "2026-02-30T00:00:00Z"}, "time", "2026-02-30T00:00:00Z", "RFC 3339"),
    ("before computers", {"time": "0001-01-01T00:00:00+14:00"}, "time", "0001-01-01", "1970-01-01 or later"),
    ("in the future", {"time": "2026-03-01T13:00:00Z"}, "time", "2026-03-01T13:00", "in the future (it is 3600 s"),
    ("negative revision", {"revision": -1}, "revision", "-1", "from 0 to"),
    ("fractional revision", {"revision": 1.5}, "revision", "1.5", "whole number"),
    ("reasons as text", {"reasons": "price"}, "reasons", "price", "list of at most 32"),
    ("too many reasons", {"reasons": ["r"] * 33}, "reasons", '["r",', "list of at most 32"),
    ("too many attributes", {"attributes": {str(n): n for n in range(33)}}, "attributes", "33", "at most 32"),
    ("nested attribute", {"attributes": {"a": {"b": 1}}}, "attributes.a", '{"b":1}', "nothing nested"),
    ("listed attribute", {"attributes": {"a": [1]}}, "attributes.a", "[1]", "nothing nested"),
    ("long attribute", {"attributes": {"a": "x" * 1001}}, "attributes.a", "x" * 200, "at most 1000"),
    ("long attribute name", {"attributes": {"n" * 65: 1}}, "attributes", "n" * 65, "names of 1 to 64"),
    ("huge attribute", {"attributes": {"a": 2**70}}, "attributes.a", str(2**70), "within"),
    ("attributes as a list", {"attributes": [1]}, "attributes", "[1]", "must be an object"),
    ("control character", {"comment": "a\x00b"}, "comment", "a\x00b", "U+0000"),
    ("control character in a name", {"attributes": {"a\x00": 1}}, "attributes", "a\x00", "names"),
]


@pytest.mark.parametrize(("changes", "field", "value", "rule"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_input_is_refused_with_field_value_and_rule(
    read: Read, feedback: Make, changes: dict[str, Any], field: str, value: str, rule: str
) -> None:
    event = feedback(**changes)
    raw = b"{" + b",".join(msgspec.json.encode(k) + b":" + _json(v) for k, v in event.items()) + b"}"
    found = read(raw)
    assert isinstance(found, Refused)
    assert found.field == field
    assert found.value.startswith(value)
    assert len(found.value) <= 200
    assert rule in found.rule


def _json(value: Any) -> bytes:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value).encode()
    if isinstance(value, dict):
        return b"{" + b",".join(msgspec.json.encode(k) + b":" + _json(v) for k, v in value.items()) + b"}"
    return msgspec.json.encode(value)


INTERACTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"interaction": ...}, "interaction", "must be given"),
    ({"interaction": "x" * 65}, "interaction", "1 to 64"),
    ({"wait_seconds": -1}, "wait_seconds", "seconds from 0"),
    ({"duration_seconds": "12"}, "duration_seconds", "seconds from 0"),
    ({"promised_at": "2026-03-01"}, "promised_at", "RFC 3339"),
    ({"actual_at": "0001-01-01T00:00:00Z"}, "actual_at", "1970-01-01 or later"),
    ({"contact_id": "x" * 129}, "contact_id", "at most 128"),
]


@pytest.mark.parametrize(("changes", "field", "rule"), INTERACTIONS)
def test_bad_interactions_are_refused(
    read: Read, feedback: Make, changes: dict[str, Any], field: str, rule: str
) -> None:
    found = read(feedback(**{"type": "interaction", "interaction": "call", "metric": ..., "score": ..., **changes}))
    assert isinstance(found, Refused)
    assert found.field == field
    assert rule in found.rule


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"", "valid JSON"),
        (b"hello", "valid JSON"),
        (b'{"id":"e1"', "valid JSON"),
        (b'{"id":"e1","score":NaN}', "valid JSON"),
        (b"[]", "JSON object"),
        (b"7", "JSON object"),
        (b"null", "JSON object"),
        (b'{"a":' + b"[" * 100_000, "nested"),
        (b'{"type":"feedback","a":"' + b"x" * 300_000 + b'"}', "smaller than 256 KiB"),
        (b"\xff\xfe", "valid JSON"),
    ],
)
def test_what_is_no_event_at_all_says_so(read: Read, raw: bytes, rule: str) -> None:
    found = read(raw)
    assert found.field == "event"
    assert rule in found.rule
    assert len(found.value) <= 200


def _with_bytes(feedback: Make, name: str, value: bytes) -> bytes:
    body = msgspec.json.encode(feedback(**{name: "MARK"}))
    return body.replace(b"MARK", value)


@pytest.mark.parametrize("name", ["comment", "id", "customer"])
def test_invalid_utf_8_in_a_field_we_read_is_refused_by_name(read: Read, feedback: Make, name: str) -> None:
    found = read(_with_bytes(feedback, name, b"caf\xe9"))
    assert (found.field, found.rule) == (name, "must be valid UTF-8")


def test_half_a_surrogate_pair_is_refused(read: Read, feedback: Make) -> None:
    found = read(_with_bytes(feedback, "comment", b"\\ud83d!"))
    assert isinstance(found, Refused)


def test_invalid_utf_8_in_a_field_nobody_reads_does_no_harm(read: Read, feedback: Make) -> None:
    assert read(_with_bytes(feedback, "extra", b"caf\xe9")) == read(feedback())


def test_unknown_fields_are_ignored_and_each_is_reported_once(read: Read, feedback: Make, reported: list[str]) -> None:
    assert read(feedback(nps_class="x", weather="rain")) == read(feedback())
    read(feedback(weather="sun"))
    read(feedback(weather="sun", customer=""))
    assert sorted(reported) == [
        "field 'nps_class' is not known: ignored",
        "field 'weather' is not known: ignored",
    ]


def test_unknown_channels_and_stages_count_as_other_and_are_reported_once(
    read: Read, feedback: Make, reported: list[str]
) -> None:
    first, second = read(feedback(channel="kiosk", stage="dream")), read(feedback(channel="kiosk"))
    assert (first.channel, first.stage, second.channel, second.stage) == ("other", "other", "other", "buy")
    assert reported == [
        "channel 'kiosk' is not in the settings: counted as other",
        "stage 'dream' is not in the settings: counted as other",
    ]


def test_the_memory_of_reported_names_is_bounded(read: Read, feedback: Make, reported: list[str]) -> None:
    for number in range(REPORTED_MAX + 50):
        read(feedback(channel=f"c{number}"))
    assert len(reported) == REPORTED_MAX


def test_a_survey_nobody_configured_is_asked_on_the_metrics_own_scale(read: Read, feedback: Make) -> None:
    assert read(feedback(survey="new", score=10)).survey == "new"
    assert read(feedback(survey="new", score=11)).field == "score"


def test_a_survey_without_such_a_scale_names_itself(feedback: Make) -> None:
    from streams.settings import Survey

    odd = Decoder(MeasureSettings(surveys={"odd": Survey(scale="1-3")}), lambda _: None)
    found = odd.decode(msgspec.json.encode(feedback(metric="stars", survey="odd", score=2)), NOW_MS)
    assert isinstance(found, Refused)
    assert found.field == "survey"


def test_events_are_partitioned_by_customer_and_without_one_by_id(read: Read, feedback: Make) -> None:
    assert routing_key(read(feedback(customer="c1"))) == b"c1"
    assert routing_key(read(feedback())) == b"e1"


def test_canonical_json_holds_what_is_there_and_nothing_else(read: Read, feedback: Make) -> None:
    event = read(feedback(time="2026-03-01T12:00:00.5+01:00", comment="", extra=1))
    assert msgspec.json.decode(encode(event)) == feedback(time="2026-03-01T11:00:00.500000Z")


class TestTables:
    """Rows of a table say the same things in text."""

    @pytest.mark.parametrize(("text", "score"), [("5", 5), ("5.0", 5), (" 5 ", 5), ("5.", 5)])
    def test_whole_numbers_may_be_written_with_a_fraction(
        self, decoder: Decoder, feedback: Make, text: str, score: int
    ) -> None:
        assert decoder.decode_mapping(feedback(score=text), NOW_MS).score == score  # type: ignore[union-attr]  # not refused

    @pytest.mark.parametrize("text", ["4.5", "nan", "inf", "five", "5,0", "1e400", "٥", "true", "11", "-1"])
    def test_other_scores_are_refused(self, decoder: Decoder, feedback: Make, text: str) -> None:
        found = decoder.decode_mapping(feedback(score=text), NOW_MS)
        assert isinstance(found, Refused)
        assert (found.field, found.value) == ("score", text)
        assert "whole number from 0 to 10" in found.rule

    def test_a_float_that_is_not_a_number_is_refused(self, decoder: Decoder, feedback: Make) -> None:
        found = decoder.decode_mapping(feedback(score=float("nan")), NOW_MS)
        assert isinstance(found, Refused)
        assert (found.field, found.value) == ("score", "nan")

    def test_lists_objects_and_attributes_have_their_text(self, decoder: Decoder, feedback: Make) -> None:
        event = decoder.decode_mapping(
            feedback(reasons="price; wait|price", **{"attributes.app": "3.1", "attributes.os": ""}), NOW_MS
        )
        assert isinstance(event, Feedback)
        assert event.reasons == ("price", "wait", "price")
        assert event.attributes == {"app": "3.1"}

    def test_bytes_that_were_not_utf_8_are_refused_where_they_are_read_only(
        self, decoder: Decoder, feedback: Make
    ) -> None:
        broken = b"caf\xe9".decode("utf-8", "surrogateescape")
        found = decoder.decode_mapping(feedback(comment=broken), NOW_MS)
        assert isinstance(found, Refused)
        assert (found.field, found.rule) == ("comment", "must be valid UTF-8")
        found.value.encode()
        assert isinstance(decoder.decode_mapping(feedback(unread=broken), NOW_MS), Feedback)
