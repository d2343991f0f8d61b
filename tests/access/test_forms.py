"""The forms of the pages in the whole application: an agent's work, a viewer's and a form of elsewhere do not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import insert

from alerting import tables
from alerting.casebook import read_case
from cxwatch.access.passwords import hash_of
from cxwatch.access.users import add_user
from cxwatch.product import Product
from cxwatch.settings import Settings
from cxwatch.webapp import build_web
from streams.clock import HOUR_MS, SystemClock
from tests.access.conftest import PASSWORD


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    def fatal(error: BaseException) -> None:
        raise error

    made = Product(Settings(data_dir=tmp_path), SystemClock(), fatal)
    now = SystemClock().now_ms()
    with made.database.begin() as conn:
        for role in ("viewer", "agent"):
            add_user(conn, role, role, hash_of(PASSWORD), now)  # type: ignore[arg-type]  # two of the roles
        case = {"case_id": 1, "customer": "c_1", "state": "open", "kind": "moment_of_truth", "channel": "web"}
        case |= {"stage": "buy", "reason": "charged twice", "severity": 50, "value": 0, "repeats": 0, "version": 1}
        case |= dict.fromkeys(("opened_ms", "last_flag_ms", "updated_ms"), now)
        conn.execute(insert(tables.cases).values(**case, first_contact_due_ms=now + HOUR_MS))
    yield made
    made.database.dispose()
    made.measure_database.dispose()


@pytest.fixture
def web(product: Product) -> Iterator[TestClient[Litestar]]:
    with TestClient(build_web(product), base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client


def sign_in(web: TestClient[Litestar], name: str) -> None:
    assert web.post("/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False).status_code == 303


def claimed_by(product: Product) -> str | None:
    with product.database.connect() as conn:
        case = read_case(conn, 1)
    assert case is not None
    return case.claimed_by


def test_the_form_that_an_agent_sees_claims_in_their_name(product: Product, web: TestClient[Litestar]) -> None:
    sign_in(web, "agent")
    page = web.get("/queue").text
    form = re.search(r'action="/cases/1/claim">(.*?)</form>', page)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    assert fields["csrf"]
    answer = web.post("/cases/1/claim", data=fields, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases/1")
    assert claimed_by(product) == "agent"


@pytest.mark.parametrize("sent", [{}, {"csrf": ""}, {"csrf": "made up"}])
def test_a_form_without_our_secret_is_refused_in_words(
    product: Product, web: TestClient[Litestar], sent: dict[str, str]
) -> None:
    sign_in(web, "agent")
    answer = web.post("/cases/1/claim", data={"version": "1", **sent}, follow_redirects=False)
    assert answer.status_code == 403
    assert claimed_by(product) is None


def test_a_viewer_sees_no_forms_and_cannot_send_one(product: Product, web: TestClient[Litestar]) -> None:
    sign_in(web, "viewer")
    for path in ("/queue", "/cases/1"):
        page = web.get(path).text.split("<main")[1]
        assert 'method="post"' not in page
    csrf = re.findall(r'name="csrf" value="([^"]+)"', web.get("/queue").text)[0]
    assert web.post("/cases/1/claim", data={"version": "1", "csrf": csrf}, follow_redirects=False).status_code == 403
    assert claimed_by(product) is None
