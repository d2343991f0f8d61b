"""Prometheus and Alertmanager of this machine for tests; without them a test is skipped (see tools.py)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench import servers
from bench.servers import Alertmanager, Hook, Prometheus, until, webhook
from tests.support.tools import need

__all__ = ["Alertmanager", "Hook", "Prometheus", "alertmanager", "prometheus", "until", "webhook"]


def prometheus(folder: Path, target: str, **options: Any) -> AbstractContextManager[Prometheus]:
    """A Prometheus that scrapes one target each second."""
    return servers.prometheus(need("prometheus"), folder, target, **options)


def alertmanager(folder: Path, hook: str) -> AbstractContextManager[Alertmanager]:
    """An Alertmanager that tells one webhook."""
    return servers.alertmanager(need("prometheus-alertmanager"), folder, hook)
