"""Which windows a query asks for: the filter, the page, the cursor; wrong parameters are named with what is right."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request
from msgspec import Struct

from dashboards.problems import BadParameter
from streams.records import WindowName, WindowSnapshot
from streams.scales import METRICS, ScaleError, scale_named
from streams.settings import OTHER, MeasureSettings

LIMIT_MAX = 1000
LIMIT_DEFAULT = 200
CURSOR_MAX = 512  # characters
WINDOW_NAMES: tuple[WindowName, ...] = ("15m", "1h", "24h", "7d")

Position = tuple[int, str, str, str, str]


class Filter(Struct, frozen=True):
    """Which windows are asked for; None leaves a name open."""

    window: WindowName | None = None
    metric: str | None = None
    channel: str | None = None
    stage: str | None = None
    survey_kind: str | None = None

    def admits(self, snapshot: WindowSnapshot) -> bool:
        """Whether a row belongs to the answer. A channel names its own row and its stages, not the rollups above."""
        return (
            self.window in (None, snapshot.window)
            and self.metric in (None, snapshot.metric)
            and self.channel in (None, snapshot.segment.channel)
            and self.stage in (None, snapshot.segment.stage)
            and self.survey_kind in (None, snapshot.survey_kind)
        )


def read_filter(query: Mapping[str, str], settings: MeasureSettings) -> Filter:
    """The filter of a query string, or BadParameter naming what would have been right."""
    window = query.get("window")
    if window is not None and window not in WINDOW_NAMES:
        raise BadParameter("window", window, "must be one of the windows kept", WINDOW_NAMES)
    kind = query.get("survey_kind")
    if kind is not None and kind not in ("hot", "cold"):
        raise BadParameter("survey_kind", kind, "must be hot or cold", ("hot", "cold"))
    for name, known in (("channel", settings.channels), ("stage", settings.stages)):
        value = query.get(name)
        if value is not None and value not in known and value != OTHER:
            raise BadParameter(name, value, f"must be a {name} of the settings", (*known, OTHER))
    metric = query.get("metric")
    if metric is not None:
        try:
            scale_named(metric)
        except ScaleError as error:
            rule = "must be a metric, or the scale of a survey such as ces1 or csat_1_7"
            raise BadParameter("metric", metric, rule, METRICS) from error
    return Filter(window, metric, query.get("channel"), query.get("stage"), kind)


def read_limit(query: Mapping[str, str]) -> int:
    """The page size asked for."""
    text = query.get("limit", str(LIMIT_DEFAULT))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= LIMIT_MAX):
        raise BadParameter("limit", text, f"must be a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def encode_cursor(after: Position) -> str:
    """An opaque text that stands for "after this row"."""
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def decode_cursor(text: str) -> Position:
    """The row that a cursor stands for."""
    try:
        raw = base64.urlsafe_b64decode(text[:CURSOR_MAX] + "=" * (-len(text[:CURSOR_MAX]) % 4))
        found: Position = msgspec.json.decode(raw, type=Position)
    except (binascii.Error, msgspec.DecodeError, UnicodeError, ValueError) as error:
        raise BadParameter("cursor", text, "is not one that this API gave out; leave it out to start over") from error
    return found


def single_values(request: Request[Any, Any, Any], known: Sequence[str]) -> dict[str, str]:
    """The query string, each name once and none unknown, so that a typing error is not silently 'all'."""
    values: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise BadParameter(name[:64], str(value), "is not a parameter of this list", known)
        if name in values:
            raise BadParameter(name, str(value), "may be given once only")
        values[name] = str(value)
    return values
