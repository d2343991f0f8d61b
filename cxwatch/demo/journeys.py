"""An ordinary customer's journey: looks around, buys, gets the parcel, uses it, maybe calls, maybe sends it back.

What goes wrong at one step makes the next answer worse and a call more likely, as in life. No journey is longer than
`SPAN_MS`, so that the events of any minute can be told from the journeys that began within that time before it.
"""

from __future__ import annotations

from cxwatch.demo.chance import pick
from cxwatch.demo.incidents import around
from cxwatch.demo.story import Story
from streams.clock import HOUR_MS, MINUTE_MS, minute_of

SPAN_MS = 24 * HOUR_MS
_HOMES = (("web", 0.46), ("app", 0.39), ("store", 0.10), ("email", 0.05))
_SUPPORT = (("phone", 0.42), ("chat", 0.33), ("email", 0.25))
_RETURNS = {"web": "web", "app": "app", "store": "store", "email": "email"}
_WAITS = {"phone": 90.0, "chat": 45.0, "email": 5_400.0}  # seconds to the first reply, the middle of it


def ordinary(story: Story, at_ms: int, seed: int, live_ms: int) -> None:
    """Tell one journey that begins at a time. `live_ms` is the live start, which the incidents count from."""
    rng = story.rng
    home = pick(rng, _HOMES)
    now, happy = _discover(story, at_ms, home)
    if rng.random() > (0.60 if happy else 0.35):
        return
    now, paid = _buy(story, now, home, _hit(seed, live_ms, now, "payment", home))
    if not paid:
        if rng.random() < 0.3:
            support(story, story.later(now, 3, 40), "payment_failed")
        return
    arrives = story.later(now, 2 * 60, 12 * 60)
    failing = _hit(seed, live_ms, arrives, "delivery", home)
    late = rng.random() < (0.6 if failing else 0.11)
    arrives, fine = deliver(story, arrives, home, late=late, furious=False)
    if rng.random() < (0.13 if fine else 0.50):
        support(story, story.later(arrives, 10, 120), "late_delivery" if late else "damaged")
    if rng.random() < 0.65:
        _use(story, story.later(arrives, 30, 4 * 60), home)
    if rng.random() < (0.08 if fine else 0.25):
        _send_back(story, story.later(arrives, 60, 5 * 60), home)


def _hit(seed: int, live_ms: int, at_ms: int, kind: str, channel: str) -> bool:
    return any(
        incident.kind == kind and channel in incident.channels and incident.rate(at_ms) > 0
        for incident in around(seed, live_ms, minute_of(at_ms))
    )


def _discover(story: Story, at_ms: int, home: str) -> tuple[int, bool]:
    rng = story.rng
    bad = rng.random() < 0.14
    story.interact(at_ms, home, "discover", "product_search", "no_results" if bad else "found")
    now = at_ms + story.minutes(0.5, 4)
    if rng.random() < 0.5:
        story.interact(
            now, home, "discover", "product_page", "viewed", duration_seconds=round(rng.expovariate(1 / 40), 1)
        )
        now += story.minutes(0.3, 3)
    if rng.random() < 0.45:
        reason = "search" if bad else "price"
        story.answer(now, home, "discover", bad=bad, reason=reason, praise="found_it")
    return now + story.minutes(0.5, 10), not bad


def _buy(story: Story, at_ms: int, home: str, broken: bool) -> tuple[int, bool]:
    rng = story.rng
    value = round(rng.lognormvariate(3.9, 0.6), 2)
    now, paid = at_ms, False
    for attempt in range(2):
        paid = rng.random() > (0.75 if broken else 0.09)
        story.interact(
            now, home, "buy", "payment", "ok" if paid else "failed",
            duration_seconds=round(rng.uniform(2, 30), 1), attributes={"order_value": value, "attempt": attempt + 1},
        )  # fmt: skip
        now += story.minutes(0.5, 3)
        if paid or rng.random() < 0.4:
            break
    failed = not paid
    if rng.random() < 0.65:
        story.answer(
            now, home, "buy", bad=failed, reason="payment_failed" if failed else "price", praise="easy_checkout"
        )
    return now + story.minutes(0.5, 2), paid


def deliver(story: Story, at_ms: int, home: str, *, late: bool, furious: bool) -> tuple[int, bool]:
    """The parcel comes, or a note that it does not; then the survey. Also how the delivery incident tells its part."""
    rng = story.rng
    damaged = not late and rng.random() < 0.025
    promised = at_ms - (story.minutes(3 * 60, 30 * 60) if late else -story.minutes(5, 240))
    outcome = "late" if late else "damaged" if damaged else "on_time"
    story.interact(
        at_ms, home, "deliver", "delivery", outcome,
        attributes={"carrier": "Nordpaket" if late else rng.choice(("Nordpaket", "Eilbote"))},
        **story.promise(promised, at_ms),
    )  # fmt: skip
    now = at_ms + story.minutes(0.5, 6 if furious else 45)
    bad = late or damaged
    if rng.random() < (0.85 if furious else 0.78):
        reason = "damaged" if damaged else "late_delivery"
        story.answer(now, home, "deliver", bad=bad, reason=reason, praise="fast_delivery", furious=furious and late)
    return now, not bad


def _use(story: Story, at_ms: int, home: str) -> None:
    rng = story.rng
    channel = "email" if home == "store" else home
    broken = rng.random() < 0.11
    story.interact(at_ms, channel, "use", "product_use", "defect" if broken else "works")
    if rng.random() < 0.75:
        story.answer(story.later(at_ms, 5, 60), channel, "use", bad=broken, reason="quality", praise="good_quality")
    if broken and rng.random() < 0.35:
        support(story, story.later(at_ms, 10, 120), "quality")


def support(story: Story, at_ms: int, cause: str, channel: str | None = None, *, rush: bool = False) -> None:
    """A call, chat or mail about a cause. `rush` is the hotline during an incident: longer waits, more give up."""
    rng = story.rng
    channel = channel or pick(rng, _SUPPORT)
    wait = _WAITS[channel] * rng.lognormvariate(0.9 if rush else 0, 0.7)
    roll = rng.random()
    outcome = (
        "abandoned" if roll < (0.25 if rush else 0.05) else "unsolved" if roll < (0.5 if rush else 0.18) else "solved"
    )
    talked = outcome != "abandoned"
    story.interact(
        at_ms, channel, "support", {"phone": "call", "chat": "chat", "email": "mail"}[channel], outcome,
        wait_seconds=round(wait, 1),
        duration_seconds=round(rng.lognormvariate(5.5, 0.6), 1) if talked else None,
        contact_id=f"k-{story.journey}",
        agent=f"agent-{rng.randrange(40):02d}" if talked else None,
        attributes={"cause": cause},
    )  # fmt: skip
    if talked and rng.random() < 0.75:
        now = at_ms + story.minutes(4, 20)
        bad = outcome == "unsolved"
        story.answer(now, channel, "support", bad=bad, reason="not_solved" if bad else "long_wait", praise="quick_help")


def _send_back(story: Story, at_ms: int, home: str) -> None:
    rng = story.rng
    channel = _RETURNS[home]
    slow = rng.random() < 0.15
    story.interact(at_ms, channel, "return", "return_request", "slow" if slow else "refunded")
    if rng.random() < 0.6:
        now = at_ms + int(rng.uniform(1, 15) * MINUTE_MS)
        story.answer(now, channel, "return", bad=slow, reason="refund_slow", praise="easy_return")
