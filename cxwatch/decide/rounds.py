"""One round of DECIDE: read what is new, close minutes, step detectors, react; one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine, select

from alerting.react import react
from alerting.settings import AlertSettings
from cxwatch.decide.closing import MINUTES_FIRST, ROUND_MS, closeable_to, minutes_next
from cxwatch.decide.lease import LEASE_MS, Lease
from cxwatch.decide.tables import decide_cursors, decided
from detectors.kinds import Watches
from detectors.records import Findings
from detectors.watch import Closing
from streams.clock import MINUTE_MS, MINUTES_PER_DAY
from streams.records import Flag
from streams.store.bulk import put
from streams.store.dialect import server_ms
from streams.store.flags import add_flags, new_flags, silent_flags
from streams.store.minutes import KINDS, Kind, changed_minutes, first_live_minute, leaf_minutes
from streams.store.progress import Progress, read_progress


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did; `more` says that minutes are left to close at once."""

    closed_to: int | None
    minutes: int  # closed in this round
    flags: int
    findings: Findings
    more: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What the last round left: as long as it holds, another one would do nothing.

    `open_from` is the first minute that is not closed, or else the first that there will be to close, if any; 0 while
    nothing could be said about it, so that anything that can be said is new.
    """

    round: Round
    open_from: int | None
    commits: dict[int, int]
    renewed_ms: int


@dataclass(slots=True)
class Decider:
    """Everything a round needs but the time and the log's ends."""

    engine: Engine
    watch: Watches
    alerts: AlertSettings
    lateness_seconds: int
    lease: Lease
    cases: bool = True  # False: only incidents are wanted, as in a backtest
    seize: bool = False  # the first round takes the lease from a holder that cannot be alive (embedded shape)
    _known: _Known | None = None
    _minutes_max: int = MINUTES_FIRST  # of the next round; follows what minutes cost here

    def decide(self, now_ms: int, ends: Mapping[int, int]) -> Round | None:
        """Run one round; None when another process holds the lease. `ends` were read from the log before `now_ms`.

        Nothing is written while nothing is new and the lease is fresh.
        """
        if self._known is not None and self._nothing_new(self._known, now_ms, ends):
            return self._known.round
        self._known = None
        try:
            with self.engine.begin() as tx:
                if not self.lease.hold(tx, seize=self.seize):
                    return None
                started_ms, progress = server_ms(tx), read_progress(tx)
                done, open_from = self._round(tx, now_ms, ends, progress)
                self._pace(done, server_ms(tx) - started_ms)
                self.lease.renew(tx)  # a round that took long ends with a lease that is as fresh as any
                # What was read, and not what MEASURE has committed since: on PostgreSQL it does so beside this round.
                commits = {p.partition: p.commits for p in progress}
                idle = replace(done, minutes=0, flags=0, findings=Findings())
                self._known = _Known(idle, open_from, commits, server_ms(tx))
        except BaseException:
            self._known = None
            self.watch.forget_cache()  # its states may be ahead of what was rolled back
            raise
        self.seize = False
        return done

    def _pace(self, done: Round, took_ms: int) -> None:
        """Only rounds that closed all they may, or took too long, say what a minute costs."""
        if done.more or took_ms > ROUND_MS:
            self._minutes_max = minutes_next(max(done.minutes, 1), took_ms)

    def _nothing_new(self, known: _Known, now_ms: int, ends: Mapping[int, int]) -> bool:
        with self.engine.connect() as conn:
            reach = closeable_to(read_progress(conn), ends, now_ms, self.lateness_seconds)
            fresh = server_ms(conn) < known.renewed_ms + LEASE_MS // 2
            still = reach is None or known.open_from is None or reach <= known.open_from
            return fresh and still and _commits(conn) == known.commits

    def _round(
        self, tx: Connection, now_ms: int, ends: Mapping[int, int], progress: list[Progress]
    ) -> tuple[Round, int | None]:
        """What was done, and the first minute that is open now."""
        panes_seen, flags_seen = _read_cursors(tx)
        closed_to = read_closed_to(tx)
        reach = closeable_to(progress, ends, now_ms, self.lateness_seconds)
        start = closed_to if closed_to is not None else first_live_minute(tx)
        flags = new_flags(tx, flags_seen)
        findings = Findings()
        closed = closed_to
        # The first closing waits for its minute to be over: until then an earlier one may come first.
        if start is not None and reach is not None and (closed_to is not None or reach > start):
            closed = max(start, min(reach, start + self._minutes_max))
            flags += _silent(tx, progress, start, closed)
            findings = self.watch.advance(tx, _closings(tx, panes_seen, closed_to, start, closed))
            panes_seen = {p.partition: p.commits for p in progress}
        react(tx, self.alerts, now_ms, flags if self.cases else (), findings)
        _save(tx, progress, panes_seen, closed)
        more = closed is not None and reach is not None and closed < reach
        open_from = start if closed is None else closed
        minutes = 0 if closed is None or start is None else closed - start
        return Round(closed, minutes, len(flags), findings, more), 0 if reach is None else open_from


def _commits(conn: Connection) -> dict[int, int]:
    return {p.partition: p.commits for p in read_progress(conn)}


def read_closed_to(conn: Connection) -> int | None:
    """The first minute that is not closed yet, None before the first closing."""
    closed: int | None = conn.execute(select(decided.c.closed_to)).scalar()
    return closed


def _closings(
    tx: Connection, panes_seen: Mapping[int, int], closed_to: int | None, start: int, end: int
) -> dict[Kind, Closing]:
    found: dict[Kind, Closing] = {}
    for kind in KINDS:
        late = []
        if closed_to is not None:
            late = changed_minutes(tx, panes_seen, closed_to - MINUTES_PER_DAY, closed_to, kind)
        minutes = leaf_minutes(tx, start, end, kind)
        found[kind] = Closing(from_minute=start, to_minute=end, minutes=minutes, late=late)
    return found


def _silent(tx: Connection, progress: list[Progress], start: int, end: int) -> list[Flag]:
    """Customers whose 48 hours without an answer ran out in the minutes being closed; stored as flags too."""
    found = silent_flags(tx, start * MINUTE_MS, end * MINUTE_MS)
    commits = {p.partition: p.commits for p in progress}
    for flag in found:
        add_flags(tx, [flag], commits.get(flag.partition, 0))
    return found


def _read_cursors(tx: Connection) -> tuple[dict[int, int], dict[int, int]]:
    rows = tx.execute(select(decide_cursors)).all()
    return {r.partition: r.panes_seen for r in rows}, {r.partition: r.flags_seen for r in rows}


def _save(tx: Connection, progress: list[Progress], panes_seen: Mapping[int, int], closed_to: int | None) -> None:
    """Flags are taken in every round; panes only when something is closed, so that no late one is passed over."""
    rows = [
        {"partition": p.partition, "panes_seen": panes_seen.get(p.partition, 0), "flags_seen": p.commits}
        for p in progress
    ]
    put(tx, decide_cursors, rows)
    if closed_to is not None:
        put(tx, decided, [{"one": 1, "closed_to": closed_to}])
