"""What this room needs to know, as frozen records. cxwatch/settings builds them from cxwatch.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kano = Literal["linear", "basic", "delighter"]

DEFAULT_CHANNELS = ("web", "app", "phone", "chat", "store", "email")
DEFAULT_STAGES = ("discover", "buy", "deliver", "use", "support", "return")
OTHER = "other"  # where events of channels and stages that nobody configured are counted


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the journey. At a moment of truth one bad event flags the customer at once."""

    moment_of_truth: bool = False
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """How one survey was asked: hot (right after the contact) or cold (relationship), and on which scale.

    `scale` is None for the metric's own scale, "1-7" and the like for CSAT on another one; `ces_version` 1 is the
    older effort question (1-5, 5 is bad).
    """

    kind: Literal["hot", "cold"] = "hot"
    scale: str | None = None
    ces_version: Literal[1, 2] = 2


@dataclass(frozen=True, slots=True)
class Grade:
    """What one touchpoint is worth: negative is bad. Basics earn nothing, delighters cost nothing (Kano)."""

    grade: int
    kano: Kano = "linear"
    moment_of_truth: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait longer than `seconds` makes an interaction bad: it is worth `grade` (below 0) at best."""

    seconds: float
    grade: int = -1


@dataclass(frozen=True, slots=True)
class Framework:
    """The company's grades: "touchpoint" or "touchpoint:outcome" -> Grade. The longer name wins.

    `waits` and `promises` grade by what was measured, whatever the outcome: a wait over its limit, a promise kept later
    than promised (the grade it is worth then, below 0).
    """

    grades: Mapping[str, Grade] = field(default_factory=dict)
    waits: Mapping[str, Wait] = field(default_factory=dict)
    promises: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Everything that measuring depends on. Times are seconds where the name says so."""

    channels: tuple[str, ...] = DEFAULT_CHANNELS
    stages: tuple[str, ...] = DEFAULT_STAGES
    stage: Mapping[str, Stage] = field(default_factory=dict)
    surveys: Mapping[str, Survey] = field(default_factory=dict)
    framework: Framework = field(default_factory=Framework)
    min_n: int = 10
    lateness_seconds: int = 60
    history_after_seconds: int = 24 * 3600
    future_seconds_max: int = 300
    timezone: str = "UTC"
    feedback_days: int = 400  # retention of feedback rows, and so of their dedupe
    minute_pane_days: int = 10
    hour_pane_days: int = 800
    dedupe_hours: int = 48  # interactions: how long a hash is kept, by append time
    dedupe_max: int = 150_000  # interactions: hashes kept a partition
    dead_letters_max: int = 10_000
