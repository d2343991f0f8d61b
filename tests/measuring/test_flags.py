from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customers import CustomerState, Touch
from streams.records import Flag
from tests.support.touches import DAY, HOUR, T0, answer, fed, interaction, plain_thirds, revised


def flags(*touches: Touch) -> list[Flag]:
    state = CustomerState.new("c1")
    return [flag for touch in touches for flag in state.apply(touch, 2).flags]


def test_one_bad_event_at_a_moment_of_truth_flags_at_once_whatever_was_before():
    happy = [interaction(n, T0 + n, 5) for n in range(30)]
    found = flags(*happy, interaction(99, T0 + 50, -5, moment_of_truth=True))
    assert [(f.kind, f.customer, f.partition, f.event_source, f.event_id, f.severity) for f in found] == [
        ("moment_of_truth", "c1", 2, "shop", "i99", 50)
    ]
    assert found[0].reason == "bad checkout (web · buy) at a moment of truth"


def test_a_good_event_at_a_moment_of_truth_flags_nobody():
    assert flags(interaction(1, T0, 5, moment_of_truth=True), answer(2, T0, 10, moment_of_truth=True)) == []


def test_a_bad_answer_with_words_is_flagged_and_one_without_is_not():
    found = flags(answer(1, T0, 0), answer(2, T0, 2, has_comment=True), answer(3, T0, 10, has_comment=True))
    assert [(f.kind, f.event_id, f.reason) for f in found] == [
        ("detractor_comment", "f2", "NPS 2 (web · buy) with a comment")
    ]


def test_a_late_comment_flags_when_its_revision_comes():
    first = answer(1, T0, 2)
    state = CustomerState.new("c1")
    assert state.apply(first, 2).flags == []
    assert state.retract(first, 2).flags == []
    assert [f.kind for f in state.apply(revised(first, 2, has_comment=True), 2).flags] == ["detractor_comment"]


@pytest.mark.parametrize(
    ("touch", "reason"),
    [
        (answer(1, T0, 1, name="csat"), "CSAT 1 of 5"),
        (answer(1, T0, 2, name="csat_1_7"), "CSAT 2 of 7"),
        (answer(1, T0, 5, name="ces1", bad=True), "CES 5 of 5"),
        (answer(1, T0, 1, name="stars"), "1 of 5 stars"),
        (answer(1, T0, 0, name="thumbs"), "thumbs down"),
    ],
)
def test_the_reason_says_the_score_in_plain_words(touch: Touch, reason: str):
    state = CustomerState.new("c1")
    worded = Touch(**{f: getattr(touch, f) for f in touch.__struct_fields__} | {"has_comment": True})
    assert [f.reason for f in state.apply(worded, 2).flags] == [f"{reason} (web · buy) with a comment"]


def test_the_worse_the_score_the_more_severe_within_0_to_50():
    for name, scores in (("nps", range(6, -1, -1)), ("ces1", range(4, 6)), ("csat", (2, 1)), ("thumbs", (0,))):
        found = [flags(answer(1, T0, s, name=name, bad=True, has_comment=True, moment_of_truth=True)) for s in scores]
        for both in found:
            assert [f.kind for f in both] == ["moment_of_truth", "detractor_comment"]
        severities = [[f.severity for f in both] for both in found]
        assert severities == sorted(severities)
        assert severities[-1] == [50, 40]


def test_the_third_contact_within_seven_days_for_one_contact_id_is_flagged_once():
    contacts = [interaction(n, T0 + n * DAY, 1, contact_id="k1", name=f"step{n}") for n in range(6)]
    found = flags(*contacts)
    assert [(f.kind, f.event_id) for f in found] == [("third_contact", "i2")]
    assert found[0].reason == "third contact about one contact within 7 days: step2 (web · buy)"


def test_without_a_contact_id_the_same_interaction_and_stage_is_one_cause():
    calls = [interaction(n, T0 + n * HOUR, None, name="call", stage="support") for n in range(3)]
    elsewhere = [interaction(8, T0, None, name="call", stage="buy"), interaction(9, T0, None, name="chat")]
    assert [f.event_id for f in flags(*elsewhere, *calls)] == ["i2"]


def test_successes_are_not_contacts_for_a_cause():
    assert flags(*(interaction(n, T0 + n * HOUR, 2, name="parcel") for n in range(5))) == []


def test_three_contacts_over_exactly_seven_days_are_not_within_them():
    assert flags(*(interaction(n, T0 + at, None) for n, at in enumerate((0, DAY, 7 * DAY)))) == []
    assert len(flags(*(interaction(n, T0 + at, None) for n, at in enumerate((0, DAY, 7 * DAY - 1000))))) == 1


@given(steps=st.lists(st.tuples(st.integers(0, 5 * 24), st.sampled_from(["k1", "k2", None])), min_size=1, max_size=25))
@settings(max_examples=80, deadline=None)
def test_in_order_every_new_run_of_three_is_flagged_and_no_other(steps: list[tuple[int, str | None]]):
    touches, now = [], T0
    for number, (gap, contact) in enumerate(steps):
        now += gap * HOUR
        touches.append(interaction(number, now, None, contact_id=contact))
    assert len(flags(*touches)) == plain_thirds(touches)


@given(order=st.permutations(range(3)), others=st.lists(st.integers(20, 26), max_size=4))
def test_three_contacts_are_flagged_in_whatever_order_they_arrive(order: list[int], others: list[int]):
    touches = [interaction(n, T0 + n * DAY, None, contact_id="k1") for n in order]
    noise = [interaction(50 + n, T0 + at * HOUR, 1, name="visit") for n, at in enumerate(others)]
    _, _, found = fed([*touches[:2], *noise, touches[2]])
    assert [kind for kind, _ in found] == ["third_contact"]


def test_a_flag_has_the_same_id_however_often_its_event_is_measured_and_another_for_another_customer():
    touch = interaction(1, T0, -1, moment_of_truth=True)
    one, again = flags(touch), flags(interaction(0, T0 - 5), touch)
    assert one[0].flag_id == again[0].flag_id
    other = CustomerState.new("c2").apply(touch, 2).flags
    assert other[0].flag_id != one[0].flag_id
    comment = flags(answer(1, T0, 0, source="shop", id="i1", has_comment=True))
    assert comment[0].flag_id != one[0].flag_id


def test_no_reason_is_longer_than_a_line_however_long_the_names():
    found = flags(interaction(1, T0, -1, moment_of_truth=True, name="x" * 5000))
    assert len(found[0].reason) < 200


def test_of_many_causes_the_one_least_lately_met_is_forgotten():
    calls = [interaction(n, T0 + n * HOUR, None, name=f"call{n}") for n in range(9)]
    again = [interaction(20 + n, T0 + 10 * HOUR + n, None, name="call0") for n in range(2)]
    assert flags(*calls, *again) == []  # call0 had gone when it came back
    assert [f.event_id for f in flags(*calls[:8], *again)] == ["i21"]


def test_contacts_of_two_weeks_ago_are_forgotten():
    old = [interaction(n, T0 + n, None) for n in range(2)]
    late = [interaction(9, T0 + 20 * DAY, 1), interaction(8, T0 + 2, None)]
    assert flags(*old, *late) == []
