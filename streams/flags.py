"""Flags: customers that need attention now, and how much. Only live touches raise any."""

from __future__ import annotations

import hashlib
import zlib
from bisect import insort
from functools import lru_cache

from streams.clock import DAY_MS, HOUR_MS, SECOND_MS
from streams.firsts import BadTouch
from streams.records import Flag, FlagKind
from streams.scales import scale_named
from streams.touch import Lived, Touch, case_of

SILENCE_MS = 48 * HOUR_MS  # no answer for so long after a bad graded interaction: silent unhappy
THIRD_WITHIN_MS = 7 * DAY_MS
CAUSES_MAX = 8  # causes of contact remembered a customer, the latest
CAUSE_DAYS = 14  # and for how long before the customer's last event, in UTC days
GRADE_WORST = 5  # a grade of -5 and below is as bad as it gets
NAME_MAX = 64


def depth_of(touch: Touch) -> float:
    """How bad a bad touch is, 0 (just so) to 1: the place of the score among the bad points, or the grade over -5."""
    if touch.kind == "interaction":
        return min(1.0, max(0.0, -touch.value / GRADE_WORST))
    return _depth_on(touch.name, touch.value)


@lru_cache(maxsize=4096)
def _depth_on(name: str, score: int) -> float:
    scale = scale_named(name)
    points = [point for point, outcome in scale.outcomes.items() if outcome == "bad"]
    mildest, worst = (points[0], points[-1]) if scale.best == scale.low else (points[-1], points[0])
    return 1.0 if mildest == worst else (score - mildest) / (worst - mildest)


def weight_of(touch: Touch) -> int:
    """How much a bad touch weighs when a customer's worst one is sought, 10-50: by depth, 10 more where it counts."""
    return round(10 + 30 * depth_of(touch)) + (10 if touch.moment_of_truth else 0)


def flags_of(touch: Touch, customer: str, partition: int) -> list[Flag]:
    """The flags of one bad live touch: at a moment of truth (severity 40-50), an answer with a comment (25-40)."""
    found: list[Flag] = []
    if touch.moment_of_truth:
        severity = 40 + round(10 * depth_of(touch))
        reason = f"{_what(touch)} at a moment of truth"
        found.append(_flag("moment_of_truth", touch, (customer, partition), severity, reason))
    if touch.kind == "feedback" and touch.has_comment:
        severity = 25 + round(15 * depth_of(touch))
        found.append(
            _flag("detractor_comment", touch, (customer, partition), severity, f"{_what(touch)} with a comment")
        )
    return found


def is_contact(touch: Touch | Lived) -> bool:
    """Did this cost the customer another go? Every interaction with a contact_id did, and others unless a success.

    Without a contact_id a graded interaction that was not bad is no contact for a cause: nobody is flagged for three
    parcels that came in time. One without any grade is: grade what customers do happily, or send contact_ids.
    """
    if touch.kind != "interaction":
        return False
    case = touch.case if isinstance(touch, Lived) else case_of(touch.contact_id)
    return bool(case) or touch.bad or not touch.graded


def cause_of(touch: Touch | Lived) -> int:
    """32 bits that stand for why the customer came: the contact_id, else interaction and stage."""
    case = touch.case if isinstance(touch, Lived) else case_of(touch.contact_id)
    return case or zlib.crc32(f"{touch.name}\0{touch.stage}".encode()) & ~1


def third_contact(causes: list[list[int]], touch: Touch, customer: str, partition: int) -> Flag | None:
    """Remember a contact in `causes`; a flag when it makes three in 7 days.

    `causes` holds [cause, its last three times in seconds], sorted. Severity 25 with a contact_id, 20 without. A run
    of contacts is flagged once: only where the last three were not within 7 days before. Beyond CAUSES_MAX causes the
    one least lately met is forgotten.
    """
    cause = cause_of(touch)
    second = touch.time_ms // SECOND_MS
    entry = next((known for known in causes if known[0] == cause), None)
    if entry is None:
        insort(causes, [cause, second])
        if len(causes) > CAUSES_MAX:
            causes.remove(min(causes, key=lambda known: (known[-1], known[0])))
        return None
    times = entry[1:]
    was_third = _is_third(times)
    insort(times, second)
    del times[:-3]
    entry[1:] = times
    if was_third or not _is_third(times) or not touch.live:
        return None
    severity, about = (25, "one contact") if touch.contact_id is not None else (20, "the same thing")
    reason = f"third contact about {about} within 7 days: {touch.name[:NAME_MAX]} ({touch.channel} · {touch.stage})"
    return _flag("third_contact", touch, (customer, partition), severity, reason, f"{cause}:{times[0]}")


def forget_causes(causes: list[list[int]], before_ms: int) -> None:
    """Drop contacts before this time (a whole second)."""
    horizon = before_ms // SECOND_MS
    for entry in causes:
        if entry[1] < horizon:
            entry[1:] = [second for second in entry[1:] if second >= horizon]
    causes[:] = [entry for entry in causes if len(entry) > 1]


def silent_flag(bad: BadTouch, customer: str, partition: int) -> Flag:
    """The flag of a customer who gave no answer in 48 h after this bad graded interaction (severity 15-25)."""
    reason = f"bad {bad.name[:NAME_MAX]} and no answer in 48 hours ({bad.channel} · {bad.stage})"
    severity = 15 + round(10 * (min(bad.weight, 40) - 10) / 30)
    return _flag("silent_unhappy", bad, (customer, partition), severity, reason)


def _is_third(times: list[int]) -> bool:
    return len(times) == 3 and times[2] - times[0] < THIRD_WITHIN_MS // SECOND_MS


def _what(touch: Touch) -> str:
    place = f"({touch.channel} · {touch.stage})"
    if touch.kind == "interaction":
        return f"bad {touch.name[:NAME_MAX]} {place}"
    scale = scale_named(touch.name)
    if scale.metric == "thumbs":
        return f"thumbs down {place}"
    if scale.metric == "stars":
        return f"{touch.value} of {scale.high} stars {place}"
    of = "" if scale.metric == "nps" else f" of {scale.high}"
    return f"{scale.label} {touch.value}{of} {place}"


def _flag(
    kind: FlagKind,
    touch: Touch | BadTouch,
    whose: tuple[str, int],
    severity: int,
    reason: str,
    cause: str | None = None,
) -> Flag:
    customer, partition = whose
    identity = cause if cause is not None else f"{len(touch.source)}:{touch.source}{touch.id}"
    flag_id = hashlib.blake2b(f"{kind}\0{len(customer)}:{customer}{identity}".encode(), digest_size=16).hexdigest()
    return Flag(
        flag_id=flag_id,
        kind=kind,
        customer=customer,
        partition=partition,
        time_ms=touch.time_ms,
        channel=touch.channel,
        stage=touch.stage,
        event_source=touch.source,
        event_id=touch.id,
        severity=severity,
        reason=reason,
    )
