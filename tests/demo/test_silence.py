"""The simulated shop sleeps at night and on quiet corners for days, and none of that is a silence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from alerting.settings import AlertSettings
from cxwatch.backtest import Rules, Timed, run_stream
from cxwatch.demo.settings import SETTINGS, write
from cxwatch.demo.shop import Shop
from cxwatch.settings import load_settings
from detectors.settings import DetectionSettings
from streams.clock import DAY_MS

LIVE_MS = 1_794_873_600_000
DAYS = 24  # ten of them after the two weeks that silence waits for


@pytest.mark.long
async def test_nothing_falls_silent_in_the_shops_own_days_and_what_is_cut_off_does(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, SETTINGS))
    rules = Rules(settings.measure, DetectionSettings(), AlertSettings(mode="shadow"))
    cut_ms = LIVE_MS - 16 * 3_600_000  # eight in the morning of the last day
    events = [e for e in Shop(3, LIVE_MS).history(LIVE_MS, DAYS, 30_000) if e[1]["type"] != "profile"]
    stream = [
        Timed(at_ms, msgspec.json.encode(event))
        for at_ms, event in events
        if event["channel"] != "web" or at_ms < cut_ms
    ]
    silent = [one for one in await run_stream(stream, rules) if one.naming.signal == "silence"]
    assert {one.named.channel for one in silent} == {"web"}
    assert all(one.naming.since_ms >= cut_ms - 3_600_000 for one in silent)
    assert not any(one.page for one in silent)
    assert stream[-1].time_ms > LIVE_MS - DAY_MS
