"""Burn rates: how many times faster than the objective allows answers are bad, over an hour and over five minutes.

The well-known page at 14.4 times cannot fire here: with an objective of 85 % every answer may be bad and the burn is
6.67. So 3 times over both spans, and more than 50 answers in the hour: less could be chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dashboards.rules.records import AlertRule, Group, Record
from dashboards.settings import BURN_MAX, BoardSettings

SPANS = ("5m", "1h")
LEAST_N = 50
LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType({"channel_stage": ("channel", "stage"), "all": ()})
LABELS = {"nps": "NPS", "csat": "CSAT", "ces": "CES", "stars": "Stars", "thumbs": "Thumbs"}


def burn_records(settings: BoardSettings) -> Group:
    """Shares of answers that are not fine, burn rates, and answers an hour."""
    return Group("cxwatch burn rates", list(_records(settings.objectives.fine)))


def _records(fine: Mapping[str, float]) -> Iterator[Record]:
    for level, names in LEVELS.items():
        by = ", ".join(("metric", "survey_kind", *names))
        yield Record(f"{level}:cx_responses:increase1h", f"sum by ({by}) (increase(cx_survey_responses_total[1h]))")
        for span in SPANS:
            burns = [f"({_burn(metric, share, by, span)})" for metric, share in fine.items()]
            if burns:
                yield Record(f"{level}:cx_burn:rate{span}", " or ".join(burns))


def _burn(metric: str, fine: float, by: str, span: str) -> str:
    bad = f"rate(cx_survey_responses_total{{{_scales(metric)}, {_not_fine(metric)}}}[{span}])"
    every = f"rate(cx_survey_responses_total{{{_scales(metric)}}}[{span}])"
    return f"sum by ({by}) ({bad}) / (sum by ({by}) ({every}) > 0) / {round((100 - fine) / 100, 6):g}"


def burn_alerts(settings: BoardSettings) -> Iterator[AlertRule]:
    """For each objective: one alert a place and one for everything."""
    for metric, fine in settings.objectives.fine.items():
        for level, names in LEVELS.items():
            everywhere = not names
            where = "everywhere" if everywhere else "{{ $labels.channel }} · {{ $labels.stage }}"
            on = f"on ({', '.join(('metric', 'survey_kind', *names))})"
            choice = f"{{{_scales(metric)}}}"
            burns = [f"{level}:cx_burn:rate{span}{choice} > {BURN_MAX:g}" for span in reversed(SPANS)]
            yield AlertRule(
                alert=f"Cx{LABELS[metric]}Burn{'Everywhere' if everywhere else ''}",
                expr=f"{burns[0]} and {on} {burns[1]} and {on} {level}:cx_responses:increase1h{choice} > {LEAST_N}",
                pending="2m",
                severity="critical",
                summary=f"{LABELS[metric]} {where}: {_bad_words(metric)} "
                '{{ printf "%.1f" $value }} times as many as the objective allows',
                description=f"Over the last hour and 5 minutes. The objective: {fine:g} % {_fine_words(metric)}.",
                page=f"{settings.public_url}/incidents",
            )


def _scales(metric: str) -> str:
    """Every scale of a metric: csat, and csat_1_7 of a survey with a scale of its own."""
    return f'metric="{metric}"' if metric in ("nps", "thumbs", "stars") else f'metric=~"{metric}.*"'


def _not_fine(metric: str) -> str:
    return 'outcome="detractor"' if metric == "nps" else 'outcome!="good"'


def _bad_words(metric: str) -> str:
    return "detractors, " if metric == "nps" else "not satisfied, "


def _fine_words(metric: str) -> str:
    return "of answers are no detractor's" if metric == "nps" else "of answers are good"
