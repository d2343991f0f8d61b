"""`cxwatch demo` before anything runs: what it refuses, and that a refusal changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cxwatch.cli import running
from cxwatch.demo import folder as demo_folder
from cxwatch.demo import settings as demo_settings
from streams.clock import SystemClock
from streams.logs.lock import MeasuringLock
from tests.commands.conftest import Shell, answer, lines

DATA = Path("cxwatch-demo") / "cxwatch-data"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been played, while nothing is."""
    found: list[str] = []

    def shop(*_: Any) -> int:
        found.append("shop")
        return 0

    def file(_: Any, events: Any, *__: Any) -> int:
        found.append(f"{len(events)} events")
        return 0

    monkeypatch.setattr(running, "run_shop", shop)
    monkeypatch.setattr(running, "run_file", file)
    return found


@pytest.fixture
def events(folder: Path) -> Path:
    return lines(folder / "a.jsonl", [answer(n, channel="kiosk") for n in range(3)])


@pytest.mark.parametrize(
    "words", [("--speed", "0"), ("--speed", "nan"), ("--speed", "4000"), ("--map", "a=id"), ("--input", "none.jsonl")]
)
def test_words_that_do_not_go_together_end_with_2(cxwatch: Shell, folder: Path, words: tuple[str, ...]) -> None:
    assert cxwatch("demo", *words).code == 2
    assert list(folder.iterdir()) == []


def test_another_subject_needs_fresh(cxwatch: Shell, played: list[str], events: Path) -> None:
    assert cxwatch("demo").code == 0
    other = cxwatch("demo", "--input", events)
    assert other.code == 2
    assert "the simulated shop, not of a.jsonl: add --fresh" in other.err
    assert cxwatch("demo", "--input", events, "--fresh").code == 0
    assert cxwatch("demo", "--input", events).code == 0
    assert cxwatch("demo").code == 2
    assert played == ["shop", "3 events", "3 events"]


def test_the_same_file_read_in_another_way_is_another_subject(cxwatch: Shell, played: list[str], events: Path) -> None:
    assert cxwatch("demo", "--input", events).code == 0
    assert cxwatch("demo", "--input", events, "--set", "channel=app").code == 2


def test_fresh_brings_the_settings_of_what_is_played_but_keeps_edited_ones(
    cxwatch: Shell, played: list[str], events: Path, folder: Path
) -> None:
    settings = folder / "cxwatch-demo" / "cxwatch.toml"
    cxwatch("demo")
    cxwatch("demo", "--input", events, "--fresh")
    assert settings.read_text(encoding="utf-8") == demo_settings.FOR_A_FILE
    settings.write_text('channels = ["kiosk"]\n', encoding="utf-8")
    cxwatch("demo", "--fresh")
    assert settings.read_text(encoding="utf-8") == 'channels = ["kiosk"]\n'
    assert len(played) == 3


@pytest.mark.parametrize("words", [(), ("--input", "a.jsonl")])
def test_fresh_changes_nothing_while_another_demo_runs(
    cxwatch: Shell, played: list[str], events: Path, folder: Path, words: tuple[str, ...]
) -> None:
    cxwatch("demo")
    (folder / DATA / "log.db").write_bytes(b"the other one's log")
    lock = MeasuringLock(folder / DATA / "log.lock")
    lock.take(SystemClock().now_ms())
    with lock:
        held = cxwatch("demo", *words, "--fresh")
    assert held.code == 1
    assert "process" in held.err
    assert (folder / "cxwatch-demo" / "cxwatch.toml").read_text(encoding="utf-8") == demo_settings.SETTINGS
    assert (folder / DATA / "log.db").exists()
    assert (folder / DATA / demo_folder.SUBJECT).exists()
    assert played == ["shop"]


def test_fresh_deletes_its_own_data_and_nothing_else(cxwatch: Shell, played: list[str], folder: Path) -> None:
    cxwatch("demo")
    mine = folder / DATA / "notes.txt"
    mine.write_text("keep me", encoding="utf-8")
    (folder / DATA / "state.db").write_bytes(b"old")
    assert cxwatch("demo", "--fresh").code == 0
    assert mine.exists()
    assert not (folder / DATA / "state.db").exists()


def test_a_file_with_no_event_says_how_to_read_it(cxwatch: Shell, played: list[str], folder: Path) -> None:
    (folder / "a.jsonl").write_text('{"no": "event"}\n', encoding="utf-8")
    ended = cxwatch("demo", "--input", "a.jsonl")
    assert ended.code == 2
    assert "holds no event that can be read" in ended.err
    assert "--map" in ended.err
    assert cxwatch("demo").code == 0  # the folder is nobody's yet


def test_a_folder_that_cannot_be_made_is_said_in_words(cxwatch: Shell, folder: Path) -> None:
    (folder / "cxwatch-demo").write_text("a file in the way", encoding="utf-8")
    ended = cxwatch("demo")
    assert ended.code == 1
    assert "cxwatch-demo cannot be made" in ended.err


@pytest.mark.parametrize("words", [("demo",), ("--config", "cxwatch-demo/cxwatch.toml", "windows")])
def test_a_damaged_file_of_the_demo_is_named_with_the_way_out(
    cxwatch: Shell, folder: Path, words: tuple[str, ...]
) -> None:
    (folder / DATA).mkdir(parents=True)
    (folder / "cxwatch-demo" / "cxwatch.toml").write_text(demo_settings.SETTINGS, encoding="utf-8")
    cxwatch("--config", "cxwatch-demo/cxwatch.toml", "migrate")
    for name in (demo_folder.SUBJECT, demo_folder.CLOCK):
        (folder / DATA / name).write_text("{", encoding="utf-8")
    ended = cxwatch(*words)
    assert ended.code == 1
    assert "cxwatch demo --fresh" in ended.err
