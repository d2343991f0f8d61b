"""The few things that pushing asks of Grafana, and the ways in which it can say no. One port, so that a client can go.

Grafana's older HTTP API (/api/...) is deprecated from version 13 on and still served; when it ends, only client.py
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

Json = dict[str, Any]


class GrafanaError(Exception):
    """Grafana cannot be used like this; the text says why and what to do. It never holds the token."""


class Unreachable(GrafanaError):
    """Nothing answers, or something that is not Grafana."""


class Unauthorized(GrafanaError):
    """401: the token is wrong, or too old."""


class Forbidden(GrafanaError):
    """403: the token may not do this."""


class NotThere(GrafanaError):
    """404 where something was to be written: the address or the organisation is wrong."""


class Conflict(GrafanaError):
    """409 or 412: somebody else changed it, or holds the name."""


class Rejected(GrafanaError):
    """Grafana understood, and refuses what it was given."""


@dataclass(frozen=True, slots=True)
class StoredBoard:
    """A board as Grafana holds it."""

    json: Json
    folder_uid: str
    version: int
    provisioned: bool


class Grafana(Protocol):
    """What pushing needs. Reads give None for what is not there; every call is bounded in time."""

    def version(self) -> str:
        """The server's version, such as "12.2.0"."""

    def datasource(self, uid: str) -> Json | None:
        """A data source."""

    def create_datasource(self, body: Json) -> None:
        """Add one."""

    def update_datasource(self, uid: str, body: Json) -> None:
        """Replace one."""

    def folder(self, uid: str) -> Json | None:
        """A folder."""

    def create_folder(self, uid: str, title: str) -> None:
        """Add one."""

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Give one another title."""

    def board(self, uid: str) -> StoredBoard | None:
        """A board."""

    def save_board(self, board: Json, folder_uid: str, message: str) -> None:
        """Add a board, or replace the version that it names."""
