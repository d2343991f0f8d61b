"""kill -9 at random moments while events come in: nothing is lost, nothing is doubled, nobody has to intervene."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from tests.support.shop import SETTINGS, Shop, check_answers, check_replay, free_port, running, told, wait_until_settled

KILLS = int(os.environ.get("CXWATCH_TEST_KILLS", "3"))  # 20 by hand: see docs/operations.md


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cxwatch.toml").write_text(SETTINGS)
    return tmp_path


@pytest.mark.long
def test_whatever_the_moment_every_number_equals_a_recount(folder: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")  # pytest shows it when this fails
    rng = random.Random(seed)
    port = free_port()
    tell = partial(told, folder)
    shop = Shop(f"http://127.0.0.1:{port}", seed)
    for _ in range(KILLS):
        with running(folder, port) as process:
            until = time.monotonic() + rng.uniform(0.05, 1.5)
            shop.send(shop.batch())  # the one cut off by the last kill is not sent again: it was never answered
            while time.monotonic() < until:
                shop.send(shop.batch())
            process.kill()
    with running(folder, port) as process:
        shop.send(list(shop.sent.values())[-200:])  # sent twice: ids make the second one nothing
        wait_until_settled(tell)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    check_answers(tell, shop)
    check_replay(tell)
    flagged = Counter(open_cases(folder))
    assert flagged
    assert max(flagged.values()) == 1  # one open case a customer


def open_cases(folder: Path) -> list[str]:
    conn = sqlite3.connect(folder / "cxwatch-data" / "state.db")
    found = [customer for (customer,) in conn.execute("SELECT customer FROM cases WHERE closed_ms IS NULL")]
    conn.close()
    return found
