"""What `cxwatch init` writes is a settings file, and what it shows commented out is the truth."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cxwatch import starting
from cxwatch.errors import CannotStart
from cxwatch.settings import Settings, load_settings

Load = Callable[..., Settings]


def written() -> str:
    return starting.TEXT.format(channels='"web", "app"', stages='"buy", "use"', stage="buy")


def tables() -> list[str]:
    """The tables shown commented out, each as TOML."""
    found = []
    for block in written().split("\n\n"):
        lines = block.splitlines()
        start = next((n for n, line in enumerate(lines) if line.startswith("# [")), None)
        if start is not None:
            found.append("\n".join(line.removeprefix("# ") for line in lines[start:]))
    return found


def scalars() -> list[str]:
    """The keys of the top level shown commented out."""
    head = written().partition("# [")[0]
    return [line.removeprefix("# ") for line in head.splitlines() if re.match(r"# \w+ = ", line)]


def test_what_init_writes_loads_and_names_the_places(tmp_path: Path) -> None:
    path = starting.write(tmp_path, ["web", 'a "quoted" one', "näher"], ["buy", "use"])
    settings = load_settings(path, {})
    assert settings.measure.channels == ("web", 'a "quoted" one', "näher")
    assert settings.measure.stages == ("buy", "use")
    assert settings.names_given == {"channels", "stages"}


def test_without_names_init_writes_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(starting.write(tmp_path, [], []), {})
    defaults = Settings()
    assert settings.measure == defaults.measure
    assert settings.detection == defaults.detection
    assert settings.data_dir == tmp_path / "cxwatch-data"


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "cxwatch.toml").write_text("mine")
    with pytest.raises(CannotStart, match="is here already"):
        starting.write(tmp_path, [], [])
    assert (tmp_path / "cxwatch.toml").read_text() == "mine"


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.split("]")[0].strip("["))
def test_each_table_loads_when_it_is_uncommented(load: Load, table: str) -> None:
    load(f"{written()}\n{table}\n")


@pytest.mark.parametrize("line", scalars(), ids=lambda line: line.split(" ")[0])
def test_the_top_level_shows_the_defaults(load: Load, line: str) -> None:
    assert load(f"{line}\n{written()}") == load(written())


@pytest.mark.parametrize("name", ["windows", "detection", "alerts", "web", "retention"])
def test_tables_of_defaults_show_the_defaults(load: Load, name: str) -> None:
    (table,) = (one for one in tables() if one.startswith(f"[{name}]"))
    assert load(f"{written()}\n{table}") == load(written())
