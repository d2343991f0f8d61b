"""Colours of the boards (Okabe-Ito, dark ground), each with the glyph and the word that say the same without it."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import DashboardSpecialValueMapOptions as SpecialOptions
from grafana_foundation_sdk.models.dashboard import (
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)

BAD = "#FF8A3D"
GOOD = "#56B4E9"
OK = "#2FC196"
WARN = "#F0B429"
MARK = "#E29BC2"
NEUTRAL = "#8F9AA5"
QUIET = "#252D35"
STALE = "#F0E442"

NO_DATA = "no data"


def said(text: str, color: str) -> ValueMappingResult:
    """What stands instead of a number."""
    return ValueMappingResult(text=text, color=color)


def words(values: dict[str, ValueMappingResult], missing: str | None = None) -> list[ValueMapping]:
    """Words for numbers, and for a cell without one."""
    mappings: list[ValueMapping] = [ValueMap(options=values)]
    if missing is not None:
        nothing = SpecialOptions(match=SpecialValueMatch.NULL_AND_NAN, result=said(missing, QUIET))
        mappings.append(SpecialValueMap(options=nothing))
    return mappings


STANDING = words(
    {
        "-2": said("▼ incident", BAD),
        "-1": said("▼ below usual", BAD),
        "0": said("→ as usual", QUIET),
        "1": said("▲ above usual", GOOD),
        "8": said("too few", QUIET),
        "9": said("no answers now", QUIET),
        "10": said("never answered", QUIET),
    },
    missing="not offered",
)
LIVE = words({"0": said("● live", OK), "1": said("STALE: no data comes in", STALE)}, missing="not scraped")
DECIDING = words({"1": said("✓ somebody decides", OK), "0": said("! nobody decides", BAD)}, missing="not scraped")
UP = words({"1": said("✓ read", OK), "0": said("! not read", BAD)}, missing="not scraped")
