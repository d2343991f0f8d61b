"""The events of one journey while it is being told: ids, common fields and the two kinds of events."""

from __future__ import annotations

from random import Random
from typing import Any

from cxwatch.demo import comments, surveys
from cxwatch.demo.calendar import by_day
from cxwatch.demo.chance import pick
from cxwatch.demo.customers import Customer
from streams.clock import MINUTE_MS, rfc3339

Event = dict[str, Any]
_COMMENTS = {"bad": 0.6, "neutral": 0.3, "good": 0.25}  # share of answers with words, by mood
_HOTLINE_SOURCE = {"phone": "contact-center", "chat": "contact-center", "email": "contact-center"}


class Story:
    """Collects (time, event) of one journey. Everything random comes from the journey's own generator."""

    def __init__(self, rng: Random, journey: str, customer: Customer) -> None:
        self.rng = rng
        self.journey = journey
        self.customer = customer
        self.events: list[tuple[int, Event]] = []

    def minutes(self, low: float, high: float) -> int:
        """A few minutes, in milliseconds."""
        return self.rng.randint(int(low * MINUTE_MS), int(high * MINUTE_MS))

    def later(self, at_ms: int, low_minutes: float, high_minutes: float) -> int:
        """A time so many minutes later, rather by day than at night."""
        return by_day(self.rng, at_ms + int(low_minutes * MINUTE_MS), at_ms + int(high_minutes * MINUTE_MS))

    def interact(
        self, at_ms: int, channel: str, stage: str, name: str, outcome: str | None = None, **fields: Any
    ) -> None:
        """Something the customer lived through. Fields are the event's own; None ones are left out."""
        event = self._common("interaction", channel, stage, _HOTLINE_SOURCE.get(channel, "shop"))
        event["interaction"] = name
        if outcome is not None:
            event["outcome"] = outcome
        event.update((field, value) for field, value in fields.items() if value is not None)
        self.events.append((at_ms, event))

    def promise(self, due_ms: int, actual_ms: int) -> dict[str, str]:
        """What was promised and when it came, as fields of an interaction."""
        return {"promised_at": rfc3339(due_ms), "actual_at": rfc3339(actual_ms)}

    def answer(
        self, at_ms: int, channel: str, stage: str, *, bad: bool, reason: str, praise: str, furious: bool = False
    ) -> None:
        """The customer answers a survey about a stage; `bad` is whether something just went wrong there."""
        rng = self.rng
        asked = pick(rng, surveys.ASKED[stage])
        felt: surveys.Mood = "bad" if furious else surveys.mood(rng, bad)
        event = self._common("feedback", channel, stage, "surveys")
        event["metric"] = asked.metric
        event["score"] = surveys.score(rng, asked.metric, felt, furious)
        event["survey"] = asked.name
        why = reason if felt == "bad" else praise
        if felt != "neutral" and rng.random() < 0.7:
            event["reasons"] = [why]
        if rng.random() < _COMMENTS[felt]:
            event["comment"] = comments.comment(rng, self.customer.language, why)
        self.events.append((at_ms, event))

    def _common(self, kind: str, channel: str, stage: str, source: str) -> Event:
        event: Event = {
            "id": f"{self.journey}-{len(self.events)}",
            "source": source,
            "type": kind,
            "channel": channel,
            "stage": stage,
        }
        if self.customer.key is not None:
            event["customer"] = self.customer.key
        return event
