"""Folding: what a batch of decoded events does to a partition's state.

Pure, and the same whatever the batching. Panes are not touched event by event: a fold collects one change a pane,
which the caller merges once the panes it names are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import msgspec

from streams.clock import SECOND_MS, hour_start, minute_of
from streams.customers import Applied, Touch
from streams.duplicates import event_hash
from streams.events import Erasure, Event, Feedback, Interaction, Profile, Refused
from streams.grades import Graded, grade_of
from streams.measure.erased import Erased, ErasedCustomers, is_token
from streams.measure.items import Item
from streams.measure.rows import Forgotten, Tally
from streams.measure.state import PartitionState
from streams.panes import CONTACT, INTERACTION, Pane, PaneKey
from streams.scales import Scale, scale_of
from streams.settings import MeasureSettings
from streams.store.deadletters import DeadLetter
from streams.store.feedback import FeedbackRow, key_of

NEVER_MS = -(2**62)


@dataclass(slots=True)
class Fold:
    """One batch on its way into a partition's state.

    `stored` holds the answers that the database had under this batch's keys; `new_token` makes the random token of
    an erasure. Call `finish` after the last `add`; `minutes` and `hours` then hold the changes of panes.
    """

    state: PartitionState
    settings: MeasureSettings
    erased: ErasedCustomers
    stored: Mapping[bytes, FeedbackRow]
    new_token: str
    minutes: dict[PaneKey, Pane]
    _grades: dict[tuple[str, str | None], Graded | None] = field(default_factory=dict)
    _fates: dict[tuple[str | None, str, bool], int] = field(default_factory=dict)
    _greatest_ms: int = NEVER_MS
    _append_ms: int = NEVER_MS

    def add(self, item: Item) -> None:
        """Fold one record. Whatever it is, it ends as accepted, duplicate or refused."""
        event, append_ms = item.event, item.append_ms
        kind = type(event)  # compared by identity, most frequent first: this runs for every event
        if kind is Interaction:
            fate = self._interaction(cast(Interaction, event), item)
        elif kind is Feedback:
            fate = self._feedback(cast(Feedback, event), item)
        elif kind is Refused:
            fate = self._refuse(cast(Refused, event), item)
        elif kind is Profile:
            fate = self._profile(cast(Profile, event), item)
        else:
            fate = self._erasure(cast(Erasure, event))
        if item.token is not None:
            self._mention(cast(Event, event).customer)
        history = False
        if not isinstance(event, Refused):
            time_ms = event.time_ms
            history = fate == "accepted" and not self._live(time_ms, append_ms)
            self._greatest_ms = max(self._greatest_ms, time_ms)
        self._append_ms = max(self._append_ms, append_ms)
        what = (item.origin, fate, history)
        self._fates[what] = self._fates.get(what, 0) + 1

    def finish(self) -> None:
        """Hand over what was only counted: how many records ended how, and how far time has come."""
        state = self.state
        if self._fates:
            state.append_ms = max(self._append_ms, state.append_ms or self._append_ms)
        if self._greatest_ms > NEVER_MS:
            state.greatest_ms = max(
                self._greatest_ms, self._greatest_ms if state.greatest_ms is None else state.greatest_ms
            )
        for (origin, fate, history), count in self._fates.items():
            tally = Tally(**{fate: count}, history=count if history else 0)
            state.pending.tally.add(tally)
            if origin is not None:
                state.pending.by_origin.setdefault(origin, Tally()).add(tally)
        self._fates = {}

    def hours(self) -> dict[PaneKey, Pane]:
        """The changes of hour panes: those of their minutes, added up."""
        found: dict[PaneKey, Pane] = {}
        for key, change in self.minutes.items():
            hour = key._replace(minute=hour_start(key.minute))
            pane = found.get(hour)
            if pane is None:
                pane = found[hour] = Pane()
            pane.merge(change)
        return found

    def _refuse(self, event: Refused, item: Item) -> str:
        origin = item.origin or "log"
        self.state.pending.letters.append(DeadLetter(origin, event.field, event.value, event.rule, item.raw))
        if self.erased.by_hash:
            self._mention(_customer_named(item.raw))
        return "refused"

    def _feedback(self, event: Feedback, item: Item) -> str:
        key = key_of(event.source, event.id)
        old = self._stored(key)
        if old is not None and event.revision <= old.revision:
            return "duplicate"
        survey = self.settings.surveys.get(event.survey) if event.survey else None
        scale = scale_of(event.metric, survey)
        live = old.live if old is not None else self._live(event.time_ms, item.append_ms)
        row = FeedbackRow(
            key=key,
            source=event.source,
            id=event.id,
            partition=self.state.partition,
            time_ms=event.time_ms,
            customer=item.token or event.customer,
            channel=event.channel,
            stage=event.stage,
            metric=scale.name,
            survey_kind=survey.kind if survey is not None else "hot",
            survey=event.survey,
            score=event.score,
            bad=scale.outcomes[event.score] == "bad",
            revision=event.revision,
            comment=None if item.token else event.comment,
            reasons=msgspec.json.encode(event.reasons).decode(),
            attributes="{}" if item.token else msgspec.json.encode(event.attributes).decode(),
            live=live,
        )
        pending = self.state.pending
        if old is not None:
            self._answer(old, sign=-1)
        elif live:
            self._respond(row, scale)
        self._answer(row, sign=1)
        if key not in pending.feedback:
            pending.replaced[key] = -1 if old is None else old.revision
        pending.feedback[key] = row
        return "accepted"

    def _stored(self, key: bytes) -> FeedbackRow | None:
        return self.state.pending.feedback.get(key) or self.stored.get(key)

    def _answer(self, row: FeedbackRow, sign: int) -> None:
        """Count an answer in, or out again when a revision replaces it."""
        key = PaneKey(minute_of(row.time_ms), row.channel, row.stage, row.metric, row.survey_kind)
        pane = self._pane(key)
        pane.add(row.score, bad=row.bad, live=row.live, sign=sign)
        if row.customer is None:
            if row.bad:
                pane.add_first(row.live, sign)
            return
        if row.partition != self.state.partition:
            return  # the other partition's journey keeps the answer; its panes are corrected here
        self._live_through(row.customer, _answer_touch(row, self._at_stage(row.stage)), sign)

    def _interaction(self, event: Interaction, item: Item) -> str:
        if not self.state.seen.add(event_hash(event.source, event.id), item.append_ms):
            return "duplicate"
        touchpoint = (event.interaction, event.outcome)
        if touchpoint not in self._grades:
            self._grades[touchpoint] = grade_of(self.settings.framework, *touchpoint)
        graded = self._grades[touchpoint]
        live = self._live(event.time_ms, item.append_ms)
        metric = CONTACT if graded is None else INTERACTION
        pane = self._pane(PaneKey(minute_of(event.time_ms), event.channel, event.stage, metric, ""))
        grade = 0 if graded is None else graded.grade
        bad = graded is not None and graded.bad
        pane.add(grade, bad=bad, live=live)
        if event.wait_seconds is not None or event.duration_seconds is not None:
            pane.add_times(event.wait_seconds, event.duration_seconds)
        customer = item.token or event.customer
        if customer is None:
            if bad:
                pane.add_first(live, 1)
            return "accepted"
        marked = graded is not None and graded.moment_of_truth
        touch = Touch(
            time_ms=event.time_ms,
            source=event.source,
            id=event.id,
            channel=event.channel,
            stage=event.stage,
            kind="interaction",
            name=event.interaction,
            survey_kind="",
            value=grade,
            graded=graded is not None,
            bad=bad,
            moment_of_truth=marked or self._at_stage(event.stage),
            has_comment=False,
            live=live,
            contact_id=None if item.token else event.contact_id,
            outcome=event.outcome,
            minutes=None if event.duration_seconds is None else event.duration_seconds / 60,
        )
        self._live_through(customer, touch, sign=1)
        return "accepted"

    def _profile(self, event: Profile, item: Item) -> str:
        if event.customer is not None and item.token is None:
            self.state.customers.get(event.customer).set_profile(event)
            self.state.customers.touched(event.customer)
        return "accepted"

    def _erasure(self, event: Erasure) -> str:
        customer = event.customer
        if customer is None or is_token(customer):
            return "accepted"  # a redacted log, measured again
        customer_hash = self.erased.hash_of(customer)
        known = self.erased.by_hash.get(customer_hash)
        if known is not None and known.requested_ms >= event.time_ms:
            self._mention(customer)
            return "duplicate"
        token = known.token if known is not None else self.new_token
        self.erased.add({customer_hash: Erased(token, event.time_ms)})
        state = self.state.customers.get(customer)
        self.state.customers.replace(customer, token, state.anonymous(token))
        self.state.pending.forgotten.append(Forgotten(customer, customer_hash, token, event.time_ms))
        return "accepted"

    def _live_through(self, customer: str, touch: Touch, sign: int) -> None:
        owned = self.state
        state = owned.customers.get(customer)
        if is_token(customer):
            state.forgotten = True  # also where a redacted log is measured again
        change = state.apply if sign > 0 else state.retract
        applied: Applied = change(touch, owned.partition)
        owned.customers.touched(customer)
        for first in applied.firsts:
            self._pane(first.key).add_first(first.live, first.sign)
        for flag in applied.flags:
            owned.pending.flags.setdefault(flag.flag_id, flag)

    def _mention(self, customer: str | None) -> None:
        """The log holds the key of somebody who was forgotten: it is redacted again, see cxwatch/erasing.py."""
        if customer is None or is_token(customer):
            return
        customer_hash = self.erased.hash_of(customer)
        if customer_hash in self.erased.by_hash:
            self.state.pending.mentioned[customer_hash] = customer

    def _pane(self, key: PaneKey) -> Pane:
        pane = self.minutes.get(key)
        if pane is None:
            pane = self.minutes[key] = Pane()
        return pane

    def _at_stage(self, stage: str) -> bool:
        found = self.settings.stage.get(stage)
        return found is not None and found.moment_of_truth

    def _live(self, time_ms: int, append_ms: int) -> bool:
        """Not history: recent enough to tell somebody about."""
        return append_ms - time_ms <= self.settings.history_after_seconds * SECOND_MS

    def _respond(self, row: FeedbackRow, scale: Scale) -> None:
        key = (row.metric, row.survey_kind, row.channel, row.stage, scale.outcomes[row.score])
        responses = self.state.pending.responses
        responses[key] = responses.get(key, 0) + 1


class _Who(msgspec.Struct):
    customer: str | None = None


def _customer_named(raw: bytes) -> str | None:
    """The customer of a record that was refused, where it is JSON at least."""
    try:
        return msgspec.json.decode(raw, type=_Who).customer
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _answer_touch(row: FeedbackRow, at_moment_of_truth: bool) -> Touch:
    return Touch(
        time_ms=row.time_ms,
        source=row.source,
        id=row.id,
        channel=row.channel,
        stage=row.stage,
        kind="feedback",
        name=row.metric,
        survey_kind=row.survey_kind,
        value=row.score,
        graded=False,
        bad=row.bad,
        moment_of_truth=at_moment_of_truth,
        has_comment=row.comment is not None,
        live=row.live,
        contact_id=None,
        outcome=None,
        minutes=None,
    )
