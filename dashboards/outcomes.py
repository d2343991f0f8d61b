"""Which answers of a scale are bad, neutral and good, for every scale that the settings can measure."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.beyond_chance import Sample
from dashboards.words import is_signed
from streams.scales import Outcome, Scale, ScaleError, scale_of
from streams.settings import MeasureSettings

METRICS = ("nps", "csat", "ces", "stars", "thumbs")
OUTCOMES: tuple[Outcome, ...] = ("bad", "neutral", "good")
NPS_NAMES: Mapping[str, str] = {"bad": "detractor", "neutral": "passive", "good": "promoter"}


def scales(settings: MeasureSettings) -> dict[str, Scale]:
    """The scales by name: each metric's own, and those of the configured surveys."""
    found = {scale.name: scale for scale in (scale_of(metric, None) for metric in METRICS)}
    for survey in settings.surveys.values():
        for metric in METRICS:
            try:
                scale = scale_of(metric, survey)
            except ScaleError:
                continue  # the survey's scale is not one of this metric
            found[scale.name] = scale
    return found


def kinds(settings: MeasureSettings) -> tuple[str, ...]:
    """The survey kinds that can occur: hot always, cold where a survey says so."""
    return ("hot", "cold") if any(s.kind == "cold" for s in settings.surveys.values()) else ("hot",)


def outcome_label(metric: str, outcome: str) -> str:
    """How metrics name an outcome: NPS has its own words."""
    return NPS_NAMES.get(outcome, outcome) if metric == "nps" else outcome


def by_outcome(scale: Scale, counts: Mapping[int, int]) -> dict[Outcome, int]:
    """Answers by outcome; points off the scale are left out."""
    found: dict[Outcome, int] = {"bad": 0, "neutral": 0, "good": 0}
    for point, n in counts.items():
        outcome = scale.outcomes.get(point)
        if outcome is not None:
            found[outcome] += n
    return found


def sample(scale: Scale, counts: Mapping[int, int]) -> Sample:
    """The answers by what each is worth to the score, for tests of chance."""
    found = by_outcome(scale, counts)
    if is_signed(scale.name):
        return Sample.of_worth({-1.0: found["bad"], 0.0: found["neutral"], 1.0: found["good"]})
    return Sample.of_worth({0.0: found["bad"] + found["neutral"], 1.0: found["good"]})
