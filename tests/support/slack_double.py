"""A double of Slack's Web API over real HTTP, with faults by script. It keeps messages as Slack would."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from streams.clock import ManualClock

CHANNELS = {"cx-alerts": "C0ALERTS01", "cx-recovery": "C0RECOVER1"}


class SlackDouble:
    """`fault(method)` names what happens to a call:

    ok, 429, 500 (not done), 500_after (done), drop (not done), drop_after (done), late:MS (the connection drops, and
    it is done that much later), html (an unreadable 502), error:CODE (Slack says no), slow:MS (it is done, and the
    answer takes that long in real time). `archived` names channels, by id, in which nothing can be posted any more.
    """

    def __init__(self, clock: ManualClock, fault: Callable[[str], str] = lambda method: "ok") -> None:
        self.clock = clock
        self.fault = fault
        self.messages: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self.url = ""
        self.scopes = "chat:write,channels:history,groups:history,channels:read,groups:read"
        self.whispers: list[tuple[str, str, str]] = []  # (channel, user, text)
        self.sockets: list[web.WebSocketResponse] = []
        self.acknowledged: list[str] = []
        self.archived: set[str] = set()
        self.deleted: list[dict[str, Any]] = []  # by people
        self._late: list[tuple[int, str, dict[str, Any]]] = []
        self._count = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> SlackDouble:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._answer)
        app.router.add_get("/socket", self._socket)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def settle(self) -> None:
        """Do what was accepted late and has come due."""
        due = sorted((late for late in self._late if late[0] <= self.clock.now_ms()), key=lambda late: late[0])
        self._late = [late for late in self._late if late[0] > self.clock.now_ms()]
        for _, method, asked in due:
            self._do(method, asked)

    def parents(self) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("thread_ts") is None]

    def thread(self, ts: str) -> list[dict[str, Any]]:
        return [m for m in self.messages if m.get("thread_ts") == ts]

    def delete_by_hand(self, ts: str) -> None:
        """Somebody deletes a message; its thread goes with it."""
        gone = [m for m in self.messages if ts in (m["ts"], m.get("thread_ts"))]
        self.messages = [m for m in self.messages if m not in gone]
        self.deleted += gone

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        asked = dict(await request.json()) if request.content_type == "application/json" else dict(await request.post())
        asked |= dict(request.query)
        self.settle()
        fault = self.fault(method)
        self.calls.append((method, fault))
        if fault == "429":
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "3"})
        if fault == "500":
            return web.json_response({"ok": False}, status=500)
        if fault == "html":
            return web.Response(text="<html>bad gateway</html>", content_type="text/html", status=502)
        if fault.startswith("error:"):
            return web.json_response({"ok": False, "error": fault.removeprefix("error:")})
        if fault == "drop":
            return self._drop(request)
        if fault.startswith("late:"):
            self._late.append((self.clock.now_ms() + int(fault.removeprefix("late:")), method, asked))
            return self._drop(request)
        answer = self._do(method, asked)
        if fault.startswith("slow:"):
            await asyncio.sleep(int(fault.removeprefix("slow:")) / 1_000)
        if fault == "drop_after":
            return self._drop(request)
        if fault == "500_after":
            return web.json_response({"ok": False}, status=503)
        return web.json_response(answer, headers={"x-oauth-scopes": self.scopes})

    def _drop(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    def _do(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        name = method.replace(".", "_")
        done: dict[str, Any] = getattr(self, f"_{name}")(asked)
        return done

    def _conversations_list(self, asked: dict[str, Any]) -> dict[str, Any]:
        channels = [{"id": i, "name": n, "is_archived": i in self.archived} for n, i in CHANNELS.items()]
        return {"ok": True, "channels": channels}

    def _chat_postEphemeral(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.whispers.append((asked["channel"], asked["user"], asked["text"]))
        return {"ok": True, "message_ts": "1.2"}

    def _auth_test(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": "https://shop.slack.com/", "team": "Shop", "user": "cxwatch", "bot_id": "B1"}

    def _apps_connections_open(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"ok": True, "url": self.url.replace("http://", "ws://").replace("/api/", "/socket")}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        """Socket Mode: hello, then whatever `push` is given; `acknowledged` keeps what came back."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.acknowledged.append(message.json()["envelope_id"])
        self.sockets.remove(socket)
        return socket

    async def push(self, payload: dict[str, Any], envelope_id: str, kind: str = "interactive") -> None:
        """A click comes through the newest WebSocket."""
        envelope = {"type": kind, "envelope_id": envelope_id, "payload": payload, "accepts_response_payload": False}
        await self.sockets[-1].send_json(envelope)

    def _chat_postMessage(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["channel"] not in CHANNELS.values():
            return {"ok": False, "error": "channel_not_found"}
        if asked["channel"] in self.archived:
            return {"ok": False, "error": "is_archived"}
        parent = asked.get("thread_ts")
        if parent is not None and not any(m["ts"] == parent for m in self.messages):
            return {"ok": False, "error": "thread_not_found"}
        self._count += 1
        ts = f"{self.clock.now_ms() / 1000:.3f}{self._count:03d}"
        self.messages.append({**asked, "ts": ts, "edits": 0})
        return {"ok": True, "channel": asked["channel"], "ts": ts}

    def _of(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        same = (m for m in self.messages if m["ts"] == asked["ts"] and m["channel"] == asked["channel"])
        return next(same, None)

    def _chat_update(self, asked: dict[str, Any]) -> dict[str, Any]:
        message = self._of(asked)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        if asked["channel"] in self.archived:
            return {"ok": False, "error": "is_archived"}
        message.update({**asked, "edits": message["edits"] + 1})
        return {"ok": True, "channel": asked["channel"], "ts": asked["ts"]}

    def _chat_delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        message = self._of(asked)
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        self.messages.remove(message)
        return {"ok": True}

    def _listed(self, found: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
        if str(asked.get("include_all_metadata", "")).lower() not in ("1", "true"):
            found = [{k: v for k, v in m.items() if k != "metadata"} for m in found]
        since = [m for m in found if float(m["ts"]) >= float(asked.get("oldest") or 0)]
        start = int(asked.get("cursor") or 0)
        page = since[start : start + 2]  # small pages, so that paging is always met
        more = str(start + 2) if len(since) > start + 2 else ""
        body = {"ok": True, "messages": page, "response_metadata": {"next_cursor": more}}
        return dict(json.loads(json.dumps(body)))

    def _conversations_history(self, asked: dict[str, Any]) -> dict[str, Any]:
        mine = [m for m in self.parents() if m["channel"] == asked["channel"]]
        return self._listed(sorted(mine, key=lambda m: -float(m["ts"])), asked)

    def _conversations_replies(self, asked: dict[str, Any]) -> dict[str, Any]:
        parent = [m for m in self.messages if m["ts"] == asked["ts"]]
        if not parent:
            return {"ok": False, "error": "thread_not_found"}
        return self._listed([*parent, *self.thread(asked["ts"])], asked)
