"""What `make test` and the wheel promise."""

from __future__ import annotations

import importlib
import os
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("streams", "detectors", "alerting", "dashboards", "cxwatch")
under_make = pytest.mark.skipif("CXWATCH_INSTALLED" not in os.environ, reason="only `make test` installs the wheel")


@under_make
@pytest.mark.parametrize("room", ROOMS)
def test_rooms_are_imported_from_the_installed_wheel(room: str) -> None:
    found = Path(importlib.import_module(room).__file__ or "")
    assert found.is_relative_to(sysconfig.get_path("purelib"))
    assert not found.is_relative_to(ROOT / room)


@under_make
def test_the_wheel_holds_every_file_of_the_five_rooms() -> None:
    installed = {str(file) for file in metadata.files("cxwatch") or ()}
    source = {
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    assert source <= installed
    assert any(name.endswith(".html") for name in source)
    assert any(name.startswith("dashboards/static/") for name in source)
    assert any(name.startswith("cxwatch/migrations/versions/") for name in source)


@under_make
def test_the_wheel_holds_nothing_else() -> None:
    tops = {file.parts[0] for file in metadata.files("cxwatch") or () if not str(file).startswith("..")}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(ROOMS)


@under_make
def test_the_wheel_carries_its_licence_and_is_not_for_upload() -> None:
    facts = metadata.metadata("cxwatch")
    assert facts["License-Expression"] == "Apache-2.0"
    assert "Private :: Do Not Upload" in (facts.get_all("Classifier") or [])


def test_constraints_pin_every_package_exactly_and_name_no_host() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=str.lower)
    assert all(line.count("==") == 1 and "://" not in line and "@" not in line for line in lines)


def test_dependencies_are_explained_one_by_one() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text().lower()
    requirements = metadata.requires("cxwatch") if "CXWATCH_INSTALLED" in os.environ else None
    names = [_name(line) for line in requirements or _declared()]
    assert [name for name in names if f"| {name} |" not in explained] == []


def _declared() -> list[str]:
    import tomllib

    return list(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"])


def _name(requirement: str) -> str:
    return (
        requirement.split(";")[0].split("[")[0].split("=")[0].split("<")[0].split(">")[0].split("~")[0].strip().lower()
    )
