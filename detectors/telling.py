"""What is read once evidence has fired: who agrees, whether the words look like spam, what stands out among them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from detectors.budget import MAJOR
from detectors.contents import Contents, causes_since
from detectors.corroborate import agreeing, character_of
from detectors.gate import spam_in
from detectors.opened import Yardstick, anomaly_of, drift_of
from detectors.records import Anomaly, Update
from detectors.usuals import WARM_DAYS, hours_of, past_steps
from detectors.watching import Seat
from streams.clock import MINUTE_MS, MINUTES_PER_DAY, hour_start
from streams.records import LeafMinute

Hours = Callable[[Connection, int, int], Sequence[LeafMinute]]
LOOK_AGAIN_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Telling:
    """Reads hour totals, and bad answers (`contents`) for causes and, with `gate`, for spam."""

    hours: Hours
    contents: Contents | None = None
    gate: bool = True

    def told(self, tx: Connection, seat: Seat, anomaly: Anomaly, by: Yardstick) -> Anomaly:
        """The anomaly as people should be told of it."""
        return self._gated(tx, seat, self._explained(tx, seat, anomaly, by))

    def told_again(self, tx: Connection, seat: Seat, minute: int, by: Yardstick) -> Anomaly | None:
        """Every half hour: what was held back as spam pages once its words look like customers'."""
        opened = seat.state.open
        if opened is None or not opened.spam or (minute - opened.since) % LOOK_AGAIN_MINUTES:
            return None
        anomaly = self._gated(tx, seat, anomaly_of(seat.segment, opened, minute, (), by))
        return anomaly if anomaly.page else None

    def retold(self, tx: Connection, seat: Seat, told: Update) -> Update:
        """The update with the causes of all bad answers so far: the first few say little."""
        opened = seat.state.open
        if self.contents is None or opened is None or opened.spam:
            return told
        since_ms = opened.since * MINUTE_MS
        answers = self.contents(tx, seat.segment, since_ms, told.at_ms)
        return replace(told, causes=causes_since(self.contents, tx, seat.segment, since_ms, answers))

    def drift(self, tx: Connection, seat: Seat, minute: int, by: Yardstick) -> Anomaly | None:
        """The notice of a slow rise, where the hours of the last week show it, with what stands out in them."""
        end = hour_start(minute)
        rows = self.hours(tx, end - WARM_DAYS * MINUTES_PER_DAY, end)
        notice = drift_of(seat.segment, minute, hours_of(rows, seat.segment), by)
        if notice is None or self.contents is None:
            return notice
        answers = self.contents(tx, seat.segment, notice.since_ms, notice.detected_ms)
        return replace(notice, causes=causes_since(self.contents, tx, seat.segment, notice.since_ms, answers))

    def _gated(self, tx: Connection, seat: Seat, anomaly: Anomaly) -> Anomaly:
        """The anomaly with what stands out among its bad answers; held back when they look like spam."""
        opened = seat.state.open
        if self.contents is None or opened is None:
            return anomaly
        answers = self.contents(tx, seat.segment, anomaly.since_ms, anomaly.detected_ms)
        if self.gate:
            reason = spam_in(answers, opened.usual_bad)
            opened.spam = reason is not None
            if reason is not None:
                return replace(anomaly, page=False, spam=reason)
        return replace(anomaly, causes=causes_since(self.contents, tx, seat.segment, anomaly.since_ms, answers))

    def _explained(self, tx: Connection, seat: Seat, anomaly: Anomaly, by: Yardstick) -> Anomaly:
        """The anomaly with what River's detectors see in it; a critical one that none of them sees is major."""
        if by.usual is None or not by.weighs:
            return anomaly
        end = anomaly.detected_ms // MINUTE_MS - 1
        start = hour_start(end) - MINUTES_PER_DAY
        rows = self.hours(tx, start - WARM_DAYS * MINUTES_PER_DAY, start)
        past = past_steps(hours_of(rows, seat.segment), by.usual, start)
        names = agreeing(past, seat.state.bins, by.usual, anomaly.since_ms // MINUTE_MS)
        severity = anomaly.severity
        if severity == "critical" and not names:
            severity = "major"
            if seat.state.open is not None:
                seat.state.open.severity = MAJOR
        character = character_of(names, by_volume=anomaly.signal == "volume")
        return replace(anomaly, detectors=(*anomaly.detectors, *names), character=character, severity=severity)
