"""`cxwatch ingest --to URL`, against a server that answers as the product's route does, or as a bad day does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, Request, Response, post

from alerting.settings import Secret
from cxwatch.database import open_state
from cxwatch.errors import CannotStart, CxwatchError
from cxwatch.importing import Summary, remote, send_files
from cxwatch.settings import Settings
from streams.clock import ManualClock
from streams.store import deadletters
from tests.importing.conftest import MAPPING, Heard, row, write
from tests.support.served import serve


@dataclass
class Server:
    """What it was sent, and what it answers instead of taking it: (status, headers, body)."""

    url: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)

    def take(self, headers: dict[str, str], body: bytes) -> Response[Any]:
        self.requests += 1
        self.headers = headers
        if self.answers:
            status, extra, content = self.answers.pop(0)
            return Response(content, status_code=status, headers=extra, media_type="application/json")
        found = [json.loads(line) for line in gzip.decompress(body).split(b"\n")]
        assert len(found) <= 2_000
        refused = [
            {"index": index, "field": "score", "value": str(event["score"]), "rule": "must be on the scale"}
            for index, event in enumerate(found)
            if event["score"] > 5
        ]
        self.events += [event for event in found if event["score"] <= 5]
        if len(refused) == len(found):
            problem = {"type": "about:blank", "title": "No event", "status": 422, "detail": "x", "refused": refused}
            return Response(problem, status_code=422)
        return Response({"accepted": len(found) - len(refused), "refused": refused}, status_code=202)


@pytest.fixture
def server() -> Iterator[Server]:
    double = Server()

    @post("/api/v1/events")
    async def events(request: Request[Any, Any, Any]) -> Response[Any]:
        return double.take(dict(request.headers), await request.body())

    with serve(Litestar([events])) as served:
        double.url = served.url
        yield double


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WAIT_MAX_S", 0.01)
    monkeypatch.setattr(remote, "TRIES", 4)


async def test_rows_arrive_once_and_what_the_server_refuses_has_its_row_number(
    settings: Settings, clock: ManualClock, heard: Heard, server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1), "short\n", row(2, 9), row(3), "short\n"])
    summary = await send_files(
        settings, [path], MAPPING, heard.listener, clock, url=server.url + "/", token=Secret("t0ken")
    )
    assert summary == Summary(accepted=2, refused=3)
    assert [event["id"] for event in server.events] == ["r1", "r3"]
    assert {(why.row, why.field) for why in heard.refused} == {(2, "row"), (3, "score"), (5, "row")}
    assert server.headers["authorization"] == "Bearer t0ken"
    assert server.headers["content-type"] == "application/x-ndjson"
    engine = open_state(settings)
    with engine.connect() as conn:  # the server keeps the others
        assert [(letter.field, letter.times) for letter in deadletters.read(conn)] == [("row", 2)]
    engine.dispose()

    again = await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    assert again == Summary(duplicate=5)
    assert server.requests == 1


async def test_a_batch_of_which_nothing_is_accepted_does_not_stop_the_rest(
    settings: Settings, clock: ManualClock, heard: Heard, server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(n, 9 if n < 2_000 else 4) for n in range(2_100)])
    summary = await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    assert (summary.accepted, summary.refused, server.requests) == (100, 2_000, 2)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_busy_server_is_asked_again(
    settings: Settings, clock: ManualClock, heard: Heard, server: Server, tmp_path: Path, status: int
) -> None:
    server.answers = [(status, {"Retry-After": "1"}, b"{}"), (status, {"Retry-After": "soon"}, b"busy")]
    path = write(tmp_path / "a.csv", [row(1)])
    summary = await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    assert (summary.accepted, server.requests) == (1, 3)


async def test_it_gives_up_in_the_end_and_the_next_run_goes_on(
    settings: Settings, clock: ManualClock, heard: Heard, server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(n) for n in range(2_500)])
    taken: tuple[int, dict[str, str], bytes] = (202, {}, b'{"accepted": 2000, "refused": []}')
    server.answers = [taken, *[(503, {}, b"{}")] * 4]
    with pytest.raises(CxwatchError, match=r"took nothing after 4 tries.*503.*goes on"):
        await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    summary = await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    assert summary == Summary(accepted=500, duplicate=2_000)
    assert [event["id"] for event in server.events] == [f"r{n}" for n in range(2_000, 2_500)]


async def test_a_server_that_is_not_there_says_so(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1)])
    with pytest.raises(CxwatchError, match="does not answer"):
        await send_files(settings, [path], MAPPING, heard.listener, clock, url="http://127.0.0.1:9", token=None)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (401, b"{}", "CXWATCH_TOKEN"),
        (403, b"{}", "scope ingest"),
        (404, b"{}", "not cxwatch's"),
        (413, b'{"detail": "send less"}', "send less"),
        (422, b'{"detail": "what is this"}', "what is this"),
        (202, b"<html>welcome</html>", "something else than cxwatch"),
        (202, b"{}", "something else than cxwatch"),
        (202, b'{"accepted": 7}', "something else than cxwatch"),
        (202, b'{"refused": [{"index": 9, "field": "f", "value": "v", "rule": "r"}]}', "something else than cxwatch"),
        (302, b"", "302"),
    ],
)
async def test_any_other_answer_stops_it_and_nothing_counts_as_done(
    settings: Settings,
    clock: ManualClock,
    heard: Heard,
    server: Server,
    tmp_path: Path,
    status: int,
    body: bytes,
    says: str,
) -> None:
    server.answers = [(status, {}, body)]
    path = write(tmp_path / "a.csv", [row(1)])
    with pytest.raises(CannotStart, match=says):
        await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    summary = await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    assert summary == Summary(accepted=1)


async def test_each_server_has_a_ledger_of_its_own(
    settings: Settings, clock: ManualClock, heard: Heard, server: Server, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", [row(1)])
    await send_files(settings, [path], MAPPING, heard.listener, clock, url=server.url, token=None)
    elsewhere = server.url.replace("127.0.0.1", "localhost")
    summary = await send_files(settings, [path], MAPPING, heard.listener, clock, url=elsewhere, token=None)
    assert summary == Summary(accepted=1)


async def test_an_address_without_http_is_refused(
    settings: Settings, clock: ManualClock, heard: Heard, tmp_path: Path
) -> None:
    with pytest.raises(CannotStart, match="must be an address"):
        await send_files(settings, [tmp_path], MAPPING, heard.listener, clock, url="example.com", token=None)
