"""What all customers of a window lived through, against what each of them did."""

from __future__ import annotations

from streams.customers import CustomerState, Touch
from streams.cxscore import cx_scores
from streams.journeys import StageEffort, journeys_of
from tests.support.touches import DAY, HOUR, T0, answer, interaction

NOW = T0 + 12 * HOUR


def lived(*touches: Touch) -> CustomerState:
    state = CustomerState.new("c")
    for touch in touches:
        state.apply(touch, 0)
    return state


def test_scores_are_those_of_the_cx_score_and_channels_of_a_stage_stand_side_by_side():
    customers = [lived(interaction(n, NOW, 2), interaction(100 + n, NOW, -1, channel="app")) for n in range(12)]
    found = journeys_of(customers, NOW)
    assert found.scores == cx_scores(customers, NOW)
    assert {place: score.mean for place, score in found.places.items()} == {("app", "buy"): -1, ("web", "buy"): 2}
    assert found.gap("buy") == ("web", "app", 3)
    assert found.gap("use") is None


def test_too_few_customers_have_a_number_and_no_score():
    found = journeys_of([lived(interaction(n, NOW, 1)) for n in range(9)], NOW)
    assert (found.places["web", "buy"].n, found.places["web", "buy"].mean) == (9, None)


def test_effort_is_contacts_repeats_and_channel_switches_of_those_met_there():
    twice = lived(
        interaction(1, NOW - 3 * HOUR, None, stage="support", contact_id="t1", channel="phone"),
        interaction(2, NOW - 2 * HOUR, None, stage="support", contact_id="t1", channel="chat"),
    )
    alone = lived(interaction(3, NOW, 1, stage="support"))
    found = journeys_of([twice, alone], NOW)
    assert found.effort == {"support": StageEffort(customers=2, contacting=1, contacts=2, switches=1, repeats=1)}
    assert found.effort["support"].alone == 1


def test_silence_is_not_read_as_content():
    silent = lived(interaction(1, NOW, -3))
    heard = lived(interaction(2, NOW, -3), answer(3, NOW + 1, 1))
    found = journeys_of([silent, heard], NOW)
    assert (found.customers, found.silent, found.answered) == (2, 1, 1)


def test_a_journey_can_be_bad_while_every_touchpoint_is_fine():
    hidden = lived(interaction(1, NOW, 1), answer(2, NOW + 1, 3))
    plain = lived(interaction(3, NOW, -1), answer(4, NOW + 1, 3))
    happy = lived(interaction(5, NOW, 1), answer(6, NOW + 1, 10))
    found = journeys_of([hidden, plain, happy], NOW)
    assert (found.answered, found.hidden) == (3, 1)


def test_what_is_older_than_the_window_does_not_count():
    found = journeys_of([lived(interaction(1, NOW - 9 * DAY, -3, stage="buy"))], NOW)
    assert (found.customers, found.silent, found.places, found.effort) == (0, 0, {}, {})
