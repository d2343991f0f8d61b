"""What must hold for any input at all."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from streams.decode import Decoder, encode, routing_key
from streams.events import Event, Refused
from streams.explain import explain
from streams.settings import MeasureSettings

NOW_MS = 1_772_366_400_000
DECODER = Decoder(MeasureSettings(), lambda _: None)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc\x00é", max_size=5), inner, max_size=4),
    max_leaves=8,
)
names = [
    "id", "source", "time", "type", "channel", "stage", "customer", "attributes", "metric", "score", "survey",
    "comment", "reasons", "revision", "interaction", "outcome", "wait_seconds", "promised_at", "tier", "value",
    "consent", "extra",
]  # fmt: skip
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
times = st.integers(0, NOW_MS).map(lambda ms: msgspec.json.decode(encode_time(ms)))


def encode_time(ms: int) -> bytes:
    from datetime import UTC, datetime, timedelta

    return msgspec.json.encode(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))


def valid(**own: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    clean = text.filter(lambda t: "\x00" not in t)
    return st.fixed_dictionaries(
        {"id": clean, "source": clean, "time": times, "channel": st.sampled_from(["web", "app", "kiosk"]),
         "stage": st.sampled_from(["buy", "use", "dream"]), **own},
        optional={
            "customer": clean | st.none() | st.just(""),
            "attributes": st.dictionaries(
                clean, clean | st.booleans() | st.integers(-1000, 1000) | st.floats(-1e9, 1e9), max_size=4),
            "comment": clean | st.just(""),
        },
    )  # fmt: skip


feedbacks = valid(
    type=st.just("feedback"), metric=st.just("nps"), score=st.integers(0, 10), revision=st.integers(0, 9),
    reasons=st.lists(st.sampled_from(["price", "wait"]), max_size=3),
)  # fmt: skip
interactions = valid(
    type=st.just("interaction"), interaction=st.sampled_from(["call", "order"]), promised_at=times | st.none(),
    wait_seconds=st.floats(0, 1e6) | st.none(),
)  # fmt: skip


@given(st.binary(max_size=300))
def test_any_bytes_end_as_an_event_or_a_refusal(raw: bytes) -> None:
    _check(DECODER.decode(raw, NOW_MS))


@given(st.dictionaries(st.sampled_from(names), json_values | text, max_size=12))
def test_any_json_object_ends_as_an_event_or_a_refusal(fields: dict[str, Any]) -> None:
    _check(DECODER.decode(msgspec.json.encode(fields), NOW_MS))
    _check(DECODER.decode_mapping(fields, NOW_MS))


@given(feedbacks, st.sampled_from(names), json_values, st.integers(0, 400), st.binary(max_size=3))
def test_a_good_event_with_one_part_broken_ends_as_an_event_or_a_refusal(
    fields: dict[str, Any], name: str, value: Any, at: int, noise: bytes
) -> None:
    raw = msgspec.json.encode({**fields, name: value})
    _check(DECODER.decode(raw, NOW_MS))
    _check(DECODER.decode(raw[:at] + noise + raw[at:], NOW_MS))


def piece(raw: bytes, other: bytes, at: int, how: str) -> bytes:
    """A record, or what a broken producer may make of one."""
    broken = {"cut": raw[:at], "rest": raw[at:], "two": raw + b" " + other, "line": raw.replace(b",", b",\n")}
    broken |= {"list": b"[" + raw + b"," + other + b"]", "blank": b" ", "padded": b" " + raw + b"\n"}
    return broken.get(how, raw)


hows = st.sampled_from(["whole", "whole", "whole", "cut", "rest", "two", "list", "blank", "padded", "line"])
events = feedbacks | interactions


@given(st.lists(st.tuples(events, events, st.integers(0, 400), hows), min_size=1, max_size=6))
def test_read_all_at_once_they_end_as_they_do_one_by_one(parts: list[tuple[dict[str, Any], Any, int, str]]) -> None:
    raws = [piece(msgspec.json.encode(one), msgspec.json.encode(two), at, how) for one, two, at, how in parts]
    times_ms = [NOW_MS + number for number in range(len(raws))]
    assert DECODER.decode_all(raws, times_ms) == list(map(DECODER.decode, raws, times_ms))


@given(events, st.integers(1, 400))
def test_two_records_of_one_event_and_one_of_two_are_no_three_events(one: dict[str, Any], at: int) -> None:
    raw = msgspec.json.encode(one)
    raws = [raw[:at], raw[at:], raw + b"\n" + raw]
    assert DECODER.decode_all(raws, [NOW_MS] * 3) == [DECODER.decode(each, NOW_MS) for each in raws]


@given(st.dictionaries(st.sampled_from(names) | st.text(max_size=3), st.text() | st.floats() | st.binary(), max_size=8))
def test_any_row_ends_as_an_event_or_a_refusal(row: dict[str, Any]) -> None:
    _check(DECODER.decode_mapping(row, NOW_MS))


@given(feedbacks | interactions)
def test_what_is_written_is_read_again_as_the_same_event(fields: dict[str, Any]) -> None:
    event = DECODER.decode(msgspec.json.encode(fields), NOW_MS)
    assert not isinstance(event, Refused)
    assert DECODER.decode(encode(event), NOW_MS) == event
    assert encode(DECODER.decode(encode(event), NOW_MS)) == encode(event)  # type: ignore[arg-type]  # an event, see above


@given(feedbacks | interactions)
def test_the_path_that_explains_reads_good_events_alike(fields: dict[str, Any]) -> None:
    raw = msgspec.json.encode(fields)
    cleaned = explain(raw, lambda _: None)
    assert isinstance(cleaned, bytes)
    assert DECODER.decode(cleaned, NOW_MS) == DECODER.decode(raw, NOW_MS)


@given(feedbacks | interactions)
def test_a_row_of_text_means_the_same_as_json(fields: dict[str, Any]) -> None:
    flat = {name: value for name, value in fields.items() if name not in ("attributes", "reasons")}
    cells = {name: "" if value is None else str(value) for name, value in flat.items()}
    if "reasons" in fields:
        cells["reasons"] = ";".join(fields["reasons"])
        flat["reasons"] = fields["reasons"]
    over_http = DECODER.decode(msgspec.json.encode(flat), NOW_MS)
    assert DECODER.decode_mapping(cells, NOW_MS) == over_http


def _check(found: Event | Refused) -> None:
    if isinstance(found, Refused):
        assert found.field
        assert found.rule
        assert len(found.value) <= 200
        found.value.encode()
        return
    assert routing_key(found)
    encode(found)
    assert 0 <= found.time_ms <= NOW_MS + 300_000
    for value in found.attributes.values():
        assert not isinstance(value, float) or math.isfinite(value)
