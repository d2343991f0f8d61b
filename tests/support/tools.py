"""Programs that a test needs beside Python: without one it is skipped, and in CI (CXWATCH_REQUIRE=all) it fails."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

# Debian's package and where it puts what is not on the PATH.
PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "chromium": "chromium",
    "java": "default-jre-headless",
    "mvn": "maven",
    "kcat": "kcat",
    "openssl": "openssl",
    "systemd-analyze": "systemd",
    "amtool": "prometheus-alertmanager",
    "faketime": "faketime",
    "initdb": "postgresql",
    "pg_ctl": "postgresql",
    "node": "nodejs",
    "npm": "npm",
}
POSTGRESQL = Path("/usr/lib/postgresql")  # VERSION/bin


def find(name: str) -> str | None:
    """The program's path, newest version first; None where it is not installed."""
    folders = sorted((str(folder) for folder in POSTGRESQL.glob("*/bin")), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *folders]))


def need(name: str) -> str:
    """The program's path. Ends the test where there is none: as skipped, or as failed where everything is required."""
    path = find(name)
    if path is None:
        lacking(f"{name} is not installed: apt-get install {PACKAGES.get(name, name)}")
    return path


def lacking(reason: str) -> NoReturn:
    """End the test for want of something: skipped, or failed where everything is required."""
    if os.environ.get("CXWATCH_REQUIRE") == "all":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
