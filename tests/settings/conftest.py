from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from cxwatch.settings import Problem, Settings, SettingsError, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cxwatch.toml"


@pytest.fixture
def load(file: Path) -> Callable[..., Settings]:
    """Settings of a text and an environment, nothing else: this process's own environment plays no part."""

    def read(text: str = "", environ: Mapping[str, str] | None = None) -> Settings:
        file.write_text(text, encoding="utf-8")
        return load_settings(file, environ or {})

    return read


@pytest.fixture
def problems(load: Callable[..., Settings]) -> Callable[..., list[Problem]]:
    """Everything that is wrong with a text and an environment."""

    def read(text: str = "", environ: Mapping[str, str] | None = None) -> list[Problem]:
        with pytest.raises(SettingsError) as raised:
            load(text, environ)
        return list(raised.value.problems)

    return read
