"""`cxwatch user` and `cxwatch audit`: who may sign in, and what was done."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.commands.conftest import Shell

PASSWORD = "a parcel that came in time"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))


@pytest.mark.usefixtures("typed")
def test_a_user_is_added_once_and_the_password_is_nowhere(cxwatch: Shell, folder: Path) -> None:
    added = cxwatch("user", "add", "Ann", "--role", "viewer", "--password-stdin", "--json")
    assert added.rows == [{"id": 1, "name": "ann", "role": "viewer"}]
    listed = cxwatch("user", "list", "--json")
    assert [(row["name"], row["role"], row["disabled"]) for row in listed.rows] == [("ann", "viewer", None)]
    assert PASSWORD not in added.out + added.err + listed.out + listed.err
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in (folder / "cxwatch-data").iterdir())


@pytest.mark.usefixtures("typed")
def test_a_name_is_given_once(cxwatch: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cxwatch("user", "add", "ann", "--password-stdin").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    again = cxwatch("user", "add", "ANN", "--password-stdin")
    assert again.code == 1
    assert "there is a user ann already" in again.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("user", "add", "ann smith", "--password-stdin"), "letters, digits"),
        (("user", "add", "ann", "--role", "boss", "--password-stdin"), "viewer, agent, admin"),
        (("user", "add", "ann"), "--password-stdin"),
        (("user", "role", "nobody", "admin"), "cxwatch user list"),
        (("user", "disable", "nobody"), "cxwatch user list"),
    ],
)
@pytest.mark.usefixtures("typed")
def test_what_cannot_be_is_refused_with_the_way_out(cxwatch: Shell, words: tuple[str, ...], says: str) -> None:
    ended = cxwatch(*words)
    assert ended.code in (1, 2)
    assert says in ended.err


def test_a_short_password_is_refused(cxwatch: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    ended = cxwatch("user", "add", "ann", "--password-stdin")
    assert ended.code == 1
    assert "12 to 256 characters" in ended.err
    assert "secret" not in ended.err


@pytest.mark.usefixtures("typed")
def test_everything_done_to_users_and_tokens_is_in_the_audit_log(cxwatch: Shell) -> None:
    cxwatch("user", "add", "ann", "--password-stdin")
    cxwatch("user", "role", "ann", "admin")
    cxwatch("user", "disable", "ann")
    cxwatch("user", "enable", "ann")
    cxwatch("token", "create", "shop")
    cxwatch("token", "revoke", "1")
    rows = cxwatch("audit", "--json").rows
    assert [(row["actor"], row["what"], row["outcome"]) for row in rows][::-1] == [
        ("command line", "cxwatch user add ann --role agent", "done"),
        ("command line", "cxwatch user role ann admin", "done"),
        ("command line", "cxwatch user disable ann", "done"),
        ("command line", "cxwatch user enable ann", "done"),
        ("command line", "cxwatch token create shop (ingest)", "done"),
        ("command line", "cxwatch token revoke 1", "done"),
    ]
    assert "user disable ann" in cxwatch("audit").out
    assert len(cxwatch("audit", "--limit", "2", "--json").rows) == 2
