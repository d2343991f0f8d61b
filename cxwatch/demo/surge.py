"""The extra customers an incident brings: those hit by it now, beside the ordinary journeys that run into it."""

from __future__ import annotations

from cxwatch.demo import comments
from cxwatch.demo.incidents import Incident
from cxwatch.demo.journeys import deliver, support
from cxwatch.demo.story import Story

SPAMMERS = 12


def hit(story: Story, at_ms: int, incident: Incident) -> None:
    """Tell what happens to one customer that the incident hits at a time."""
    match incident.kind:
        case "delivery":
            _late_parcel(story, at_ms, incident)
        case "payment":
            _no_payment(story, at_ms, incident)
        case "spam":
            _spam(story, at_ms, incident)


def _late_parcel(story: Story, at_ms: int, incident: Incident) -> None:
    rng = story.rng
    home = rng.choice(incident.channels)
    late = rng.random() < 0.92
    now, _ = deliver(story, at_ms, home, late=late, furious=True)
    if late and rng.random() < 0.35:
        support(story, now + story.minutes(1, 20), "late_delivery", "phone", rush=True)


def _no_payment(story: Story, at_ms: int, incident: Incident) -> None:
    rng = story.rng
    now, home = at_ms, incident.channels[0]
    for attempt in range(rng.randint(1, 3)):
        attributes = {
            "attempt": attempt + 1,
            "app_version": "8.2.0",
            "order_value": round(rng.lognormvariate(3.9, 0.6), 2),
        }
        story.interact(now, home, incident.stage, "payment", "failed", attributes=attributes)
        now += story.minutes(0.3, 2)
    if rng.random() < 0.6:
        story.answer(now, home, incident.stage, bad=True, reason="payment_failed", praise="easy_checkout", furious=True)
    if rng.random() < 0.2:
        support(story, now + story.minutes(1, 15), "payment_failed", "chat", rush=True)


def _spam(story: Story, at_ms: int, incident: Incident) -> None:
    """A dozen accounts answer again and again, in words that hardly differ."""
    number = story.rng.randrange(SPAMMERS)
    story.customer = story.customer._replace(key=f"x-{incident.start_ms // 60_000}-{number}")
    story.answer(
        at_ms, incident.channels[0], incident.stage, bad=True, reason="not_solved", praise="quick_help", furious=True
    )
    story.events[-1][1]["comment"] = comments.spam(story.rng)
