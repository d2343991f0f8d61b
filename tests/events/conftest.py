from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from streams.clock import to_ms
from streams.decode import Decoder
from streams.settings import MeasureSettings, Survey

NOW = "2026-03-01T12:00:00Z"
NOW_MS = 1_772_366_400_000


@pytest.fixture
def settings() -> MeasureSettings:
    return MeasureSettings(
        surveys={
            "after_call": Survey(kind="hot", scale="1-7"),
            "effort_old": Survey(ces_version=1),
            "yearly": Survey(kind="cold"),
        }
    )


@pytest.fixture
def reported() -> list[str]:
    return []


@pytest.fixture
def decoder(settings: MeasureSettings, reported: list[str]) -> Decoder:
    return Decoder(settings, reported.append)


@pytest.fixture
def feedback() -> Callable[..., dict[str, Any]]:
    def make(**fields: Any) -> dict[str, Any]:
        base = {
            "id": "e1",
            "source": "shop",
            "time": "2026-03-01T11:59:00Z",
            "type": "feedback",
            "channel": "web",
            "stage": "buy",
            "metric": "nps",
            "score": 3,
        }
        return {name: value for name, value in {**base, **fields}.items() if value is not ...}

    return make


@pytest.fixture
def read(decoder: Decoder) -> Callable[[object], Any]:
    """Decode a JSON value, or bytes as they are."""

    def decode(value: object) -> Any:
        return decoder.decode(value if isinstance(value, bytes) else msgspec.json.encode(value), NOW_MS)

    return decode


def ms(text: str) -> int:
    from datetime import datetime

    return to_ms(datetime.fromisoformat(text))
