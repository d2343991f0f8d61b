"""From JSON to events and back: one fast decode where all is well, a slow one that explains where it is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from streams.cells import json_of
from streams.clock import MINUTE_MS, SECOND_MS, to_ms
from streams.events import Event, Refused, refused
from streams.explain import EVENT_BYTES_MAX, UNREADABLE, WHOLE_EVENT, explain, rule_of, unknown_fields
from streams.scales import ScaleError, scale_of
from streams.settings import OTHER, MeasureSettings
from streams.wire import (
    Strict,
    Wire,
    WireFeedback,
    WireInteraction,
    from_wire,
    to_json,
)

REPORTED_MAX = 1_000  # names told apart; beyond, new ones are ignored in silence

_strict = msgspec.json.Decoder(Strict).decode
_strict_lines = msgspec.json.Decoder(Strict).decode_lines
_plain = msgspec.json.Decoder(Wire).decode
_NUL = b"\\u0000"
log = structlog.get_logger()


class _Asked(msgspec.Struct):
    metric: str
    survey: str | None = None


def _log_report(what: str) -> None:
    log.warning("event_ignored_part", what=what)


class Decoder:
    """Reads events one by one. Never raises on bad input: what cannot be read comes back as Refused.

    `report` hears once of each unknown field, and of each channel or stage that nobody configured (they count as
    "other").
    """

    def __init__(self, settings: MeasureSettings, report: Callable[[str], None] = _log_report) -> None:
        self.settings = settings
        self._report = report
        self._reported: set[str] = set()
        self._channels = frozenset(settings.channels) | {OTHER}
        self._stages = frozenset(settings.stages) | {OTHER}
        self._future_ms = settings.future_seconds_max * SECOND_MS
        self._scales: dict[tuple[str, str | None], Collection[int]] = {}

    def decode(self, raw: bytes, now_ms: int) -> Event | Refused:
        """One JSON object. `now_ms` is what its time may not be far ahead of."""
        if len(raw) > EVENT_BYTES_MAX or _NUL in raw:
            return self._explain(raw, now_ms)
        wire: Wire
        try:
            wire = _strict(raw)
        except UNREADABLE:
            try:
                wire = _plain(raw)
            except UNREADABLE:
                return self._explain(raw, now_ms)
            for name in unknown_fields(raw, type(wire)):
                self._unknown(name)
        return self._judge(wire, now_ms)

    def decode_all(self, raws: Sequence[bytes], now_ms: Sequence[int]) -> list[Event | Refused]:
        """`decode` of each, at twice the speed where all of them are plain sailing."""
        wires = _lines(raws)
        if wires is None:
            return list(map(self.decode, raws, now_ms))
        return list(map(self._judge, wires, now_ms))

    def decode_mapping(self, fields: Mapping[str, Any], now_ms: int) -> Event | Refused:
        """One row of a table, mapped to our fields: "5.0" is 5, and numbers may be text."""
        raw = json_of(fields)
        return raw if isinstance(raw, Refused) else self.decode(raw, now_ms)

    def _explain(self, raw: bytes, now_ms: int) -> Event | Refused:
        cleaned = explain(raw, self._unknown)
        if isinstance(cleaned, Refused):
            return self._with_scale(cleaned, raw) if cleaned.field == "score" else cleaned
        try:
            wire = _plain(cleaned)
        except UNREADABLE:
            return refused(WHOLE_EVENT, raw[:1_000].decode(errors="replace"), "must be an event that can be read")
        return self._judge(wire, now_ms)

    def _judge(self, wire: Wire, now_ms: int) -> Event | Refused:
        """What needs settings or the time: how late it may be, whether the score is on its scale, the place."""
        time_ms = to_ms(wire.time)
        if not 0 <= time_ms <= now_ms + self._future_ms:
            return self._bad_time(wire, time_ms, now_ms)
        if isinstance(wire, WireInteraction):  # the most frequent first
            if wire.promised_at is not None or wire.actual_at is not None:
                for name, moment in (("promised_at", wire.promised_at), ("actual_at", wire.actual_at)):
                    if moment is not None and to_ms(moment) < 0:
                        return refused(name, moment.isoformat(), "must be 1970-01-01 or later")
        elif isinstance(wire, WireFeedback):
            points = self._scales.get((wire.metric, wire.survey))
            if points is None:
                points = self._points(wire)
            if wire.score not in points:
                return self._off_scale(wire)
        elif not wire.customer:
            return refused("customer", "", "must be given: text of 1 to 128 characters")
        channel = wire.channel or OTHER
        if channel not in self._channels:
            channel = self._other("channel", channel)
        stage = wire.stage or OTHER
        if stage not in self._stages:
            stage = self._other("stage", stage)
        return from_wire(wire, time_ms, channel, stage)

    def _bad_time(self, wire: Wire, time_ms: int, now_ms: int) -> Refused:
        if time_ms < 0:
            return refused("time", wire.time.isoformat(), "must be 1970-01-01 or later")
        ahead = (time_ms - now_ms) // SECOND_MS
        minutes = self._future_ms // MINUTE_MS
        rule = f"must not be more than {minutes} minutes in the future (it is {ahead} s ahead)"
        return refused("time", wire.time.isoformat(), rule)

    def _points(self, wire: WireFeedback) -> Collection[int]:
        """The points that answers to this metric and survey are on; none if there is no such scale."""
        survey = self.settings.surveys.get(wire.survey) if wire.survey else None
        try:
            points: Collection[int] = scale_of(wire.metric, survey).outcomes
        except ScaleError:
            points = ()
        if survey is not None or not wire.survey:
            # Surveys nobody configured are not remembered: there may be any number of names.
            self._scales[wire.metric, wire.survey] = points
        return points

    def _off_scale(self, wire: WireFeedback) -> Refused:
        try:
            return refused("score", wire.score, self._scale_rule(wire.metric, wire.survey))
        except ScaleError as error:
            return refused("survey", wire.survey, str(error))

    def _with_scale(self, found: Refused, raw: bytes) -> Refused:
        """A score that is no whole number: the rule names the scale, where the event says which."""
        try:
            asked = msgspec.json.decode(raw, type=_Asked)
            plain, scaled = rule_of("score", b""), self._scale_rule(asked.metric, asked.survey)
            rule = found.rule.replace(plain.removeprefix("must be "), scaled.removeprefix("must be "))
            return refused("score", found.value, rule)
        except (ScaleError, *UNREADABLE):
            return found

    def _scale_rule(self, metric: str, survey_name: str | None) -> str:
        survey = self.settings.surveys.get(survey_name) if survey_name else None
        scale = scale_of(metric, survey)
        of = f"{scale.label} in survey {survey_name}" if survey is not None else scale.label
        return f"must be a whole number from {scale.low} to {scale.high} ({of})"

    def _other(self, what: str, name: str) -> str:
        self._tell(f"{what} {name[:64]!r} is not in the settings: counted as {OTHER}")
        return OTHER

    def _unknown(self, name: str) -> None:
        self._tell(f"field {name[:64]!r} is not known: ignored")

    def _tell(self, what: str) -> None:
        if what not in self._reported and len(self._reported) < REPORTED_MAX:
            self._reported.add(what)
            self._report(what)


def _lines(raws: Sequence[bytes]) -> Sequence[Wire] | None:
    """All records in one read, or None if anything about them wants a closer look.

    A line break that stands between braces is no part of a record: inside text JSON forbids it, inside an object it
    would want a comma. So each record holds whole values, and as many values as records means one in each.
    """
    joined, breaks = b"\n".join(raws), len(raws) - 1
    if joined.count(b"\n") != breaks or joined.count(b"}\n{") != breaks or not joined.startswith(b"{"):
        return None
    if not joined.endswith(b"}") or _NUL in joined or max(map(len, raws)) > EVENT_BYTES_MAX:
        return None
    try:
        wires: list[Wire] = _strict_lines(joined)
    except UNREADABLE:
        return None
    return wires if len(wires) == len(raws) else None


def routing_key(event: Event) -> bytes:
    """What the log partitions by: the customer, so that one partition holds a journey; else the event's id."""
    return (event.customer or event.id).encode()


def encode(event: Event) -> bytes:
    """Canonical JSON of an event, as the log holds it."""
    return to_json(event)
