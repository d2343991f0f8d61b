"""Families with a sample for every place, written as text at once: as objects they take most of a scrape's time.

The lines are the same in Prometheus' text format and in OpenMetrics; only the head differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from dashboards.outcomes import OUTCOMES, outcome_label
from streams.records import WindowName

OPENMETRICS = "application/openmetrics-text"
_END = b"# EOF\n"


@dataclass(frozen=True, slots=True)
class Text:
    """A family as text: lines of `name{labels} value`, each with its line break."""

    name: str
    kind: str
    told: str
    lines: str

    def encode(self, *, openmetrics: bool) -> bytes:
        """With its head. A counter's name ends with _total; OpenMetrics leaves that out of the head."""
        name = self.name.removesuffix("_total") if openmetrics else self.name
        return f"# HELP {name} {self.told}\n# TYPE {name} {self.kind}\n{self.lines}".encode()


def joined(encoded: bytes, texts: Iterable[Text], content_type: str) -> bytes:
    """What prometheus-client encoded, and these families after it."""
    openmetrics = content_type.startswith(OPENMETRICS)
    parts = [encoded.removesuffix(_END), *(text.encode(openmetrics=openmetrics) for text in texts)]
    return b"".join([*parts, _END] if openmetrics else parts)


def place_labels(channels: Iterable[str], stages: Iterable[str]) -> list[str]:
    """The labels of every place, row by row."""
    return [f'channel="{_escaped(channel)}",stage="{_escaped(stage)}"' for channel, stage in product(channels, stages)]


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def responses(places: Sequence[str], planes: Mapping[tuple[str, str], Sequence[Sequence[int]]]) -> Text:
    """Answers measured: per metric and kind, for every place its counts by outcome."""
    lines = [
        text
        for (metric, kind), rows in planes.items()
        for text in _lines("cx_survey_responses_total", metric, kind, [""], places, rows)
    ]
    return Text("cx_survey_responses_total", "counter", "Survey answers measured, history left out.", "".join(lines))


def windows(
    names: Sequence[WindowName], places: Sequence[str], planes: Mapping[tuple[str, str], Sequence[Sequence[int]]]
) -> Text:
    """Answers in the current windows: for every place its counts, window by window, by outcome."""
    more = [f',window="{name}"' for name in names]
    lines = [
        text
        for (metric, kind), rows in planes.items()
        for text in _lines("cx_window_responses", metric, kind, more, places, rows)
    ]
    return Text("cx_window_responses", "gauge", "Survey answers in the current window, by place.", "".join(lines))


def _lines(
    name: str, metric: str, kind: str, more: Sequence[str], places: Sequence[str], rows: Sequence[Sequence[int]]
) -> list[str]:
    """One text a place. Names of places are arguments of the template: they may hold anything."""
    template = "".join(
        f'{name}{{metric="{metric}",survey_kind="{kind}",%s{extra},outcome="{outcome_label(metric, outcome)}"}} %d\n'
        for extra, outcome in product(more, OUTCOMES)
    )
    values: list[object] = [None] * (2 * len(more) * len(OUTCOMES))
    found = []
    for place, row in zip(places, rows, strict=True):
        values[0::2] = [place] * len(row)
        values[1::2] = row
        found.append(template % tuple(values))
    return found


def gauge(name: str, told: str, lines: Iterable[tuple[str, float]]) -> Text:
    """A gauge with one sample for each of these labels."""
    return Text(name, "gauge", told, "".join(f"{name}{{{labels}}} {value}\n" for labels, value in lines))
