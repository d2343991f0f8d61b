"""The whole product over PostgreSQL, as a company runs it: migrated by its owner, run by a role that may do little."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands.conftest import Row, Shell, ago, answer, lines
from tests.support.postgres import PASSWORD, UP_S, Server
from tests.support.shop import (
    SETTINGS,
    Shop,
    check_answers,
    check_replay,
    free_port,
    running,
    wait_until_settled,
)

DOCS = Path(__file__).parents[2] / "docs" / "operations.md"
NAME = "cx_product"


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """A database and its roles, made by the SQL that the documentation gives."""
    text = re.search(r"```sql\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert text is not None
    words = text[1].replace("cxwatch_owner", f"{NAME}_owner").replace("cxwatch_app", f"{NAME}_app")
    words = words.replace("DATABASE cxwatch", f"DATABASE {NAME}").replace("change me", PASSWORD)
    statements = [line for line in re.sub(r"--.*", "", words).split(";") if line.strip()]
    inside = next(i for i, line in enumerate(statements) if "SCHEMA" in line)
    postgres.sql(*statements[:inside])
    postgres.sql(*statements[inside:], database=NAME)
    yield NAME
    postgres.cut(NAME)
    postgres.sql(f"DROP DATABASE {NAME}", f"DROP ROLE {NAME}_app", f"DROP ROLE {NAME}_owner")


@pytest.fixture
def over_postgres(cxwatch: Shell, folder: Path, postgres: Server, database: str) -> Shell:
    url = postgres.tcp_url(database, f"{database}_app")
    (folder / "cxwatch.toml").write_text(f'database = "{url}"\n{SETTINGS}')
    return cxwatch


@pytest.mark.long
def test_a_role_that_may_not_make_tables_runs_everything(
    over_postgres: Shell, folder: Path, postgres: Server, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cxwatch = over_postgres
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    for words in (("run",), ("windows",), ("ingest", lines(folder / "a.jsonl", [answer(1)])), ("doctor",)):
        refused = cxwatch(*words)
        assert refused.code == 1
        assert "run `cxwatch migrate` once" in refused.out + refused.err
    not_allowed = cxwatch("migrate")
    assert (not_allowed.code, "migrate as the owner" in not_allowed.err) == (1, True)
    with monkeypatch.context() as owner:
        owner.setenv("CXWATCH_DATABASE", postgres.tcp_url(database, f"{database}_owner"))
        assert "The database is at" in cxwatch("migrate").out
    assert "already" in cxwatch("migrate").out

    def tell(*words: str) -> list[Row]:
        ended = cxwatch(*words, "--json")
        assert ended.code == 0, ended.err
        return ended.rows

    port = free_port()
    shop = Shop(f"http://127.0.0.1:{port}", seed=7)
    with running(folder, port) as process:
        for _ in range(5):
            shop.send(shop.batch())
        wait_until_settled(tell)
        past = lines(folder / "a.jsonl", [answer(1, time=ago(days=3))])
        (told,) = tell("ingest", str(past))  # measured by the server
        assert (told["accepted"], told["history"]) == (1, 1)
        until = time.monotonic() + UP_S
        while not (messages := postgres.sql("SELECT FROM previews", database=database)):
            assert time.monotonic() < until
            time.sleep(0.1)
        assert len(httpx.get(f"http://127.0.0.1:{port}/api/v1/windows").json()["items"]) > 4
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    check_answers(tell, shop)
    check_replay(tell)
    assert messages
    assert (
        postgres.sql(f"SELECT application_name, state, query FROM pg_stat_activity WHERE datname = '{database}'") == []
    )  # none is left open
    assert PASSWORD not in (folder / "output").read_text()


@pytest.mark.parametrize(
    ("password", "words"),
    [("wrong", "the user or the password is wrong"), ("", "set DATABASE_PASSWORD")],
)
def test_what_keeps_it_from_the_database_is_said(
    over_postgres: Shell, monkeypatch: pytest.MonkeyPatch, password: str, words: str
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", password)
    ended = over_postgres("migrate")
    assert (ended.code, words in ended.err) == (1, True)


def test_a_server_that_is_not_there_is_said(cxwatch: Shell, folder: Path) -> None:
    (folder / "cxwatch.toml").write_text(f'database = "postgresql+psycopg://x@127.0.0.1:{free_port()}/x"')
    for words in ("run", "windows", "migrate", "doctor"):
        ended = cxwatch(words)
        assert ended.code == 1
        assert "check that it runs" in ended.out + ended.err
