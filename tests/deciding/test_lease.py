"""One decides at a time: by the database's clock, whatever the processes' clocks say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, select, update

from cxwatch.decide.lease import LEASE_MS, Lease, server_ms
from cxwatch.decide.tables import leases
from detectors.kinds import Watches
from detectors.records import Findings
from detectors.settings import DetectionSettings
from detectors.watch import Closing
from streams.clock import HOUR_MS
from streams.store.minutes import Kind, leaf_hours
from tests.deciding.rig import Shop
from tests.measure import oracle
from tests.support.databases import DATABASES, empty


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with empty(request, tmp_path) as engine:
        yield engine


def hold(database: Engine, lease: Lease, *, seize: bool = False) -> bool:
    with database.begin() as conn:
        return lease.hold(conn, seize=seize)


def held(database: Engine, lease: Lease) -> bool:
    with database.connect() as conn:
        return lease.held(conn)


def run_out(database: Engine, by_ms: int = 1) -> None:
    with database.begin() as conn:
        conn.execute(update(leases).values(until_ms=server_ms(conn) - by_ms))


def test_the_servers_clock_is_the_time(database: Engine) -> None:
    with database.connect() as conn:
        assert abs(server_ms(conn) - time.time() * 1_000) < 2_000


def test_the_first_one_holds_it_and_keeps_it(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    assert hold(database, one)
    assert not hold(database, two)
    assert hold(database, one)
    assert (held(database, one), held(database, two)) == (True, False)


def test_it_lasts_for_its_time_from_the_last_renewal(database: Engine) -> None:
    one = Lease("decide")
    hold(database, one)
    with database.begin() as conn:
        conn.execute(update(leases).values(until_ms=server_ms(conn) + 100))
    hold(database, one)
    with database.connect() as conn:
        left = conn.execute(select(leases.c.until_ms)).scalar_one() - server_ms(conn)
    assert LEASE_MS - 1_000 < left <= LEASE_MS


def test_one_that_ran_out_is_taken_over_and_not_given_back(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    hold(database, one)
    run_out(database)
    assert not held(database, one)
    assert hold(database, two)
    assert not hold(database, one)


def test_one_that_ran_out_unnoticed_is_renewed_by_its_holder(database: Engine) -> None:
    one = Lease("decide")
    hold(database, one)
    run_out(database, HOUR_MS)
    assert hold(database, one)


def test_given_up_it_is_free_at_once(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    hold(database, one)
    with database.begin() as conn:
        two.give_up(conn)  # not theirs: changes nothing
    assert held(database, one)
    with database.begin() as conn:
        one.give_up(conn)
    assert not held(database, one)
    assert hold(database, two)


def test_it_is_seized_from_a_holder_known_to_be_dead(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    hold(database, one)
    assert hold(database, two, seize=True)
    assert (held(database, one), held(database, two)) == (False, True)


def test_roles_do_not_disturb_each_other(database: Engine) -> None:
    assert hold(database, Lease("decide"))
    assert hold(database, Lease("other"))


def test_what_is_rolled_back_was_never_held(database: Engine) -> None:
    one, two = Lease("decide"), Lease("decide")
    with database.connect() as conn:
        one.hold(conn)
        conn.rollback()
    assert hold(database, two)


_HOLDER = """
import sys
from pathlib import Path
from cxwatch.database import open_engine
from cxwatch.decide.lease import Lease
where = sys.argv[1] if ":" in sys.argv[1] else Path(sys.argv[1])
engine, lease = open_engine(where, durable=False), Lease("decide")
sys.stdin.readline()
with engine.begin() as conn:
    print(lease.hold(conn), flush=True)
"""


def test_of_processes_that_ask_at_once_one_gets_it(database: Engine) -> None:
    url = database.url.render_as_string(hide_password=False)
    where = url if database.dialect.name == "postgresql" else str(database.url.database)
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _HOLDER, where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        for _ in range(3)
    ]
    for process in asking:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=20)[0].strip() for process in asking)
    assert said == ["False", "False", "True"]


async def test_a_decider_without_the_lease_does_nothing(shop: Shop) -> None:
    await shop.step(shop.clock.now_ms())
    other = shop.new_decider()
    before = shop.rows()
    assert other.decide(shop.clock.now_ms(), shop.log.ends()) is None
    assert shop.rows() == before
    run_out(shop.database)
    assert other.decide(shop.clock.now_ms(), shop.log.ends()) is not None


async def test_a_decider_may_seize_once_and_then_plays_by_the_rules(shop: Shop) -> None:
    await shop.step(shop.clock.now_ms())
    other = shop.new_decider()
    other.seize = True
    assert other.decide(shop.clock.now_ms(), shop.log.ends()) is not None
    with shop.database.begin() as conn:
        assert Lease("decide").hold(conn, seize=True)
    await shop.append([oracle.event(1, shop.clock.now_ms())])
    await shop.measure()
    assert other.decide(shop.clock.now_ms(), shop.log.ends()) is None


async def test_a_seizing_round_that_dies_seizes_again(shop: Shop) -> None:
    await shop.step(shop.clock.now_ms(), [oracle.event(1, shop.clock.now_ms())])
    other = shop.new_decider()
    other.seize = True

    def fail(_: object) -> None:
        raise OSError("the power is gone")

    event.listen(shop.database, "commit", fail)
    with pytest.raises(OSError, match="power"):
        other.decide(shop.clock.now_ms(), shop.log.ends())
    event.remove(shop.database, "commit", fail)
    assert other.decide(shop.clock.now_ms(), shop.log.ends()) is not None


class Slow(Watches):
    """Detection that takes so long that the lease runs out meanwhile."""

    def advance(self, tx: Connection, closings: Mapping[Kind, Closing]) -> Findings:
        tx.execute(update(leases).values(until_ms=server_ms(tx) - 1))
        return super().advance(tx, closings)


async def test_a_long_round_ends_with_a_lease_as_fresh_as_any(shop: Shop) -> None:
    await shop.step(shop.clock.now_ms(), [oracle.event(1, shop.clock.now_ms())])
    decider = replace(shop.new_decider(), watch=Slow(DetectionSettings(), leaf_hours), lease=shop.decider.lease)
    shop.clock.set(shop.clock.now_ms() + HOUR_MS)
    shop.decide(decider)
    assert held(shop.database, decider.lease)
