"""The web server, in the event loop that also measures: started, told to stop, never in charge of signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from litestar import Litestar

from cxwatch.errors import CannotStart

STREAMS_CLOSE_S = 3  # open event streams may hold a stop no longer than this


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process has one owner of signals, see run.py."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """Serves an app on one address until `stop`."""

    def __init__(self, app: Litestar, host: str, port: int) -> None:
        self._address = (host, port)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=STREAMS_CLOSE_S,
            server_header=False,
            date_header=True,
            h11_max_incomplete_event_size=64 * 1024,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        sockets = self._server.servers[0].sockets
        return int(sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises CannotStart when the address is taken."""
        listener = self._bind()
        self._task = asyncio.get_running_loop().create_task(self._server.serve([listener]))
        while not self._server.started:
            if self._task.done():
                await self._task
                raise CannotStart("the web server ended before it listened: see the log above")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Finish requests, close streams, stop listening."""
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    def _bind(self) -> socket.socket:
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # With the protocol named, asyncio sets TCP_NODELAY; without, every small answer waits some 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(self._address)
        except OSError as error:
            listener.close()
            raise CannotStart(
                f"cannot listen on {host}:{port} ({error.strerror}): another program uses it; stop that one, or set "
                "[web] port or CXWATCH_WEB_PORT to another number"
            ) from error
        return listener
