from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx import Response
from litestar.testing import TestClient

from tests.ingest.support import URL, Server

Send = Callable[..., Response]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    yield made
    asyncio.run(made.log.close())
    made.engine.dispose()


@pytest.fixture
def client(server: Server) -> Iterator[TestClient[Any]]:
    with TestClient(server.app, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def send(client: TestClient[Any]) -> Send:
    """Post a body as it is, or a value as JSON."""

    def post(body: object, kind: str = "application/json", **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, bytes):
            return client.post(URL, content=body, headers={"Content-Type": kind, **named})
        return client.post(URL, json=body, headers={"Content-Type": kind, **named})

    return post
