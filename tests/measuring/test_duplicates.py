from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.duplicates import SeenHashes, event_hash

HOUR = 3_600_000


def plain(adds: list[tuple[int, int]], hours: int, most: int) -> list[bool]:
    """First in, first out, by a list."""
    kept: list[tuple[int, int]] = []
    answers = []
    now = 0
    for event, append_ms in adds:
        now = max(now, append_ms // HOUR)
        kept = [(e, hour) for e, hour in kept if hour >= now - hours]
        new = event not in [e for e, _ in kept]
        answers.append(new)
        if new:
            kept = [*kept, (event, now)][-most:]
    return answers


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[int, int]]:
    now, adds = 0, []
    for _ in range(draw(st.integers(0, 60))):
        now += draw(st.sampled_from([0, 1, HOUR // 3, HOUR, 3 * HOUR]))
        adds.append((draw(st.integers(0, 9)), now))
    return adds


@given(adds=streams(), hours=st.integers(0, 4), most=st.integers(1, 6), data=st.data())
@settings(max_examples=200, deadline=None)
def test_duplicates_are_those_of_a_plain_list_however_batched_and_restarted(adds, hours, most, data):
    seen, stored, answers = SeenHashes(hours, most), [], []
    for event, append_ms in adds:
        answers.append(seen.add(event, append_ms))
        what = data.draw(st.sampled_from(["go on", "commit", "restart"]))
        if what != "go on":
            stored += seen.take_new()
            oldest = seen.oldest_bucket
            stored = [row for row in stored if oldest is None or row[0] >= oldest]
        if what == "restart":
            seen = SeenHashes(hours, most)
            seen.load(stored)
        assert len(seen) <= most
    assert answers == plain(adds, hours, most)


def test_a_hash_is_the_same_on_every_machine_and_knows_source_from_id():
    assert event_hash("shop", "e1") == 2353070108517205995
    assert event_hash("shop", "e1") != event_hash("shope", "1")
    assert event_hash("1:a", "b") != event_hash("1", ":ab")
    assert 0 <= event_hash("ärger", "\U0001f600" * 256) < 2**64


def test_nothing_new_is_nothing_to_store():
    seen = SeenHashes(48, 10)
    assert seen.add(1, 5 * HOUR)
    assert seen.take_new() == [(5, (1).to_bytes(8, "little"))]
    assert not seen.add(1, 6 * HOUR)
    assert seen.take_new() == []
