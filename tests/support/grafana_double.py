"""A strict stand-in for Grafana's HTTP API: what its published description does not know, it refuses.

Fields and statuses are those of the Go module github.com/grafana/grafana-openapi-client-go (Apache-2.0), version
v0.0.0-20260330113218-ee77c4f6f90e, which Grafana Labs generates from the OpenAPI document of its HTTP API; how a
version decides between 200 and 412 is the documentation's (Dashboard HTTP API, version 11.6 and the one after 12).
"""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]
TOKEN = "glsa_the-right-one"

SOURCE_FIELDS = frozenset(
    [
        "access",
        "basicAuth",
        "basicAuthUser",
        "database",
        "isDefault",
        "jsonData",
        "name",
        "secureJsonData",
        "type",
        "uid",
        "url",
        "user",
        "withCredentials",
    ]
)
FIELDS = {
    "save board": frozenset(
        ["UpdatedAt", "dashboard", "folderId", "folderUid", "isFolder", "message", "overwrite", "userId"]
    ),
    "add source": SOURCE_FIELDS,
    "change source": SOURCE_FIELDS | {"version"},
    "add folder": frozenset(["description", "parentUid", "title", "uid"]),
    "change folder": frozenset(["description", "overwrite", "title", "version"]),
}
STATUSES = {
    "health": {200, 503},
    "read board": {200, 401, 403, 404, 406, 500},
    "save board": {200, 400, 401, 403, 404, 412, 422, 500},
    "read folder": {200, 401, 403, 404, 500},
    "add folder": {200, 400, 401, 403, 409, 500},
    "change folder": {200, 400, 401, 403, 404, 409, 500},
    "read source": {200, 400, 401, 403, 404, 500},
    "add source": {200, 401, 403, 409, 500},
    "change source": {200, 401, 403, 409, 500},
}
UID = re.compile(r"[A-Za-z0-9_-]{1,40}")
ROUTES = (
    ("GET", re.compile(r"/api/health"), "health"),
    ("GET", re.compile(r"/api/dashboards/uid/([^/]+)"), "read board"),
    ("POST", re.compile(r"/api/dashboards/db"), "save board"),
    ("GET", re.compile(r"/api/folders/([^/]+)"), "read folder"),
    ("POST", re.compile(r"/api/folders"), "add folder"),
    ("PUT", re.compile(r"/api/folders/([^/]+)"), "change folder"),
    ("GET", re.compile(r"/api/datasources/uid/([^/]+)"), "read source"),
    ("POST", re.compile(r"/api/datasources"), "add source"),
    ("PUT", re.compile(r"/api/datasources/uid/([^/]+)"), "change source"),
)


class Answer(Exception):
    """How a request ends other than well."""

    def __init__(self, status: int, message: str, status_word: str = "") -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message} | ({"status": status_word} if status_word else {})


@dataclass
class GrafanaDouble:
    """One Grafana with an organisation. `fail` makes operations end with a status."""

    url: str = ""
    boards: dict[str, Json] = field(default_factory=dict)  # uid -> {dashboard, meta}
    folders: dict[str, Json] = field(default_factory=dict)
    sources: dict[str, Json] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    fail: dict[str, int] = field(default_factory=dict)
    role: str = "Admin"

    def do(self, operation: str, uid: str, body: Json | None, authorization: str) -> Json:
        """One request; raises Answer."""
        if operation in self.fail:
            raise Answer(self.fail[operation], "seeded")
        if operation == "health":
            return {"database": "ok", "version": "12.2.0", "commit": "0"}
        if authorization != f"Bearer {TOKEN}":
            raise Answer(401, "Invalid API key")
        if not operation.startswith("read") and (
            self.role == "Viewer" or (self.role == "Editor" and "source" in operation)
        ):
            raise Answer(403, "You'll need additional permissions to perform this action")
        if body is not None:
            unknown = body.keys() - FIELDS[operation]
            assert not unknown, f"{operation}: the API has no field {unknown}"
            self.writes.append(f"{operation} {uid or body.get('uid') or body.get('dashboard', {}).get('uid')}")
        handler = getattr(self, "_" + operation.replace(" ", "_"))
        answer: Json = handler(uid, body)
        return answer

    def _read_board(self, uid: str, _: None) -> Json:
        if uid not in self.boards:
            raise Answer(404, "Dashboard not found")
        return copy.deepcopy(self.boards[uid])

    def _save_board(self, _: str, body: Json) -> Json:
        board, folder = body.get("dashboard"), body.get("folderUid", "")
        if not isinstance(board, dict) or not board.get("title"):
            raise Answer(400, "Dashboard title cannot be empty")
        uid = board.get("uid")
        if not isinstance(uid, str) or not UID.fullmatch(uid):
            raise Answer(400, "uid contains illegal characters or is too long")
        if folder and folder not in self.folders:
            raise Answer(404, "folder not found")
        there = self.boards.get(uid)
        if there is not None and there["meta"]["provisioned"]:
            raise Answer(400, "Cannot save provisioned dashboard")
        version = there["dashboard"]["version"] if there else 0
        if there is not None and not body.get("overwrite") and board.get("version") != version:
            raise Answer(412, "The dashboard has been changed by someone else", "version-mismatch")
        stored = {**board, "id": len(self.boards) + 1, "version": version + 1}
        self.boards[uid] = {
            "dashboard": stored,
            "meta": {"folderUid": folder, "provisioned": False, "version": version + 1, "slug": "x"},
        }
        return {"id": stored["id"], "uid": uid, "url": f"/d/{uid}/x", "status": "success", "version": version + 1}

    def _read_folder(self, uid: str, _: None) -> Json:
        if uid not in self.folders:
            raise Answer(404, "folder not found")
        return self.folders[uid]

    def _add_folder(self, _: str, body: Json) -> Json:
        if not body.get("title"):
            raise Answer(400, "folder title cannot be empty")
        if body["uid"] in self.folders:
            raise Answer(409, "a folder with the same uid already exists")
        self.folders[body["uid"]] = {"uid": body["uid"], "title": body["title"], "version": 1, "url": "/dashboards/f/x"}
        return self.folders[body["uid"]]

    def _change_folder(self, uid: str, body: Json) -> Json:
        there = self._read_folder(uid, None)
        if not body.get("overwrite") and body.get("version") != there["version"]:
            raise Answer(409, "the folder has been changed by someone else")
        there.update(title=body["title"], version=there["version"] + 1)
        return there

    def _read_source(self, uid: str, _: None) -> Json:
        if uid not in self.sources:
            raise Answer(404, "Data source not found")
        return self.sources[uid]

    def _add_source(self, _: str, body: Json) -> Json:
        taken = {source["name"] for source in self.sources.values()} | set(self.sources)
        if body["name"] in taken or body["uid"] in taken:
            raise Answer(409, "data source with the same name already exists")
        kept = {name: value for name, value in body.items() if name != "secureJsonData"}
        self.sources[body["uid"]] = {**kept, "id": 1, "orgId": 1, "version": 1, "readOnly": False}
        return {"id": 1, "message": "Datasource added", "name": body["name"], "datasource": self.sources[body["uid"]]}

    def _change_source(self, uid: str, body: Json) -> Json:
        there = self._read_source(uid, None)
        if body.get("version", there["version"]) != there["version"]:
            raise Answer(409, "Datasource has already been updated by someone else")
        there.update(body, version=there["version"] + 1)
        return {"id": 1, "message": "Datasource updated", "name": there["name"], "datasource": there}


@contextmanager
def grafana_double() -> Iterator[GrafanaDouble]:
    """Serve one until the block ends."""
    double = GrafanaDouble()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            status, body = 404, {"message": "Not found"}
            for method, path, operation in ROUTES:
                found = path.fullmatch(self.path)
                if method == self.command and found:
                    sent = json.loads(raw) if raw and raw != b"null" else None
                    try:
                        uid = found[1] if found.groups() else ""
                        status, body = 200, double.do(operation, uid, sent, self.headers.get("Authorization", ""))
                    except Answer as answer:
                        status, body = answer.status, answer.body
                    except (AssertionError, KeyError, TypeError) as fault:
                        status, body = 422, {"message": f"the double does not take this: {fault!r}"}
                    if status != 422 and not double.fail:
                        assert status in STATUSES[operation], (operation, status)
                    break
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
