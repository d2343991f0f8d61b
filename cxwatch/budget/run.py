"""One simulated run: days drawn as they are needed, watched and reacted to in a database in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from alerting.react import react
from alerting.settings import AlertSettings
from alerting.store import read_incidents
from cxwatch.decide.closing import MINUTES_MAX
from cxwatch.memory import open_memory
from detectors.bootstrap import Place, QuietDay, Spike, draw_day, hours_of_day, spiked
from detectors.kinds import Watches
from detectors.records import Anomaly, Recovery
from detectors.settings import DetectionSettings
from detectors.watch import Closing
from streams.clock import MINUTE_MS, MINUTES_PER_DAY
from streams.records import LeafMinute, Segment
from streams.store.minutes import KINDS, Kind

LEARN_DAYS = 29
A_MONDAY = (4 + 7 * 2_900) * MINUTES_PER_DAY  # only weekdays matter
INCIDENTS_MAX = 1_000


class Run:
    """What DECIDE would do on drawn days. A month of them is learned from first."""

    def __init__(
        self, days: Sequence[QuietDay], settings: DetectionSettings, alerts: AlertSettings, seed: list[int]
    ) -> None:
        self._days, self._alerts = days, alerts
        self._draw = np.random.default_rng(seed)
        self._hours: dict[Kind, list[LeafMinute]] = {kind: [] for kind in KINDS}
        self._hour_at: dict[Kind, list[int]] = {kind: [] for kind in KINDS}
        self._watch = Watches(settings, self._read_hours)
        self._database = open_memory()
        self.minute = A_MONDAY
        for _ in range(LEARN_DAYS):
            self._next_day()

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def _read_hours(
        self, conn: Connection, from_minute: int, to_minute: int, kind: Kind = "answers"
    ) -> Sequence[LeafMinute]:
        del conn  # nothing of it is read: hours are drawn
        at = self._hour_at[kind]
        return self._hours[kind][bisect_left(at, from_minute) : bisect_left(at, to_minute)]

    def _next_day(self) -> dict[Kind, list[LeafMinute]]:
        rows = draw_day(self._days, self.minute, self._draw)
        for kind in KINDS:
            hours = hours_of_day(rows[kind])
            self._hours[kind] += hours
            self._hour_at[kind] += [hour.minute for hour in hours]
        self.minute += MINUTES_PER_DAY
        return rows

    def day(
        self, spikes: Sequence[Spike], usual: Mapping[Place, float]
    ) -> tuple[list[Anomaly], list[Recovery], dict[Kind, list[LeafMinute]]]:
        """The next day with spikes in it, what was found, and what its minutes held. Learning sees none of them."""
        start = self.minute
        rows = self._next_day()
        for spike in spikes:
            kind = spike.place[0]
            rows[kind] = spiked(rows[kind], spike, usual[spike.place], self._draw)
        found = []
        for begin in range(start, self.minute, MINUTES_MAX):
            closings = {kind: _closing(rows[kind], begin, min(self.minute, begin + MINUTES_MAX)) for kind in KINDS}
            with self._database.begin() as tx:
                one = self._watch.advance(tx, closings)
                react(tx, self._alerts, closings["answers"].to_minute * MINUTE_MS, (), one)
            found.append(one)
        anomalies = [anomaly for one in found for anomaly in one.anomalies if not anomaly.operations]
        recoveries = [recovery for one in found for recovery in one.recoveries if not recovery.operations]
        return anomalies, recoveries, rows

    def paged(self) -> list[Segment]:
        """Where the incidents were that people would have been told of."""
        with self._database.connect() as conn:
            incidents = read_incidents(conn, self.minute * MINUTE_MS, limit=INCIDENTS_MAX)
        return [incident.named for incident in incidents if incident.page and not incident.spam]


def _closing(rows: Sequence[LeafMinute], start: int, end: int) -> Closing:
    at = [row.minute for row in rows]
    return Closing(start, end, rows[bisect_left(at, start) : bisect_left(at, end)])
