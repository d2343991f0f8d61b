"""However events are put into requests, the same ones are accepted and refused."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from tests.ingest.support import URL, Server, envelope, feedback, packed

ids = st.text('abc\u00e9\n"', min_size=1, max_size=3)
good = st.builds(feedback, ids, comment=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
bad = st.builds(feedback, ids, score=st.integers(11, 2**70)) | st.none() | st.lists(st.integers(), max_size=2)
events = st.lists(good | bad | st.builds(envelope, id=ids), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def open_client() -> Iterator[TestClient[Any]]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        with TestClient(server.app) as client:
            yield client
        asyncio.run(server.log.close())
        server.engine.dispose()


def outcome(client: TestClient[Any], body: bytes, kind: str, is_packed: bool) -> tuple[int, list[tuple[Any, ...]]]:
    headers = {"Content-Type": kind} | ({"Content-Encoding": "gzip"} if is_packed else {})
    answer = client.post(URL, content=packed(body) if is_packed else body, headers=headers)
    assert answer.status_code in (202, 422), answer.text
    found = answer.json()
    return found.get("accepted", 0), [tuple(one.values()) for one in found["refused"]]


@settings(max_examples=40, deadline=None)
@given(sent=events, data=st.data())
def test_any_split_gives_the_same_accepted_and_refused(
    open_client: TestClient[Any], sent: list[Any], data: st.DataObject
) -> None:
    whole = outcome(open_client, msgspec.json.encode(sent), "application/json", is_packed=False)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent)), max_size=3)) | {0, len(sent)})
    accepted, refused = 0, []
    for start, end in pairwise(cuts):
        parts = [msgspec.json.encode(one) for one in sent[start:end]]
        if data.draw(st.booleans()):
            body, kind = b"[" + b" ,\n".join(parts) + b"]", data.draw(st.sampled_from(["application/json", "text/x"]))
        else:
            body, kind = b"\r\n\n".join(parts), "application/x-ndjson"
        one = outcome(open_client, body, kind, data.draw(st.booleans()))
        accepted += one[0]
        refused += [(index + start, *rest) for index, *rest in one[1]]
    assert (accepted, refused) == whole
