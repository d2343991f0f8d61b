"""What the topic of changes is told to do; cxwatch/settings builds it."""

from __future__ import annotations

from dataclasses import dataclass

from streams.records import WindowName


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Which lengths of windows are sent, and how often at most (real seconds)."""

    windows: tuple[WindowName, ...] = ("15m", "1h", "24h", "7d")
    every_seconds: int = 5
