"""A customer's state is the same in whatever order the events arrive, and says what a plain recompute says."""

from __future__ import annotations

import time
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.customers import CustomerState, Facts
from streams.touch import Touch
from tests.support.touches import (
    DAY,
    HOUR,
    T0,
    answer,
    fed,
    interaction,
    plain_firsts,
    plain_grades,
    plain_recent,
    plain_scores,
    plain_silent_due,
    revised,
)

CHANNELS, STAGES = st.sampled_from(["web", "app"]), st.sampled_from(["buy", "use", "ärger"])
MOMENTS = st.one_of(
    st.integers(0, 3).map(lambda n: T0 + n),  # ties, and nearly
    st.integers(0, 27 * 24 * 2).map(lambda n: T0 + n * HOUR // 2),
    st.sampled_from([T0 + DAY - 1, T0 + DAY, T0 + DAY + 1, T0 + 7 * DAY]),
)


@st.composite
def a_touch(draw: st.DrawFn, number: int, moments: st.SearchStrategy[int] = MOMENTS) -> Touch:
    place = {"channel": draw(CHANNELS), "stage": draw(STAGES), "live": draw(st.booleans())}
    source = draw(st.sampled_from(["a", "ab", "b"]))
    when = draw(moments)
    if draw(st.booleans()):
        name, kind = draw(st.sampled_from(["nps", "stars"])), draw(st.sampled_from(["hot", "cold"]))
        score = draw(st.integers(1, 5))
        bad = score <= (6 if name == "nps" else 2)
        return answer(number, when, score, name=name, survey_kind=kind, source=source, bad=bad, **place)
    return interaction(
        number,
        when,
        draw(st.sampled_from([None, -3, -1, 0, 2])),
        name=draw(st.sampled_from(["call", "visit"])),
        contact_id=draw(st.sampled_from([None, None, "k1", "k2"])),
        outcome=draw(st.sampled_from([None, "solved", "transferred"])),
        minutes=draw(st.sampled_from([None, 0.5, 12.25])),
        source=source,
        **place,
    )


@st.composite
def histories(draw: st.DrawFn, most: int = 20) -> list[Touch]:
    return [draw(a_touch(number)) for number in range(draw(st.integers(1, most)))]


@given(touches=histories(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_order_of_arrival_gives_the_same_state_and_the_same_firsts(touches: list[Touch], data: st.DataObject):
    shuffled = data.draw(st.permutations(touches))
    one, firsts, _ = fed(touches)
    other, firsts_shuffled, _ = fed(shuffled)
    assert one.encode() == other.encode()
    assert firsts == firsts_shuffled == plain_firsts(touches)


@given(touches=histories(most=19))
@settings(max_examples=100, deadline=None)
def test_the_state_says_what_a_plain_recompute_says(touches: list[Touch]):
    state, _, _ = fed(touches)
    assert state.touches == len(touches)
    assert state.last_ms == max(t.time_ms for t in touches)
    assert [
        (e.time_ms, e.channel, e.stage, e.kind, e.name, e.value, e.bad, e.outcome) for e in state.events()
    ] == plain_recent(touches)
    grades = plain_grades(touches)
    for day in {t.time_ms // DAY for t in touches}:
        assert state.grade_sums(day, day + 1) == {stage: total for (stage, on), total in grades.items() if on == day}
    assert {key: state.last_score(*key) for key in plain_scores(touches)} == plain_scores(touches)
    assert state.silent_due_ms == plain_silent_due(touches)


@given(touches=histories(most=14), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_revision_leaves_what_would_be_if_the_first_reading_had_never_come(touches: list[Touch], data: st.DataObject):
    old = answer(999, data.draw(MOMENTS), data.draw(st.integers(0, 10)), channel=data.draw(CHANNELS))
    new = revised(old, data.draw(st.integers(0, 10)), has_comment=True)
    at = data.draw(st.integers(0, len(touches)))
    later = data.draw(st.integers(at, len(touches)))
    state, firsts, _ = fed([*touches[:at], old, *touches[at:later]])
    for change in state.retract(old, 3).firsts:
        firsts[change.key, change.live] += change.sign
    for touch in [new, *touches[later:]]:
        for change in state.apply(touch, 3).firsts:
            firsts[change.key, change.live] += change.sign
    never, expected, _ = fed([*touches, new])
    assert state.encode() == never.encode()
    assert +firsts == expected
    assert all(count >= 0 for count in firsts.values())


@given(gaps=st.lists(st.integers(2, 24 * 45), min_size=1, max_size=60), data=st.data())
@settings(max_examples=40, deadline=None)
def test_over_a_long_life_what_is_kept_does_not_depend_on_small_delays(gaps: list[int], data: st.DataObject):
    touches, now = [], T0
    for number, gap in enumerate(gaps):
        now += gap * HOUR
        touches.append(data.draw(a_touch(number, st.just(now))))
        twin = data.draw(st.sampled_from([None, 0, 30_000]))
        if twin is not None:
            touches.append(data.draw(a_touch(1000 + number, st.just(now + twin))))
    late = sorted(touches, key=lambda t: t.time_ms + data.draw(st.sampled_from([0, 60_000])))
    state, firsts, _ = fed(sorted(touches, key=lambda t: t.time_ms))
    delayed, firsts_delayed, _ = fed(late)
    assert state.encode() == delayed.encode()
    assert firsts == firsts_delayed == plain_firsts(touches)
    assert len(state.encode()) < 4_000
    today = touches[-1].time_ms // DAY
    sums: dict[str, int] = {}
    for (stage, _), total in plain_grades(touches).items():
        sums[stage] = sums.get(stage, 0) + total
    assert state.grade_sums(today - 40, today + 2) == sums


def test_one_customer_counts_as_first_in_every_place_they_are_unhappy_in():
    places = [("web", "buy"), ("app", "buy"), ("web", "use")]
    touches = [interaction(n, T0 + n, -1, channel=c, stage=s) for n, (c, s) in enumerate(places * 3)]
    _, firsts, _ = fed(touches)
    assert {(key.channel, key.stage): count for (key, _), count in firsts.items()} == dict.fromkeys(places, 1)


def test_ten_complaints_in_a_day_are_one_unhappy_customer_and_one_a_day_later_is_another():
    spell = [interaction(n, T0 + n * HOUR, -1) for n in range(10)]
    _, firsts, _ = fed(spell)
    assert sum(firsts.values()) == 1
    _, firsts, _ = fed([*spell, interaction(10, T0 + 9 * HOUR + DAY, -1)])
    assert sum(firsts.values()) == 2
    _, firsts, _ = fed([*spell, interaction(10, T0 + 9 * HOUR + DAY - 1, -1)])
    assert sum(firsts.values()) == 1


def test_more_bad_touches_than_are_kept_never_count_a_place_below_zero_or_twice():
    touches = [interaction(n, T0 + n * 60_000, -1) for n in range(60)]
    for order in (touches, touches[::-1], touches[::2] + touches[1::2]):
        _, firsts, _ = fed(order)
        assert sum(firsts.values()) == 1


def test_history_counts_in_sums_and_opens_nothing():
    touches = [interaction(n, T0 + n, -5, live=False, moment_of_truth=True, contact_id="k1") for n in range(5)] + [
        answer(9, T0 - 1, 0, live=False, has_comment=True)
    ]
    state, firsts, flags = fed(touches)
    assert flags == set()
    assert state.silent_due_ms is None
    assert state.grade_sums(T0 // DAY, T0 // DAY + 1) == {"buy": -25}
    assert all(live is False for _, live in firsts)
    assert state.touches == 6


def test_silence_is_due_48_hours_after_the_last_bad_interaction_until_an_answer_comes():
    state, _, _ = fed([interaction(1, T0, -2), interaction(2, T0 + HOUR, -2), interaction(3, T0 + 2 * HOUR, 2)])
    assert state.silent_due_ms == T0 + HOUR + 48 * HOUR
    flag = state.silent_flag(3)
    assert flag is not None
    assert (flag.kind, flag.event_id, flag.channel, flag.partition) == ("silent_unhappy", "i2", "web", 3)
    state.apply(answer(4, T0 + HOUR - 1), 3)
    assert state.silent_due_ms == T0 + HOUR + 48 * HOUR
    state.apply(answer(5, T0 + HOUR), 3)
    assert state.silent_due_ms is None
    assert state.silent_flag(3) is None
    state.apply(interaction(6, T0 + 5 * HOUR, -1), 3)
    assert state.silent_due_ms == T0 + 53 * HOUR


def test_bad_answers_and_ungraded_interactions_are_not_silence():
    state, _, _ = fed([answer(1, T0, 0), interaction(2, T0 + 1, None)])
    assert state.silent_due_ms is None


def test_somebody_we_never_met_has_an_empty_state_that_survives_storage():
    state = CustomerState.decode(CustomerState.new("c1").encode())
    assert (state.customer, state.touches, state.events(), state.facts()) == ("c1", 0, [], Facts())
    assert state.journey() is None
    assert state.worst(T0) is None
    assert state.silent_due_ms is None
    assert state.grade_sums(0, 10**6) == {}
    assert (state.effort().contacts, state.effort().minutes) == (0, 0)


def test_two_new_customers_share_nothing():
    one, other = CustomerState.new("c1"), CustomerState.new("c2")
    one.apply(interaction(1, T0, -1), 0)
    assert other.encode() == CustomerState.new("c2").encode()


def test_the_machines_time_zone_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    touches = [interaction(n, T0 + n * 7 * HOUR, -1) for n in range(12)]
    states = []
    for zone in ("UTC", "Pacific/Kiritimati", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        states.append(fed(touches)[0].encode())
    monkeypatch.undo()
    time.tzset()
    assert len(set(states)) == 1


def test_times_before_1970_and_long_keys_are_no_trouble():
    ancient = [interaction(n, -(10**12) - n, -1, id="\U0001f600" * 256, source="x" * 64) for n in range(1)]
    state, firsts, _ = fed([*ancient, answer(2, -(10**12) + 5, 3)])
    assert sum(firsts.values()) == 2  # a first interaction and a first answer
    assert state.last_ms == -(10**12) + 5
    assert state.silent_due_ms is None


def test_the_worst_experience_fades_by_half_in_a_week():
    state, _, _ = fed([interaction(1, T0, -5), interaction(2, T0 + 6 * DAY, -1), answer(3, T0 + 6 * DAY + 1, 10)])
    now = T0 + 6 * DAY
    worst = state.worst(now)
    assert worst is not None
    assert (worst.touch.id, worst.touch.weight) == ("i1", 40)
    assert worst.risk == pytest.approx(40 * 0.5 ** (6 / 7))
    state.apply(interaction(4, now, -4), 3)
    worst = state.worst(now)
    assert worst is not None
    assert worst.touch.id == "i4"


def profile(number: int, time_ms: int, **facts: object) -> SimpleNamespace:
    fields = {"tier": None, "value": None, "owner": None, "locale": None, "consent": None}
    return SimpleNamespace(time_ms=time_ms, source="crm", id=f"p{number}", **{**fields, **facts})


FACTS = st.fixed_dictionaries(
    {"tier": st.sampled_from([None, "gold", "blue"]), "value": st.sampled_from([None, 0.0, 12.5])}
)


@given(told=st.lists(st.tuples(st.integers(0, 3), FACTS), max_size=6), data=st.data())
@settings(max_examples=60, deadline=None)
def test_each_crm_fact_is_the_one_told_last_in_whatever_order(
    told: list[tuple[int, dict[str, object]]], data: st.DataObject
):
    events = [profile(n, T0 + at, **facts) for n, (at, facts) in enumerate(told)]
    one, other = CustomerState.new("c1"), CustomerState.new("c1")
    for event in events:
        one.set_profile(event)
    for event in data.draw(st.permutations(events)):
        other.set_profile(event)
    assert one.encode() == other.encode()
    for fact in ("tier", "value"):
        said = [
            getattr(e, fact) for e in sorted(events, key=lambda e: (e.time_ms, e.id)) if getattr(e, fact) is not None
        ]
        assert getattr(one.facts(), fact) == (said[-1] if said else None)


def test_a_forgotten_customer_keeps_only_when_and_where_something_was_bad():
    bad = interaction(1, T0, -2, moment_of_truth=True)
    state, _, _ = fed([bad, answer(2, T0 - HOUR, 1, has_comment=True)])
    state.set_profile(profile(1, T0, tier="gold"))
    gone = CustomerState.decode(state.anonymous("tok").encode())
    assert (gone.customer, gone.events(), gone.facts(), gone.journey()) == ("tok", [], Facts(), None)
    assert gone.silent_due_ms is None
    assert b"gold" not in gone.encode()
    applied = gone.apply(interaction(3, T0 + 1, -2, moment_of_truth=True), 3)
    assert not applied.flags
    assert not applied.firsts  # the same spell as before, still one unhappy customer
    gone.set_profile(profile(2, T0, tier="gold"))
    assert gone.facts() == Facts()


def test_an_interaction_cannot_be_revised():
    state, _, _ = fed([interaction(1, T0)])
    with pytest.raises(ValueError, match="only answers have revisions"):
        state.retract(interaction(1, T0), 3)


def test_what_is_older_than_30_days_counts_as_first_unless_its_spell_is_known():
    newest = interaction(1, T0 + 40 * DAY, -1)
    _, firsts, _ = fed([newest, interaction(2, T0, -1), interaction(3, T0 + 5 * DAY, -1)])
    assert sum(firsts.values()) == 3
    state, _, _ = fed([newest])
    assert len(state.apply(answer(4, T0, 0), 3).firsts) == 1
    assert not state.apply(revised(answer(4, T0, 0), 1), 3).firsts  # its first reading was counted


def test_an_answer_that_has_fallen_off_the_end_is_taken_out_without_a_trace():
    old = answer(0, T0, 0)
    state, _, _ = fed([old, *(answer(n, T0 + n * DAY, 0, channel=f"c{n}") for n in range(1, 30))])
    events, sums = state.events(), state.last_score("nps", "hot")
    assert state.retract(old, 3).firsts == []
    assert (state.events(), state.last_score("nps", "hot")) == (events, sums)
    assert state.touches == 29


def test_the_answer_before_counts_again_when_the_latest_is_taken_out():
    state, _, _ = fed([answer(1, T0, 3), answer(2, T0 + 1, 4), answer(3, T0, 5, name="csat"), answer(4, T0 + 2, 10)])
    state.retract(answer(4, T0 + 2, 10), 3)
    assert state.last_score("nps", "hot") == 4
    assert state.last_score("stars", "hot") is None


def test_answers_on_the_eight_scales_met_last_are_remembered():
    touches = [answer(n, T0 + n, 1, name=f"csat_1_{n + 6}") for n in range(12)]
    state, _, _ = fed(touches)
    assert [state.last_score(f"csat_1_{n + 6}", "hot") for n in (3, 4, 11)] == [None, 1, 1]


def test_bytes_that_are_no_state_are_refused():
    with pytest.raises(msgspec.DecodeError):
        CustomerState.decode(b"\x93\x01\x02\x03")


def test_a_state_stored_by_a_version_with_fewer_fields_can_be_read():
    assert CustomerState.decode(msgspec.msgpack.encode(["c1", 3])) == CustomerState("c1", touches=3)
