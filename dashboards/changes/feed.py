"""The changes themselves, read for one round: `begin` takes a revision, `records` reads, `done` moves the cursor.

What is sent is read after the revision was taken, so a record of a higher revision is never older. A crash in between
sends the same again, or what it has become, under a higher one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, Engine, or_

from alerting.tables import incidents
from dashboards.alert_readings import incident_line, incident_query
from dashboards.changes import cursor
from dashboards.changes.cursor import SentIncident
from dashboards.changes.plan import Answered, Step, Window, plan
from dashboards.changes.records import IncidentState, digest_of, incident_record, incident_state, window_record
from dashboards.changes.settings import ChangeSettings
from dashboards.changes.tables import change_incidents
from streams.clock import Clock, minute_of
from streams.logs.protocol import Record
from streams.records import WindowSnapshot
from streams.settings import MeasureSettings
from streams.store.windows import read_window
from streams.windows import WINDOWS

INCIDENTS_MAX = 500  # sent a round


@dataclass(frozen=True, slots=True)
class Round:
    """One round that is going to be sent."""

    revision: int
    step: Step
    incidents: tuple[IncidentState, ...]
    as_of_ms: int

    @property
    def more(self) -> bool:
        """Whether another round is due at once."""
        return self.step.more or len(self.incidents) == INCIDENTS_MAX


class ChangeFeed:
    """Reads changes for whoever sends them. All of it blocks; one thread at a time."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        measure: MeasureSettings,
        settings: ChangeSettings,
        closed_to: Callable[[Connection], int | None],
        public_url: str,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._measure = measure
        self._settings = settings
        self._closed_to = closed_to
        self._public_url = public_url

    def waiting(self, allowed: Callable[[Connection], bool]) -> bool:
        """Whether there is anything to send and `allowed` says that this process may send it."""
        with self._engine.connect() as conn:
            return allowed(conn) and self._anything(conn)

    def begin(self, allowed: Callable[[Connection], bool]) -> Round | None:
        """A round, unless `allowed` says in the transaction that takes its revision that another process may send."""
        with self._engine.begin() as tx:
            if not allowed(tx):
                return None
            revision = cursor.reserve(tx)
        with self._engine.connect() as conn:
            now_ms = self._clock.now_ms()
            step = self._plan(conn, now_ms)
            return Round(revision, step, tuple(islice(self._incidents(conn), INCIDENTS_MAX)), now_ms)

    def records(self, sending: Round) -> Iterator[Record]:
        """What to send, read window by window: no transaction stays open while it is sent."""
        for window, places in sorted(sending.step.windows.items(), key=lambda item: (item[0][1], item[0][0])):
            for row in self._rows(window, places, whole=window in sending.step.final):
                yield window_record(row, sending.revision, sending.as_of_ms)
        for state in sending.incidents:
            yield incident_record(state, sending.revision, sending.as_of_ms)

    def done(self, sending: Round) -> bool:
        """Note that all of it was sent; False when another process has begun a round since."""
        told = [SentIncident(state.number, state.version, digest_of(state)) for state in sending.incidents]
        with self._engine.begin() as tx:
            return cursor.move(tx, sending.revision, sending.step.panes_sent, sending.step.closed_to, told)

    def _anything(self, conn: Connection) -> bool:
        at = cursor.read_cursor(conn)
        step = self._plan(conn, self._clock.now_ms())
        moved = step.panes_sent != at.panes_sent or step.closed_to != at.closed_to
        return moved or next(self._incidents(conn), None) is not None

    def _plan(self, conn: Connection, now_ms: int) -> Step:
        at = cursor.read_cursor(conn)
        return plan(conn, at, self._closed_to(conn), self._settings.windows, self._measure, now_ms)

    def _rows(self, window: Window, places: Collection[Answered], *, whole: bool) -> Iterator[WindowSnapshot]:
        """One window as it is now: what these places count into, or all of it. What is empty now is told, too."""
        name, end_ms = window
        start_ms = end_ms - WINDOWS[name].length_ms
        with self._engine.connect() as conn:
            closed_to = self._closed_to(conn)
            rows = read_window(conn, name, start_ms, end_ms, min_n=self._measure.min_n, closed_to=closed_to)
        found = {(row.segment, row.metric, row.survey_kind): row for row in rows}
        wanted = {(wider, metric, kind) for place, metric, kind in places for wider in (place, *place.rollups())}
        final = closed_to is not None and closed_to >= minute_of(end_ms)
        for segment, metric, kind in sorted(wanted | set(found) if whole else wanted, key=_order):
            row = found.get((segment, metric, kind))
            yield row or WindowSnapshot(
                segment, metric, kind, name, start_ms, end_ms, final, n=0, counts={}, score=None, low=None, high=None
            )

    def _incidents(self, conn: Connection) -> Iterator[IncidentState]:
        """Those that say something else than when they were sent last."""
        i, sent = incidents.c, change_incidents.c
        may_differ = or_(i.state != "resolved", sent.version.is_(None), sent.version != i.version)
        query = (
            incident_query()
            .add_columns(sent.digest)
            .outerjoin(change_incidents, sent.number == i.number)
            .where(may_differ)
            .order_by(i.number)
        )
        for row in conn.execute(query).all():
            values = dict(row._mapping)
            digest = values.pop("digest")
            state = incident_state(incident_line(values), self._public_url)
            if digest is None or bytes(digest) != digest_of(state):
                yield state


def _order(key: Answered) -> tuple[str, str, str, str]:
    """Rollups before their parts."""
    (channel, stage), metric, kind = key
    return metric, kind, channel or "", stage or ""
