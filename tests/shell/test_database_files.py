"""The database files while several connections and processes use them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from cxwatch.database import open_engine

LOOK = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM t').fetchone(); c.close()"
)


def test_another_process_that_reads_and_leaves_takes_nothing_away(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first = open_engine(path, durable=True)
    with first.begin() as conn:
        conn.execute(text("CREATE TABLE t (a INTEGER)"))
    kept = first.connect()  # a connection that stays open, as in a running product
    kept.execute(text("SELECT count(*) FROM t")).scalar()
    kept.rollback()
    second = open_engine(path, durable=False)  # opened again in the same process
    subprocess.run([sys.executable, "-c", LOOK, str(path)], check=True, timeout=30)
    assert path.with_name("state.db-shm").exists()
    with second.begin() as conn:
        conn.execute(text("INSERT INTO t VALUES (1)"))
    assert kept.execute(text("SELECT count(*) FROM t")).scalar() == 1
    kept.close()
    first.dispose()
    second.dispose()


def test_the_files_are_for_this_user_only(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "deeper" / "state.db", durable=True)
    with engine.begin() as conn:
        conn.execute(text("CREATE TABLE t (a INTEGER)"))
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "deeper").iterdir()}
    engine.dispose()
    assert set(modes.values()) == {0o600}
