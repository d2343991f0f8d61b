"""Fifty agents at a queue of 10,000 open cases, and a thousand claims at once on a hundred of them.

    python -m bench.people [--cases 10000] [--agents 50] [--rounds 10]

The room's routes over real HTTP on a database that commits durably. Beside them, in the same minute and under the same
agents, a route that reads one row: what HTTP, threads and the machine take by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx
from litestar import Litestar
from sqlalchemy import insert

from alerting import tables
from alerting.api import AlertingApi, alerting_router
from alerting.hours import BusinessHours
from alerting.settings import AlertSettings
from bench import common
from bench.common import Result
from cxwatch import migrations
from cxwatch.database import open_engine
from cxwatch.server import WebServer
from streams.clock import MINUTE_MS, SystemClock
from streams.signal import Signal

OFFICE = BusinessHours("Europe/Berlin", (((480, 1_080),),) * 5 + ((), ()), always=False)
CONTESTED = 100
CLAIMS = 1_000
SHOWN = 50


def _fill(folder: Path, count: int) -> Path:
    """A database with so many open cases, opened over the last three days."""
    path = folder / "state.db"
    engine = open_engine(path, durable=True)
    migrations.upgrade(engine)
    rng, now_ms = random.Random(1), SystemClock().now_ms()
    rows = []
    for number in range(1, count + 1):
        opened_ms = now_ms - rng.randrange(72 * 60) * MINUTE_MS
        rows.append(
            {
                "case_id": number,
                "customer": f"u{number:06d}",
                "state": "open",
                "kind": "moment_of_truth",
                "channel": f"c{number % 6:02d}",
                "stage": f"s{number % 8}",
                "reason": "charged_twice at a moment of truth",
                "severity": rng.randrange(20, 51),
                "value": rng.choice((0, 0, 0, 15, 25)),
                "repeats": rng.choice((0, 0, 4, 8)),
                "opened_ms": opened_ms,
                "last_flag_ms": opened_ms,
                "first_contact_due_ms": OFFICE.add(opened_ms, 240),
                "resolution_due_ms": OFFICE.add(opened_ms, 1_440),
                "version": 1,
                "updated_ms": opened_ms,
            }
        )
    with engine.begin() as conn:
        for start in range(0, count, 1_000):
            conn.execute(insert(tables.cases), rows[start : start + 1_000])
    engine.dispose()
    return path


async def trial(count: int, agents: int, rounds: int, folder: Path) -> Result:
    """All figures of one server."""
    engine = open_engine(_fill(folder, count), durable=True)
    settings = AlertSettings(hours=OFFICE)
    api = AlertingApi(engine, SystemClock(), settings, Signal(), actor=lambda request: request.headers["x-agent"])
    server = WebServer(Litestar([alerting_router(api)], openapi_config=None, logging_config=None), "127.0.0.1", 0)
    common.tune_gc()
    await server.start()
    took: dict[str, list[float]] = {"queue": [], "claim": [], "one row": []}
    limits = httpx.Limits(max_connections=agents)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", limits=limits, timeout=60.0) as client:
        began = time.perf_counter()
        await asyncio.gather(*(_agent(client, number, rounds, took) for number in range(agents)))
        wall = time.perf_counter() - began
        winners, refused = await _contest(client)
    await server.stop()
    engine.dispose()
    result: Result = {"cases": count, "agents": agents, "requests_s": round(sum(map(len, took.values())) / wall, 1)}
    for name, seconds in took.items():
        result[f"{name} p50 ms"] = round(common.quantile(seconds, 0.5) * 1_000, 1)
        result[f"{name} p99 ms"] = round(common.quantile(seconds, 0.99) * 1_000, 1)
    return result | {"claims at once": CLAIMS, "winners": winners, "refused 409": refused}


async def _agent(client: httpx.AsyncClient, number: int, rounds: int, took: dict[str, list[float]]) -> None:
    """Looks at the queue, takes somebody from it, looks again; half a second of thought in between."""
    rng, headers = random.Random(number), {"x-agent": f"agent {number}"}
    await asyncio.sleep(rng.random())
    for _ in range(rounds):
        began = time.perf_counter()
        answer = await client.get("/api/v1/cases", params={"order": "priority", "limit": SHOWN, "state": "open"})
        took["queue"].append(time.perf_counter() - began)
        chosen = rng.choice(answer.json()["items"])
        began = time.perf_counter()
        await client.post(f"/api/v1/cases/{chosen['id']}/claim", json={"version": chosen["version"]}, headers=headers)
        took["claim"].append(time.perf_counter() - began)
        began = time.perf_counter()
        await client.get("/api/v1/incidents", params={"limit": 1})
        took["one row"].append(time.perf_counter() - began)
        await asyncio.sleep(0.25 + rng.random() / 2)


async def _contest(client: httpx.AsyncClient) -> tuple[int, int]:
    """A thousand claims at once on a hundred cases: how many won, and how many were told that they had not."""
    cases = (await client.get("/api/v1/cases", params={"limit": CONTESTED, "state": "open"})).json()["items"]
    wishes = [(case, n) for case in cases for n in range(CLAIMS // CONTESTED)]
    random.Random(2).shuffle(wishes)

    async def wish(case: dict[str, int], agent: int) -> tuple[int, int]:
        path = f"/api/v1/cases/{case['id']}/claim"
        answer = await client.post(path, json={"version": case["version"]}, headers={"x-agent": f"agent {agent}"})
        return answer.status_code, case["id"]

    answers = await asyncio.gather(*(wish(case, agent) for case, agent in wishes))
    won = [case_id for code, case_id in answers if code == 200]
    assert len(won) == len(set(won)), "a case was claimed twice"
    codes = Counter(code for code, _ in answers)
    return len(won), codes[409]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(trial(wish.cases, wish.agents, wish.rounds, Path(folder)))
    common.show("Agents at the queue", [result], [f"{CLAIMS} claims at once on {CONTESTED} cases: one winner each"])


if __name__ == "__main__":
    main()
