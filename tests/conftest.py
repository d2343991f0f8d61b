"""For every test: helpers under tests/ can be imported, and rooms come from where the interpreter finds them first.

The project's root goes to the end of the path. Under `make test` the rooms are therefore the installed wheel's.
Tests marked `long` (real servers killed again and again) run in CI and on demand.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.support.postgres import Server

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.append(ROOT)

# How long an example takes says how busy the machine is, and nothing about what is tested. CI takes the time for more.
EVERYTHING = os.environ.get("CXWATCH_REQUIRE") == "all"
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("calm"), max_examples=25)
settings.load_profile("calm" if EVERYTHING else "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long tests to CI, unless they were asked for; `slow_on_postgresql` ones are long on that database."""
    for item in items:
        if item.get_closest_marker("slow_on_postgresql") and "postgresql" in item.name:
            item.add_marker(pytest.mark.long)
    if EVERYTHING or config.option.markexpr:
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL for all tests of this process; see tests/support/databases.py for its empty database."""
    from tests.support.postgres import running

    with running() as server:
        yield server


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of the run's one Kafka broker; topics and groups are each test's own."""
    base = tmp_path_factory.getbasetemp()
    from tests.support.kafka import shared_broker

    with shared_broker((base if worker_id == "master" else base.parent) / "kafka") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for as long as one module looks at pages: while it is open no other event loop runs in this thread."""
    from tests.support.served import chromium

    with chromium() as started:
        yield started
