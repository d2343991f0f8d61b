"""What the pages say in German, by what they say in English: a file a page. Words as in the design's table."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.pages.german import (
    case,
    frame,
    incident,
    incidents,
    journey,
    overview,
    queue,
    refusals,
    settings,
    sign_in,
    wall,
)
from dashboards.pages.german.frame import DATES

__all__ = ["DATES", "GERMAN", "PAGES"]

PAGES = (case, frame, incident, incidents, journey, overview, queue, refusals, settings, sign_in, wall)
GERMAN: Mapping[str, str] = {english: german for page in PAGES for english, german in page.WORDS.items()}
