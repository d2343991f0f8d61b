"""What this room is given to work with: readers, settings and guards, built by cxwatch/compose."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from litestar.connection import ASGIConnection
from litestar.types import Guard
from sqlalchemy import Connection, Engine

from alerting.punctuality import Punctuality
from alerting.serving import AlertingApi
from dashboards.settings import Configuration
from detectors.settings import DetectionSettings
from streams.clock import Clock, SystemClock
from streams.settings import MeasureSettings
from streams.signal import Signal


class TotalKey(NamedTuple):
    """What one survey counter counts. `outcome` is "bad", "neutral" or "good"; `metric` the scale's name."""

    metric: str
    survey_kind: str
    channel: str
    stage: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the product can do its work, and in plain words what it cannot."""

    status: Literal["ok", "failing"]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsent:
    """How far the topic of changes is behind: changed minutes that wait, and when it was up to date last (real ms)."""

    waiting: int
    sent_real_ms: int | None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at a page. Every form of theirs carries `csrf`; `can_leave` is False where a proxy signed them in."""

    name: str
    csrf: str
    may_act: bool
    can_leave: bool
    may_admin: bool = False


def healthy() -> Health:
    """The health of a process that has nothing to complain about."""
    return Health("ok")


def _nobody(_: ASGIConnection[Any, Any, Any, Any]) -> None:
    return None


def _no_totals() -> Mapping[TotalKey, int]:
    return {}


def _no_log() -> dict[int, int]:
    return {}


def _nothing_delivered() -> Mapping[str, Punctuality]:
    return {}


def _every_partition() -> None:
    return None


def _decided_here(_: Connection) -> bool:
    return True


def _never_closed(_: Connection) -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class DashboardContext:
    """Everything the pages, the read API, the stream and the metrics need.

    `clock` is the product's clock and `speed` how many of its seconds pass in a real one (60 in the demo). `totals`,
    `log_ends` and `owned` are called from threads. `owned` are the partitions that this process measures, None for all;
    `decided` says whether anybody holds the lease to decide. `closed_to` gives the first minute that DECIDE has not
    closed yet.
    """

    engine: Engine
    clock: Clock
    measure: MeasureSettings
    signal: Signal
    totals: Callable[[], Mapping[TotalKey, int]] = _no_totals
    log_ends: Callable[[], Mapping[int, int]] = _no_log
    owned: Callable[[], Collection[int] | None] = _every_partition
    delivery_times: Callable[[], Mapping[str, Punctuality]] = _nothing_delivered
    decided: Callable[[Connection], bool] = _decided_here
    healthz: Callable[[], Health] = healthy
    readyz: Callable[[], Health] = healthy
    closed_to: Callable[[Connection], int | None] = _never_closed
    unsent: Callable[[Connection], Unsent] | None = None  # None: changes are sent nowhere
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    kpi: str = "nps"
    target: float | None = None  # where the company wants the kpi to be
    product: str = "cxwatch"
    public_url: str = "http://127.0.0.1:8000"
    speed: float = 1.0
    beat_seconds: float = 5.0  # real time between two signs of life on the stream
    sign_in: str | None = None  # the path of the page where people say who they are
    acting: AlertingApi | None = None  # how people act; None: as on a machine where nobody is asked who they are
    viewer: Callable[[ASGIConnection[Any, Any, Any, Any]], Viewer | None] = _nobody
    configuration: Configuration = field(default_factory=Configuration)
    real_clock: Clock = field(default_factory=SystemClock)  # of what is no part of the product's time: pauses
    guards: Sequence[Guard] = ()
    admin_guards: Sequence[Guard] = ()
    metrics_guards: Sequence[Guard] = ()
    monotonic: Callable[[], float] = field(default=time.monotonic)
