from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.effort import Journey, extend
from tests.support.touches import DAY, HOUR, T0, answer, fed, interaction


def test_a_journey_ends_after_thirty_days_without_an_event():
    state, _, _ = fed([interaction(1, T0), interaction(2, T0 + 29 * DAY), interaction(3, T0 + 59 * DAY)])
    assert state.journey() == Journey(T0 + 59 * DAY, T0 + 59 * DAY)
    state, _, _ = fed([interaction(1, T0), interaction(2, T0 + 30 * DAY - 1), interaction(3, T0 + 60 * DAY - 2)])
    assert state.journey() == Journey(T0, T0 + 60 * DAY - 2)


def test_a_late_event_joins_two_journeys():
    state, _, _ = fed([interaction(1, T0), interaction(2, T0 + 40 * DAY), interaction(3, T0 + 20 * DAY)])
    assert state.journey() == Journey(T0, T0 + 40 * DAY)


def test_another_contact_id_opens_another_journey():
    touches = [
        interaction(1, T0),
        interaction(2, T0 + HOUR, contact_id="k1"),
        interaction(3, T0 + 2 * HOUR),
        interaction(4, T0 + 3 * HOUR, contact_id="k2"),
        answer(5, T0 + 4 * HOUR),
    ]
    state, _, _ = fed(touches)
    assert state.journey() == Journey(T0 + 3 * HOUR, T0 + 4 * HOUR)
    state, _, _ = fed(touches[:3])
    assert state.journey() == Journey(T0, T0 + 2 * HOUR)


@given(hours=st.lists(st.integers(0, 120 * 24), min_size=1, max_size=12), data=st.data())
@settings(max_examples=100, deadline=None)
def test_journeys_by_silence_are_the_same_in_any_order(hours: list[int], data: st.DataObject):
    times = [T0 + h * HOUR for h in hours]
    expected: list[list[int]] = []
    for moment in sorted(times):
        if expected and moment - expected[-1][-1] < 30 * DAY:
            expected[-1].append(moment)
        else:
            expected.append([moment])
    runs: list[int] = []
    for moment in data.draw(st.permutations(times)):
        extend(runs, moment)
    if len(expected) <= 2:  # with three and more, one in the making may have been dropped before it was joined
        assert runs == [edge for run in expected for edge in (run[0], run[-1])]
    in_order: list[int] = []
    for moment in sorted(times):
        extend(in_order, moment)
    assert in_order == [edge for run in expected[-3:] for edge in (run[0], run[-1])]


def test_effort_counts_contacts_repeats_transfers_media_breaks_and_minutes_of_the_journey():
    state, _, _ = fed(
        [
            interaction(0, T0 - 40 * DAY, -1, channel="store", minutes=500.0),  # an earlier journey
            interaction(1, T0, 2, channel="web", minutes=1.0),  # a success
            interaction(2, T0 + 1, -1, channel="web", name="checkout", minutes=2.5),
            interaction(3, T0 + 2, None, channel="phone", name="call", outcome="transferred", minutes=10.0),
            interaction(4, T0 + 3, -1, channel="web", name="checkout"),  # the same again
            interaction(5, T0 + 4 + 8 * DAY, -1, channel="web", name="checkout"),  # too late to be a repeat
            answer(6, T0 + 5 + 8 * DAY, channel="email"),
        ]
    )
    effort = state.effort()
    assert (effort.contacts, effort.repeats, effort.transfers) == (4, 1, 1)
    assert effort.channel_switches == 3
    assert effort.minutes == 13.5
