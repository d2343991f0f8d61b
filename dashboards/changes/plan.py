"""What one round has to send: which windows hold a changed minute or have become final, and which incidents changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from dashboards.changes.cursor import NOT_ANSWERS, Cursor
from dashboards.window_history import STEP_MS
from streams.clock import DAY_MS, MINUTE_MS, minute_of
from streams.records import Segment, WindowName
from streams.settings import MeasureSettings
from streams.store.progress import read_progress
from streams.store.tables import panes
from streams.windows import WINDOWS

PANES_MAX = 2_000  # looked at a round, but for a single commit that holds more
FINAL_MINUTES_MAX = 720  # of closing told a round

Answered = tuple[Segment, str, str]  # a place with its metric (the scale's name) and survey kind
Window = tuple[WindowName, int]  # its length and end


@dataclass(slots=True)
class Step:
    """What to send: of each window the leaf places that changed; of those that became `final` all there is, too.

    `panes_sent` and `closed_to` are where the cursor stands afterwards; `more` says that this was not all.
    """

    panes_sent: dict[int, int]
    closed_to: int | None
    windows: dict[Window, set[Answered]] = field(default_factory=dict)
    final: set[Window] = field(default_factory=set)
    more: bool = False


def plan(
    conn: Connection,
    cursor: Cursor,
    closed_to: int | None,
    lengths: Iterable[WindowName],
    settings: MeasureSettings,
    now_ms: int,
) -> Step:
    """The next step from where the cursor stands; `closed_to` is the first minute that is not closed yet."""
    step = Step(dict(cursor.panes_sent), closed_to)
    reach = {name: _Reach(name, settings, now_ms) for name in lengths}
    room = PANES_MAX
    behind = {p.partition: p.commits - cursor.panes_sent.get(p.partition, 0) for p in read_progress(conn)}
    for partition in sorted((p for p in behind if behind[p] > 0), key=lambda p: -behind[p]):  # none waits for ever
        seen = cursor.panes_sent.get(partition, 0)
        if room <= 0:
            step.more = True
            break
        commits = seen + behind[partition]
        upto = _upto(conn, partition, seen, commits, room)
        step.more = step.more or upto < commits
        step.panes_sent[partition] = upto
        for minute, answered in _changed(conn, partition, seen, upto):
            room -= 1
            for name, reached in reach.items():
                for end_ms in reached.ends(minute * MINUTE_MS):
                    step.windows.setdefault((name, end_ms), set()).add(answered)
    _add_finals(step, cursor, reach)
    return step


def _upto(conn: Connection, partition: int, seen: int, commits: int, room: int) -> int:
    """The commit to go to: whole commits, as many as there is room for, and at least one."""
    c = panes.c
    changed = (
        select(c.changed)
        .where(c.partition == partition, c.changed > seen, c.changed <= commits, c.metric.not_in(NOT_ANSWERS))
        .order_by(c.changed)
    )
    beyond = conn.execute(changed.offset(room).limit(1)).scalar()
    if beyond is None:
        return commits
    first = conn.execute(changed.limit(1)).scalar_one()
    return max(int(beyond) - 1, int(first))


def _changed(conn: Connection, partition: int, seen: int, upto: int) -> Iterator[tuple[int, Answered]]:
    c = panes.c
    query = select(c.minute, c.channel, c.stage, c.metric, c.survey_kind).where(
        c.partition == partition, c.changed > seen, c.changed <= upto, c.metric.not_in(NOT_ANSWERS)
    )
    for minute, channel, stage, metric, kind in conn.execute(query):
        yield minute, (Segment(channel, stage), metric, kind)


def _add_finals(step: Step, cursor: Cursor, reach: Mapping[WindowName, _Reach]) -> None:
    """Windows that nothing but a late event can enter any more are told once again, whole."""
    if cursor.closed_to is None or step.closed_to is None or step.closed_to <= cursor.closed_to:
        return
    if step.closed_to > cursor.closed_to + FINAL_MINUTES_MAX:
        step.closed_to = cursor.closed_to + FINAL_MINUTES_MAX
        step.more = True
    for name, reached in reach.items():
        step_minutes = minute_of(STEP_MS[name])
        first = (cursor.closed_to // step_minutes + 1) * step_minutes
        for end in range(first, step.closed_to + 1, step_minutes):
            if reached.keeps(end * MINUTE_MS):
                step.windows.setdefault((name, end * MINUTE_MS), set())
                step.final.add((name, end * MINUTE_MS))


class _Reach:
    """Which windows of one length are told: those whose panes are all kept, and that have begun by now."""

    def __init__(self, name: WindowName, settings: MeasureSettings, now_ms: int) -> None:
        self._length_ms = WINDOWS[name].length_ms
        self._step_ms = STEP_MS[name]
        self._latest_ms = (now_ms // self._step_ms + 1) * self._step_ms
        days = settings.minute_pane_days if name == "15m" else settings.hour_pane_days
        self._oldest_ms = now_ms - days * DAY_MS

    def keeps(self, end_ms: int) -> bool:
        return end_ms - self._length_ms >= self._oldest_ms

    def ends(self, at_ms: int) -> Iterator[int]:
        """The ends of the windows that hold this time: several of a week's, which end every midnight."""
        first = (at_ms // self._step_ms + 1) * self._step_ms
        last = max(first, min(self._latest_ms, at_ms + self._length_ms))
        return (end for end in range(first, last + 1, self._step_ms) if self.keeps(end))
