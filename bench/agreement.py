"""How far scores in Prometheus are from the product's own: every row of the API beside its recording rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.servers import Prometheus, Sample

LEVELS = ("channel_stage", "channel", "stage", "all")
ENDS = {"score": "cx_score", "low": "cx_score_low", "high": "cx_score_high"}
Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Agreement:
    """Rows compared, the largest difference of a score or an end of its interval, and what one side lacks."""

    compared: int
    largest: float
    only_in_one: tuple[str, ...]


def agreement(prometheus: Prometheus, rows: Iterable[Mapping[str, Any]]) -> Agreement:
    """Compare scores, intervals and n of every place, rollup, metric and window."""
    largest, compared, alone = 0.0, 0, []
    ours = {key_of_row(row): row for row in rows}
    for field, name in {**ENDS, "n": "cx_window_responses"}.items():
        theirs = {}
        for level in LEVELS:
            expr = f"{level}:{name}:sum > 0" if field == "n" else f"{level}:{name}:window"
            theirs |= {key_of_sample(sample): sample[1] for sample in prometheus.instant(expr)}
        expected = {key: float(row[field]) for key, row in ours.items() if row[field] is not None}
        alone += [f"{field} {key}" for key in theirs.keys() ^ expected.keys()]
        for key in theirs.keys() & expected.keys():
            largest = max(largest, abs(theirs[key] - expected[key]))
            compared += 1
    return Agreement(compared, largest, tuple(alone))


def key_of_row(row: Mapping[str, Any]) -> Key:
    """What names a row: metric, survey kind, window, channel and stage, empty for all."""
    place = row["segment"]
    return (row["metric"], row["survey_kind"], row["window"], place["channel"] or "", place["stage"] or "")


def key_of_sample(sample: Sample) -> Key:
    """The same of a sample."""
    labels = sample[0]
    get = labels.get
    return (labels["metric"], labels["survey_kind"], labels["window"], get("channel", ""), get("stage", ""))
