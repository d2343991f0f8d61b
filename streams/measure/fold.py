"""Folding: what a batch of decoded events does to a partition's state.

Pure, and the same whatever the batching. Panes are not touched event by event: a fold collects one change a pane,
which the caller merges once the panes it names are in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from streams.clock import MINUTE_MS, SECOND_MS, hour_start
from streams.customers import Applied, Touch
from streams.duplicates import event_hash
from streams.events import Erasure, Event, Feedback, Interaction, Profile, Refused, overrun_seconds
from streams.grades import Rule, rule_of
from streams.measure.erased import Erased, ErasedCustomers, is_token
from streams.measure.items import Items
from streams.measure.rows import Forgotten, Tally
from streams.measure.state import PartitionState
from streams.measure.touches import answer_touch, feedback_row, interaction_touch
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
    an erasure. Call `finish` after the last `add_all`; `minutes` and `hours` then hold the changes of panes.
    """

    state: PartitionState
    settings: MeasureSettings
    erased: ErasedCustomers
    stored: Mapping[bytes, FeedbackRow]
    new_token: str
    minutes: dict[PaneKey, Pane]
    _rules: dict[tuple[str, str | None], Rule] = field(default_factory=dict)
    _fates: dict[tuple[str | None, str, bool], int] = field(default_factory=dict)
    _greatest_ms: int = NEVER_MS
    _append_ms: int = NEVER_MS
    _forgotten: dict[str, Erased] = field(default_factory=dict)  # by this batch
    _history_after_ms: int = field(init=False)  # what is older tells nobody
    _moments_of_truth: frozenset[str] = field(init=False)  # stages that are

    def __post_init__(self) -> None:
        self._history_after_ms = self.settings.history_after_seconds * SECOND_MS
        self._moments_of_truth = frozenset(n for n, stage in self.settings.stage.items() if stage.moment_of_truth)

    def add_all(self, items: Items, start: int, end: int) -> None:
        """Fold the records [start, end) of a batch, in order. Each ends as accepted, duplicate or refused."""
        fates, history_after_ms, greatest_ms = self._fates, self._history_after_ms, self._greatest_ms
        for event, raw, append_ms, origin, given in items.between(start, end):
            if isinstance(event, Refused):
                what = (origin, self._refuse(event, raw, origin), False)
            else:
                token = self._token(event) if given is None and self._forgotten else given
                time_ms = event.time_ms
                live = append_ms - time_ms <= history_after_ms
                if isinstance(event, Interaction):  # the most frequent first
                    fate = self._interaction(event, append_ms, token, live)
                elif isinstance(event, Feedback):
                    fate = self._feedback(event, token, live)
                elif isinstance(event, Profile):
                    fate = self._profile(event, token)
                else:
                    fate = self._erasure(event)
                if token is not None:
                    self._mention(event.customer)
                what = (origin, fate, not live and fate == "accepted")
                if time_ms > greatest_ms:  # noqa: PLR1730  # a call for every event
                    greatest_ms = time_ms
            fates[what] = fates.get(what, 0) + 1
        self._greatest_ms = greatest_ms
        self._append_ms = max(self._append_ms, max(items.append_ms[start:end], default=NEVER_MS))

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

    def _refuse(self, event: Refused, raw: bytes, origin: str | None) -> str:
        letter = DeadLetter(origin or "log", event.field, event.value, event.rule, raw)
        self.state.pending.letters.append(letter)
        if self.erased.by_hash:
            self._mention(_customer_named(raw))
        return "refused"

    def _token(self, event: Event) -> str | None:
        """Of a customer whom this very batch forgets, ahead of the event."""
        erased = self._forgotten.get(event.customer or "")
        return erased.token if erased is not None and event.time_ms <= erased.requested_ms else None

    def _feedback(self, event: Feedback, token: str | None, live: bool) -> str:
        key = key_of(event.source, event.id)
        old = self._stored(key)
        if old is not None and event.revision <= old.revision:
            return "duplicate"
        survey = self.settings.surveys.get(event.survey) if event.survey else None
        scale = scale_of(event.metric, survey)
        row = feedback_row(event, key, self.state.partition, token, survey, scale, live if old is None else old.live)
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
        pane = self._pane(row.time_ms // MINUTE_MS, row.channel, row.stage, row.metric, row.survey_kind)
        pane.add(row.score, bad=row.bad, live=row.live, sign=sign)
        if row.customer is None:
            if row.bad:
                pane.add_first(row.live, sign)
            return
        if row.partition != self.state.partition:
            return  # the other partition's journey keeps the answer; its panes are corrected here
        self._live_through(row.customer, answer_touch(row, row.stage in self._moments_of_truth), sign)

    def _interaction(self, event: Interaction, append_ms: int, token: str | None, live: bool) -> str:
        if not self.state.seen.add(event_hash(event.source, event.id), append_ms):
            return "duplicate"
        touchpoint = (event.interaction, event.outcome)
        try:
            rule = self._rules[touchpoint]
        except KeyError:
            rule = self._rules[touchpoint] = rule_of(self.settings.framework, *touchpoint)
        overrun = overrun_seconds(event)
        graded = rule.grade(event.wait_seconds, overrun)
        stage = event.stage
        grade, bad, metric = (0, False, CONTACT) if graded is None else (graded.grade, graded.bad, INTERACTION)
        pane = self._pane(event.time_ms // MINUTE_MS, event.channel, stage, metric, "")
        pane.add(grade, bad=bad, live=live)
        if event.wait_seconds is not None or event.duration_seconds is not None or overrun is not None:
            pane.add_times(event.wait_seconds, event.duration_seconds, overrun)
        customer = token or event.customer
        if customer is None:
            if bad:
                pane.add_first(live, 1)
            return "accepted"
        marked = stage in self._moments_of_truth
        self._live_through(customer, interaction_touch(event, graded, marked, live, token is not None), sign=1)
        return "accepted"

    def _profile(self, event: Profile, token: str | None) -> str:
        if event.customer is not None and token is None:
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
        erased = Erased(token, event.time_ms)
        self.erased.add({customer_hash: erased})
        self._forgotten[customer] = erased
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
            self._pane(*first.key).add_first(first.live, first.sign)
        for flag in applied.flags:
            owned.pending.flags.setdefault(flag.flag_id, flag)

    def _mention(self, customer: str | None) -> None:
        """The log holds the key of somebody who was forgotten: it is redacted again, see cxwatch/erasing.py."""
        if customer is None or is_token(customer):
            return
        customer_hash = self.erased.hash_of(customer)
        if customer_hash in self.erased.by_hash:
            self.state.pending.mentioned[customer_hash] = customer

    def _pane(self, minute: int, channel: str, stage: str, metric: str, survey_kind: str) -> Pane:
        place = (minute, channel, stage, metric, survey_kind)  # equal to its PaneKey, and cheaper to make
        pane: Pane | None = self.minutes.get(place)  # type: ignore[call-overload]  # see above
        if pane is None:
            pane = self.minutes[PaneKey(*place)] = Pane()
        return pane

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
