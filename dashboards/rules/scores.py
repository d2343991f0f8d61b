"""Recording rules: scores and 95 % intervals of the current windows, by place and for each rollup.

The formulas are those of streams/scales.py (adjusted Wald for NPS, Wilson for shares), so that a panel and the API
show the same number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dashboards.rules.records import Group, Record
from streams.scales import Z_95

LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"channel_stage": ("channel", "stage"), "channel": ("channel",), "stage": ("stage",), "all": ()}
)
GOOD, BAD = 'outcome=~"good|promoter"', 'outcome=~"bad|detractor"'
NPS, SHARE = 'metric="nps"', 'metric!="nps"'
Z2 = Z_95 * Z_95


def score_groups(min_n: int) -> list[Group]:
    """A group a level: counts, then the score, then the ends of its interval."""
    return [Group(f"cxwatch scores by {level.replace('_', ' and ')}", list(_rules(level, min_n))) for level in LEVELS]


def _rules(level: str, min_n: int) -> Iterator[Record]:
    labels = ", ".join(("metric", "survey_kind", "window", *LEVELS[level]))
    n, good, bad = (f"{level}:cx_window_{name}:sum" for name in ("responses", "good", "bad"))
    yield Record(n, f"sum by ({labels}) (cx_window_responses)")
    yield Record(good, f"sum by ({labels}) (cx_window_responses{{{GOOD}}})")
    yield Record(bad, f"sum by ({labels}) (cx_window_responses{{{BAD}}})")
    enough = f"and {n} >= {max(1, min_n)}"
    yield Record(f"{level}:cx_score:window", f"(({_nps(n, good, bad)}) or ({_share(n, good)})) {enough}")
    for name, sign in (("low", "-"), ("high", "+")):
        nps, share = _nps_end(n, good, bad, sign), _share_end(n, good, sign)
        yield Record(f"{level}:cx_score_{name}:window", f"(({nps}) or ({share})) {enough}")


def _nps(n: str, good: str, bad: str) -> str:
    return f"100 * ({good}{{{NPS}}} - {bad}{{{NPS}}}) / {n}{{{NPS}}}"


def _share(n: str, good: str) -> str:
    return f"100 * {good}{{{SHARE}}} / {n}{{{SHARE}}}"


def _nps_end(n: str, good: str, bad: str, sign: str) -> str:
    """3 answers are added, 3/4 of them promoters and 3/4 detractors."""
    size = f"({n}{{{NPS}}} + 3)"
    difference = f"(({good}{{{NPS}}} - {bad}{{{NPS}}}) / {size})"
    both = f"(({good}{{{NPS}}} + {bad}{{{NPS}}} + 1.5) / {size})"
    half = f"{Z_95} * sqrt(({both} - {difference} ^ 2) / {size})"
    return f"clamp(100 * ({difference} {sign} {half}), -100, 100)"


def _share_end(n: str, good: str, sign: str) -> str:
    size = f"{n}{{{SHARE}}}"
    share = f"({good}{{{SHARE}}} / {size})"
    centre = f"({share} + {Z2 / 2!r} / {size})"
    half = f"{Z_95} * sqrt({share} * (1 - {share}) / {size} + {Z2 / 4!r} / {size} ^ 2)"
    return f"clamp(100 * ({centre} {sign} {half}) / (1 + {Z2!r} / {size}), 0, 100)"
