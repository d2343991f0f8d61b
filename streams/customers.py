"""What is known of one customer: a small state, the same in whatever order the customer's events arrive.

Use, for each event of a customer, in the fold of a batch (rows by customer key, loaded before):

    state = CustomerState.decode(row) if row else CustomerState.new("c_7f3a91")
    applied = state.apply(touch, partition)          # a revision: state.retract(old_touch, partition) first
    for first in applied.firsts:
        pane_of(first.key).add_first(first.live, first.sign)
    keep(applied.flags)
    store(state.encode(), state.silent_due_ms, state.last_ms)

Bounds, within which order of arrival, batching and restarts change nothing: the last 20 events; the last 20 bad ones
of 30 days (firsts.py); contacts of 14 days, of 8 causes, three times each (flags.py); grade sums of 30 days; the
latest answer on 8 scales; journeys since the last two silences of 30 days (effort.py). What falls off an end does not
come back: an answer taken out by a revision frees its place, and the event it had pushed out stays away.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from streams import firsts, sums
from streams.clock import DAY_MS
from streams.effort import Effort, Journey, effort_of, extend, journey_of
from streams.facts import Facts, Profile, Told, facts_of, tell
from streams.firsts import BadTouch, FirstChange
from streams.flags import (
    CAUSE_DAYS,
    SILENCE_MS,
    flags_of,
    forget_causes,
    is_contact,
    silent_flag,
    third_contact,
    weight_of,
)
from streams.records import Flag
from streams.touch import Lived, Touch, lived_key, pack, short_id, time_of, unpack

__all__ = ["Applied", "CustomerState", "Facts", "FirstChange", "Lived", "Profile", "Touch", "Worst"]

RECENT_MAX = 20
SCORES_MAX = 8
WORST_HALF_LIFE_MS = 7 * DAY_MS  # after a week a bad experience weighs half
NEVER_MS = -62_135_596_800_000  # the year one: before any event


class Applied(NamedTuple):
    """What a touch changes beside the state: first bad ones of panes, and flags to raise."""

    firsts: Sequence[FirstChange]
    flags: Sequence[Flag]


_NOTHING = Applied((), ())  # most touches


class Worst(msgspec.Struct, frozen=True):
    """The bad experience that weighs most by now: `risk` is its weight (0-50), halved for every week of its age."""

    risk: float
    touch: BadTouch


class CustomerState(msgspec.Struct, array_like=True, gc=False):
    """One customer, as stored. New fields go to the end, with a default, so that older states can be read."""

    customer: str
    touches: int = 0  # answers and interactions so far
    last_ms: int = NEVER_MS  # greatest event time; a revision does not take it back
    recent: list[bytes] = []  # touch.pack, in order
    bad: list[bytes] = []  # firsts.insert, in order
    causes: list[list[int]] = []  # flags.third_contact
    days: dict[str, bytes] = {}  # sums.add
    runs: list[int] = []  # effort.extend
    scores: list[tuple[str, str, int, int, int]] = []  # (scale, survey kind, time_ms, short_id, score), sorted
    profile: list[Told] = []  # facts.tell
    forgotten: bool = False  # stands for an erased customer: only `bad` is kept up, nothing is flagged

    @classmethod
    def new(cls, customer: str) -> CustomerState:
        """Somebody we have not met."""
        return cls(customer)

    @classmethod
    def decode(cls, data: bytes) -> CustomerState:
        """The state that `encode` wrote. Raises msgspec.DecodeError for anything else."""
        return _decode(data)

    def encode(self) -> bytes:
        """The state as msgpack; equal states are equal bytes."""
        return _encode(self)

    def apply(self, touch: Touch, partition: int) -> Applied:
        """Count a touch. Each event once (dedupe comes before), in any order."""
        time_ms = touch.time_ms
        if time_ms > self.last_ms:
            self._advance(time_ms)
        today, day = self.last_ms // DAY_MS, time_ms // DAY_MS
        changes: Sequence[FirstChange] = self._bad(touch, day, today) if touch.bad else ()
        if self.forgotten:
            return Applied(changes, ())
        self.touches += 1
        extend(self.runs, time_ms)
        recent = self.recent
        insort(recent, pack(touch))
        if len(recent) > RECENT_MAX:
            del recent[0]
        flags: Sequence[Flag] = ()
        if touch.kind == "feedback":
            self._answered(touch.name, touch.survey_kind, time_ms, short_id(touch.source, touch.id), touch.value)
        else:
            if touch.graded and day > today - sums.SUM_DAYS:
                sums.add(self.days, touch.stage, day, touch.value)
            if is_contact(touch) and day > today - CAUSE_DAYS:
                flag = third_contact(self.causes, touch, self.customer, partition)
                if flag is not None:
                    flags = [flag]
        if touch.bad and touch.live:
            flags = [*flags, *flags_of(touch, self.customer, partition)]
        return Applied(changes, flags) if changes or flags else _NOTHING

    def _bad(self, touch: Touch, day: int, today: int) -> list[FirstChange]:
        if day > today - firsts.BAD_DAYS:
            return firsts.insert(self.bad, touch, weight_of(touch))
        return firsts.ancient(self.bad, touch)

    def retract(self, touch: Touch, partition: int) -> Applied:  # noqa: ARG002 - called as `apply`; raises no flag
        """Take an answer out again, as it was applied, because a revision replaces it.

        With the revision applied after it this is as if the first reading had never come, within the bounds above,
        and as long as the revision is of the same time: `last_ms` and the journey do not shrink. Raises ValueError
        for an interaction, which has no revisions. No flag comes back.
        """
        if touch.kind != "feedback":
            raise ValueError(f"only answers have revisions, not the {touch.kind} {touch.name!r}")
        changes = firsts.remove(self.bad, touch) if touch.bad else []
        if self.forgotten:
            return Applied(changes, [])
        self.touches -= 1
        key = lived_key(touch)
        at = bisect_left(self.recent, key)
        if at < len(self.recent) and self.recent[at].startswith(key):
            del self.recent[at]
        said = (touch.name, touch.survey_kind, touch.time_ms, short_id(touch.source, touch.id), touch.value)
        if said in self.scores:
            self.scores.remove(said)
            for event in self.events():
                if event.kind == "feedback" and (event.name, event.survey_kind) == said[:2]:
                    self._answered(event.name, event.survey_kind, event.time_ms, event.short_id, event.value)
        return Applied(changes, [])

    def set_profile(self, profile: Profile) -> None:
        """Take over CRM facts: each fact the event holds wins over those of earlier events; absent ones stay."""
        if not self.forgotten:
            self.profile = tell(self.profile, profile)

    def anonymous(self, token: str) -> CustomerState:
        """What stays of an erased customer, under a random token: when and where something was bad, to count firsts."""
        return CustomerState(token, last_ms=self.last_ms, bad=list(self.bad), forgotten=True)

    @property
    def silent_due_ms(self) -> int | None:
        """When to flag the customer as silent and unhappy, unless an answer comes first; None if there is no cause.

        48 h after the last bad live graded interaction, while no answer is of its time or later.
        """
        entry = None if self.forgotten else firsts.latest_live_interaction(self.bad)
        if entry is None:
            return None
        time_ms = time_of(entry)
        if any(said[2] >= time_ms for said in self.scores):
            return None
        return time_ms + SILENCE_MS

    def silent_flag(self, partition: int) -> Flag | None:
        """The flag to raise when `silent_due_ms` has passed; the same however often it is asked for."""
        entry = firsts.latest_live_interaction(self.bad)
        if entry is None or self.silent_due_ms is None:
            return None
        return silent_flag(firsts.read(entry), self.customer, partition)

    def events(self) -> list[Lived]:
        """The last 20 events, oldest first; at the same millisecond in a fixed order (by `short_id`)."""
        return [unpack(packed) for packed in self.recent]

    def facts(self) -> Facts:
        """What the CRM says."""
        return facts_of(self.profile)

    def worst(self, now_ms: int) -> Worst | None:
        """The bad experience that weighs most at this time, of the last 20: risk goes by it, not by the mean."""
        found: Worst | None = None
        for touch in map(firsts.read, self.bad):
            risk = touch.weight * 0.5 ** (max(0, now_ms - touch.time_ms) / WORST_HALF_LIFE_MS)
            if found is None or risk >= found.risk:
                found = Worst(risk, touch)
        return found

    def journey(self) -> Journey | None:
        """The journey in progress, or the last one."""
        return journey_of(self.runs, self.events())

    def effort(self) -> Effort:
        """What that journey has cost the customer, over the last 20 events."""
        events = self.events()
        return effort_of(journey_of(self.runs, events), events)

    def grade_sums(self, from_day: int, to_day: int) -> dict[str, int]:
        """Sum of grades per stage over the UTC days [from_day, to_day), of the 30 up to the last event."""
        return sums.between(self.days, from_day, to_day)

    def last_score(self, scale: str, survey_kind: str) -> int | None:
        """The latest answer on this scale."""
        return next((said[4] for said in self.scores if said[:2] == (scale, survey_kind)), None)

    def _advance(self, time_ms: int) -> None:
        """The customer's time moves on: days and contacts fall off the end."""
        today, before = time_ms // DAY_MS, self.last_ms // DAY_MS
        self.last_ms = time_ms
        if today == before:
            return
        if self.days:
            sums.forget(self.days, today - sums.SUM_DAYS + 1)
        if self.causes:
            forget_causes(self.causes, (today - CAUSE_DAYS + 1) * DAY_MS)
        if self.bad:
            firsts.forget(self.bad, max(NEVER_MS, (today - firsts.BAD_DAYS + 1) * DAY_MS))

    def _answered(self, scale: str, survey_kind: str, time_ms: int, event: int, score: int) -> None:
        said = (scale, survey_kind, time_ms, event, score)
        known = next((at for at, old in enumerate(self.scores) if old[:2] == said[:2]), None)
        if known is None:
            insort(self.scores, said)
            if len(self.scores) > SCORES_MAX:
                self.scores.remove(min(self.scores, key=lambda old: (old[2], old)))
        elif self.scores[known][2:] < said[2:]:
            self.scores[known] = said


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(CustomerState).decode
