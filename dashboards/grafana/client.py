"""Grafana by grafana-api (GrafanaFace), and by plain paths where that client is older than Grafana.

The client knows data sources by number only, which Grafana has given up: reading and replacing by uid goes through
its `.api`. It also takes any answer for JSON, and tells a status only by the class of an exception.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import quote, urlsplit

import requests
from grafana_api.grafana_api import GrafanaClientError, GrafanaException
from grafana_api.grafana_face import GrafanaFace

from alerting.settings import Secret
from dashboards.grafana.port import (
    Conflict,
    Forbidden,
    GrafanaError,
    Json,
    NotThere,
    Rejected,
    StoredBoard,
    Unauthorized,
    Unreachable,
)

TIMEOUT_S = 10.0
SAID_MAX = 300  # characters of Grafana's own words that an error repeats
T = TypeVar("T")


class FaceClient:
    """The port over one Grafana. `url` may have a path, where Grafana is served under one."""

    def __init__(self, url: str, token: Secret, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        path = parts.path.strip("/")
        self._url = url
        self._face = GrafanaFace(
            auth=token.reveal(),
            host=f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname,
            port=parts.port,
            url_path_prefix=f"{path}/" if path else "",
            protocol=parts.scheme,
            timeout=timeout_s,
        )
        self._face.api.s.trust_env = False  # a netrc must not replace the token, nor a proxy see it

    def version(self) -> str:
        """The server's version."""
        found = self._asked("look at Grafana", lambda: self._face.api.GET("/health"))
        return str(found.get("version") or "unknown")

    def datasource(self, uid: str) -> Json | None:
        """A data source."""
        return self._found("read the data source", lambda: self._face.api.GET(f"/datasources/uid/{quote(uid)}"))

    def create_datasource(self, body: Json) -> None:
        """Add one."""
        self._asked("add the data source", lambda: self._face.datasource.create_datasource(body))

    def update_datasource(self, uid: str, body: Json) -> None:
        """Replace one: not by number, as the client would."""
        path = f"/datasources/uid/{quote(uid)}"
        self._asked("change the data source", lambda: self._face.api.PUT(path, json=body))

    def folder(self, uid: str) -> Json | None:
        """A folder."""
        return self._found("read the folder", lambda: self._face.folder.get_folder(quote(uid)))

    def create_folder(self, uid: str, title: str) -> None:
        """Add one."""
        self._asked("add the folder", lambda: self._face.folder.create_folder(title, uid))

    def rename_folder(self, uid: str, title: str, version: int) -> None:
        """Give one another title."""
        self._asked("rename the folder", lambda: self._face.folder.update_folder(quote(uid), title, version))

    def board(self, uid: str) -> StoredBoard | None:
        """A board."""
        found = self._found("read the board", lambda: self._face.dashboard.get_dashboard(quote(uid)))
        if found is None:
            return None
        board, meta = found.get("dashboard"), found.get("meta")
        if not isinstance(board, dict) or not isinstance(meta, dict):
            raise Unreachable(f"{self._url} answers, but not as Grafana does: check [grafana] url")
        version = board.get("version") or meta.get("version") or 0
        return StoredBoard(board, str(meta.get("folderUid") or ""), int(version), bool(meta.get("provisioned")))

    def save_board(self, board: Json, folder_uid: str, message: str) -> None:
        """Add a board, or replace the version that it names: never what somebody saved meanwhile."""
        body = {"dashboard": board, "folderUid": folder_uid, "message": message, "overwrite": False}
        self._asked(f"save the board {board['title']!r}", lambda: self._face.dashboard.update_dashboard(body))

    def _found(self, doing: str, call: Callable[[], Any]) -> Json | None:
        try:
            return self._asked(doing, call)
        except NotThere:
            return None

    def _asked(self, doing: str, call: Callable[[], Any]) -> Json:
        try:
            answer = call()
        except GrafanaException as error:
            raise self._judged(doing, error) from None  # the cause holds the request, and with it the token
        except requests.exceptions.Timeout:
            raise Unreachable(f"{self._url} did not answer in time: is it well? Try again") from None
        except requests.exceptions.SSLError:
            raise Unreachable(f"{self._url} has a certificate that is not trusted here: check the address") from None
        except requests.exceptions.ConnectionError:
            raise Unreachable(f"nothing answers at {self._url}: is Grafana running? Check [grafana] url") from None
        except (ValueError, TypeError):  # no JSON, or JSON that the client did not expect
            raise Unreachable(f"{self._url} answers, but not as Grafana does: check [grafana] url") from None
        except requests.exceptions.RequestException as error:
            raise Unreachable(f"{self._url} could not be asked ({type(error).__name__})") from None
        if not isinstance(answer, dict):
            raise Unreachable(f"{self._url} answers, but not as Grafana does: check [grafana] url")
        return cast(Json, answer)

    def _judged(self, doing: str, error: GrafanaException) -> GrafanaError:
        status = int(error.status_code)
        said = _said(error.response)
        if status == 401:
            return Unauthorized(f"could not {doing}: Grafana does not know the token (401). Set GRAFANA_TOKEN anew")
        if status == 403:
            return Forbidden(
                f"could not {doing}: the token may not (403). Its service account needs the role Editor, and for the "
                f"data source Admin or the permission datasources:write{said}"
            )
        if status == 404:
            return NotThere(f"could not {doing}: Grafana has no such thing (404). Check [grafana] url{said}")
        if status in (409, 412):
            return Conflict(
                f"could not {doing}: it was changed meanwhile, or its name is taken ({status}). "
                f"See what differs with --dry-run, then push again{said}"
            )
        if isinstance(error, GrafanaClientError):
            return Rejected(f"could not {doing}: Grafana refuses it ({status}){said}")
        return Unreachable(f"could not {doing}: Grafana itself failed ({status}). Look at its log{said}")


def _said(response: object) -> str:
    message = response.get("message") if isinstance(response, dict) else None
    return f". It said: {message[:SAID_MAX]}" if isinstance(message, str) and message else ""
