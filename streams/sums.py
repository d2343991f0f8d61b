"""Grade sums of a customer per stage and UTC day, over the last 30 days: what the CX score is made of."""

from __future__ import annotations

import struct

SUM_DAYS = 30  # the day of the customer's last event and the 29 before it

_RECORD = struct.Struct(">ii")  # day since the epoch, sum of its grades
_SIZE = _RECORD.size
_SUM_MAX = 2**31 - 1  # a sum stays there rather than fail: two million events of the largest grade in one day


def add(days: dict[str, bytes], stage: str, day: int, grade: int) -> None:
    """Count a grade. Stages stay sorted, and days within them, so that equal sums are equal bytes."""
    data = days.get(stage)
    if data is None:
        in_order = not days or stage > next(reversed(days))
        days[stage] = _RECORD.pack(day, grade)
        if not in_order:
            _sort(days)
        return
    last, total = _RECORD.unpack_from(data, len(data) - _SIZE)
    if day == last:
        days[stage] = data[:-_SIZE] + _RECORD.pack(day, _bounded(total + grade))
    elif day > last:
        days[stage] = data + _RECORD.pack(day, grade)
    else:
        sums: dict[int, int] = dict(_RECORD.iter_unpack(data))
        sums[day] = _bounded(sums.get(day, 0) + grade)
        days[stage] = b"".join(_RECORD.pack(*pair) for pair in sorted(sums.items()))


def forget(days: dict[str, bytes], before_day: int) -> None:
    """Drop the days before this one."""
    for stage, data in list(days.items()):
        if _RECORD.unpack_from(data)[0] < before_day:
            kept = b"".join(_RECORD.pack(day, total) for day, total in _RECORD.iter_unpack(data) if day >= before_day)
            if kept:
                days[stage] = kept
            else:
                del days[stage]


def between(days: dict[str, bytes], from_day: int, to_day: int) -> dict[str, int]:
    """The sum of grades per stage over [from_day, to_day); a stage without a graded touch is not in it."""
    found: dict[str, int] = {}
    for stage, data in days.items():
        within = [total for day, total in _RECORD.iter_unpack(data) if from_day <= day < to_day]
        if within:
            found[stage] = sum(within)
    return found


def _sort(days: dict[str, bytes]) -> None:
    ordered = {stage: days[stage] for stage in sorted(days)}
    days.clear()
    days.update(ordered)


def _bounded(total: int) -> int:
    return max(-_SUM_MAX, min(_SUM_MAX, total))
