"""What every command has in common: help, version, settings, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cxwatch.cli import looking
from cxwatch.cli.loading import HOMES, commands_of
from cxwatch.cli.main import app
from tests.commands.conftest import Shell, answer, lines

OPTIONS = {
    ("demo",): ("--input", "--map", "--set", "--timezone", "--date-only", "--speed", "--fresh"),
    ("run",): (),
    ("worker",): (),
    ("web",): (),
    ("ingest",): ("--map", "--set", "--timezone", "--date-only", "--to", "--no-wait", "--json"),
    ("forget",): ("customer", "--json"),
    ("dead-letters",): ("list", "retry"),
    ("dead-letters", "list"): ("--limit", "--json"),
    ("dead-letters", "retry"): ("--json",),
    ("windows",): ("--window", "--metric", "--channel", "--stage", "--survey-kind", "--json"),
    ("incidents",): ("--json",),
    ("backtest",): ("--marks", "--map", "--set", "--timezone", "--date-only", "--json"),
    ("budget",): ("--marks", "--weeks", "--seconds", "--seed", "--map", "--timezone", "--json"),
    ("init",): ("--from", "--map", "--set", "--timezone", "--date-only"),
    ("doctor",): ("--json",),
    ("migrate",): ("--repartition",),
    ("replay",): ("--into", "--json"),
    ("live",): (),
    ("pause",): ("SPAN",),
    ("token",): ("create", "list", "revoke"),
    ("token", "create"): ("name", "--scope", "--json"),
    ("token", "list"): ("--json",),
    ("token", "revoke"): ("ID", "--json"),
    ("user",): ("add", "list", "role", "password", "disable", "enable"),
    ("user", "add"): ("--role", "--password-stdin", "--json"),
    ("user", "list"): ("--json",),
    ("user", "role"): ("--json",),
    ("user", "password"): ("--password-stdin", "--json"),
    ("user", "disable"): ("--json",),
    ("user", "enable"): ("--json",),
    ("audit",): ("--limit", "--json"),
    ("queue",): ("--mine", "--stage", "--channel", "--tier", "--all", "--json"),
    ("case",): ("ID", "--version", "--note", "--to", "--reason", "--json"),
    ("rules",): (),
    ("slack",): ("test", "retry"),
    ("slack", "test"): (),
    ("slack", "retry"): (),
    ("grafana",): ("build", "push"),
    ("grafana", "build"): ("DIR", "--seen-at", "--json"),
    ("grafana", "push"): ("--dry-run", "--json"),
}


@pytest.mark.parametrize("command", OPTIONS, ids=" ".join)
def test_help_says_what_a_command_can_do(cxwatch: Shell, command: tuple[str, ...]) -> None:
    ended = cxwatch(*command, "--help")
    assert ended.code == 0
    assert all(option in ended.out for option in OPTIONS[command])


def test_help_names_every_command(cxwatch: Shell) -> None:
    ended = cxwatch("--help")
    assert ended.code == 0
    assert all(command[0] in ended.out for command in OPTIONS)
    assert "--config" in ended.out


def test_no_command_is_forgotten_here() -> None:
    names = {(name,) for name in HOMES}
    for module in set(HOMES.values()):
        for name, command in commands_of(module).items():
            assert HOMES[name] == module
            names |= {(name, *part) for part in [(), *((inner,) for inner in getattr(command, "commands", ()))]}
    assert names == OPTIONS.keys()


def test_a_small_command_loads_no_more_than_it_needs() -> None:
    code = "import sys; sys.argv = ['cxwatch', 'token', 'list', '--help']\n"
    code += "from cxwatch.cli.entry import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print([name for name in ('faust', 'river', 'scipy', 'litestar') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_version() -> None:
    ended = CliRunner().invoke(app, ["--version"])
    assert (ended.exit_code, ended.stdout) == (0, f"cxwatch {version('cxwatch')}\n")


@pytest.mark.parametrize("words", [("forget", "caf\udce9"), ("token", "create", "\udcff"), ("ingest", "\udcff.csv")])
def test_words_that_are_no_text_end_with_2(cxwatch: Shell, folder: Path, words: tuple[str, ...]) -> None:
    ended = cxwatch(*words, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "is not UTF-8 text" in ended.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("words", [("nonsense",), ("windows", "--nonsense"), ("token", "revoke", "one"), ("ingest",)])
def test_words_that_are_none_end_with_2(cxwatch: Shell, words: tuple[str, ...]) -> None:
    ended = cxwatch(*words)
    assert (ended.code, ended.out) == (2, "")


@pytest.mark.parametrize("words", [("doctor",), ("windows",), ("token", "list"), ("run",), ("ingest", "a.jsonl")])
def test_wrong_settings_are_all_named_with_line_and_key(cxwatch: Shell, folder: Path, words: tuple[str, ...]) -> None:
    lines(folder / "a.jsonl", [answer(1)])
    (folder / "cxwatch.toml").write_text('kpi = "joy"\n\n[windows]\nmin_m = 3\n', encoding="utf-8")
    ended = cxwatch(*words)
    assert (ended.code, ended.out) == (2, "")
    assert "cxwatch.toml line 1: kpi" in ended.err
    assert "cxwatch.toml line 4: windows.min_m" in ended.err
    assert not (folder / "cxwatch-data").exists()


def test_a_wrong_variable_is_named(cxwatch: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXWATCH_WEB_PORT", "many")
    ended = cxwatch("doctor")
    assert ended.code == 2
    assert "CXWATCH_WEB_PORT" in ended.err


def test_settings_that_are_not_there_are_no_defaults(cxwatch: Shell, folder: Path) -> None:
    ended = cxwatch("--config", "other.toml", "doctor", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "other.toml" in ended.err


def test_named_settings_win_and_their_data_lies_beside_them(cxwatch: Shell, folder: Path) -> None:
    (folder / "cxwatch.toml").write_text("broken", encoding="utf-8")
    (folder / "deep").mkdir()
    (folder / "deep" / "mine.toml").write_text('data_dir = "data"\n', encoding="utf-8")
    assert cxwatch("--config", "deep/mine.toml", "migrate").code == 0
    assert (folder / "deep" / "data" / "state.db").exists()


def test_a_command_cut_short_ends_with_130(cxwatch: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    cxwatch("migrate")
    monkeypatch.setattr(looking, "read_windows", cut)
    assert cxwatch("windows").code == 130
