"""An open anomaly: when its numbers are worth telling again, and when the evidence says that it is over.

Both are judged at every closed minute, also at empty ones: silence can be the evidence of return.
"""

from __future__ import annotations

from dataclasses import replace
from math import log

from detectors.baseline import Baseline
from detectors.chance import poisson_tail
from detectors.judge import Totals, totals
from detectors.opened import (
    VOLUME,
    Yardstick,
    anomaly_of,
    curve_of,
    numbers_of,
    observed_of,
    reason_of,
    set_level,
    severity_of,
    weeks_of,
)
from detectors.records import Recovery, Update
from detectors.sentence import recovery_sentence
from detectors.state import SEVERITIES, Open, SegmentState
from detectors.watching import Seat
from streams.clock import MINUTE_MS

TELL_MINUTES = 30  # at most one update each half hour
LOOKBACKS = (60, 120, 240, 480, 720, 1440)  # minutes; the shortest that holds enough evidence decides
RETURN_ANSWERS = 10
RETURN_VOLUME_MINUTES = 120
RETURN_ODDS = log(200)  # the usual must explain the recent numbers 200 times better than the incident does
CLEAR_TIMES = 1.25  # a volume under this many times the usual is no surge to return from


def follow(seat: Seat, minute: int, by: Yardstick) -> Update | Recovery | None:
    """Judge an open anomaly as a minute closes. A recovery settles it: detectors start from 0."""
    opened = seat.state.open
    if opened is None:
        return None
    usual = by.usual
    if usual is not None and usual.knows_volume:
        opened.usual_bad += usual.bad_between(opened.until, minute + 1)
        opened.usual_answers += usual.answers_between(opened.until, minute + 1)
    opened.until = minute + 1
    recovery = _recovered(seat, opened, minute, by)
    if recovery is not None:
        recovery = replace(recovery, curve=curve_of(seat.state, by.budget))
        seat.state.settle(minute)
        for detector in seat.detectors:
            detector.restart()
        return recovery
    return _worth_telling(seat, opened, minute, by)


def _worth_telling(seat: Seat, opened: Open, minute: int, by: Yardstick) -> Update | None:
    if minute - opened.told_minute < TELL_MINUTES:
        return None
    weeks = weeks_of(opened, by)
    worse = severity_of(opened, weeks, by)
    if worse <= opened.severity and opened.n < 2 * opened.told_n:
        return None
    if worse > opened.severity:
        set_level(opened, by)
    opened.severity, opened.told_n, opened.told_minute = max(worse, opened.severity), opened.n, minute
    return Update(
        segment=seat.segment,
        at_ms=(minute + 1) * MINUTE_MS,
        n=opened.n,
        bad=opened.bad,
        observed=observed_of(opened),
        severity=SEVERITIES[opened.severity],
        reason=reason_of(opened, numbers_of(opened, minute, weeks, by), by),
        evidence=weeks,
        curve=curve_of(seat.state, by.budget),
        now=anomaly_of(seat.segment, opened, minute, (), by),
    )


def _recovered(seat: Seat, opened: Open, minute: int, by: Yardstick) -> Recovery | None:
    usual_share = _usual_share(by)
    tolerated = usual_share if by.usual is None else by.usual.share_tolerated
    for lookback in LOOKBACKS:
        start = minute + 1 - lookback
        if start < opened.since:
            return None  # never judged by minutes from before the incident
        recent = _since(seat.state, start)
        share_back = by.kind == "contacts" or recent.bad <= tolerated * recent.n
        if recent.n >= RETURN_ANSWERS:
            back = share_back and (opened.signal != VOLUME or _volume_back(recent, start, minute, by.usual))
        else:
            back = lookback >= RETURN_VOLUME_MINUTES and _volume_back(recent, start, minute, by.usual)
        if back and _return_odds(opened, recent, start, minute, by) >= RETURN_ODDS:
            expected = usual_share if by.usual is None or opened.signal != VOLUME else _bad(by.usual, start, minute)
            share = recent.bad / recent.n if recent.n else 0.0
            return Recovery(
                segment=seat.segment,
                at_ms=(minute + 1) * MINUTE_MS,
                n=recent.n,
                bad=recent.bad,
                observed=float(recent.bad) if opened.signal == VOLUME else share,
                expected=expected,
                reason=recovery_sentence(recent.bad, recent.n, lookback, usual_share, by.kind),
            )
    return None


def _usual_share(by: Yardstick) -> float:
    return by.settings.assumed_bad_share if by.usual is None else by.usual.share


def _since(state: SegmentState, start: int) -> Totals:
    place = len(state.bins)
    while place and state.bins[place - 1].minute >= start:
        place -= 1
    return totals(state.bins[place:])


def _bad(usual: Baseline, start: int, minute: int) -> float:
    return usual.bad_between(start, minute + 1)


def _volume_back(recent: Totals, start: int, minute: int, usual: Baseline | None) -> bool:
    """Whether no more bad answers came than usual in that time, chance allowed for."""
    if usual is None or not usual.knows_volume:
        return False
    return poisson_tail(recent.bad, _bad(usual, start, minute) * usual.volume_tolerance) > 0.1


def _return_odds(opened: Open, recent: Totals, start: int, minute: int, by: Yardstick) -> float:
    """Log-likelihood ratio of the usual against the incident so far, on what came recently."""
    usual, usual_share = by.usual, _usual_share(by)
    share = min(0.999, max(opened.level_share, usual_share))
    odds = recent.bad * log(usual_share / share) + (recent.n - recent.bad) * log((1 - usual_share) / (1 - share))
    times = opened.level_times
    if usual is None or not usual.knows_volume or times < CLEAR_TIMES:
        return odds
    by_volume = (times - 1) * _bad(usual, start, minute) - recent.bad * log(times)
    if opened.signal == VOLUME:
        return by_volume
    # Too few answers to show a share: fewer bad ones speak for the usual, a bad share among them against it.
    return odds if recent.n >= RETURN_ANSWERS else by_volume + min(0.0, odds)
