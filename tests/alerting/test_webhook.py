"""The signed webhook: what a receiver can rely on, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from aiohttp import web

from alerting import outbox, troubles
from alerting.channels.protocol import Ambiguous, Mark, Message, Refused
from alerting.channels.webhook import WebhookChannel
from alerting.deliver import Delivery
from alerting.react import react
from alerting.settings import AlertSettings, Route, Secret
from streams.clock import ManualClock

T0 = 1_794_924_300_000
KEY = b"0123456789abcdef01234567"
SECRET = Secret(f"whsec_{base64.b64encode(KEY).decode()}")


class Receiver:
    """A tool that takes webhooks, drops what it knows, and refuses what is not signed."""

    def __init__(self) -> None:
        self.status = 200
        self.drop_after = False
        self.calls = 0
        self.known: dict[str, dict] = {}
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Receiver:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.calls += 1
        named = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        signature = hmac.new(KEY, f"{named[0]}.{named[1]}.".encode() + body, hashlib.sha256).digest()
        assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(signature).decode()}"
        assert named[1] == str(T0 // 1_000)
        if self.status == 200:
            self.known[named[0]] = json.loads(body)
        if self.drop_after:
            request.transport.abort()
        headers = {"Retry-After": "7", "Location": self.url} if self.status in (302, 429) else {}
        return web.Response(status=self.status, headers=headers)


@pytest.fixture
async def receiver():
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture
async def hook(receiver):
    channel = WebhookChannel({"pager": receiver.url}, SECRET, ManualClock(T0))
    yield channel
    await channel.close()


async def test_a_message_is_signed_and_named_so_that_a_receiver_can_drop_what_it_knows(hook, receiver):
    message = Message("web · buy: 18 of 31 bad", (), {"id": 1})
    posted = await hook.post("webhook:pager", message, Mark("d1", 1))
    await hook.update(posted, message, Mark("d1", 2))
    await hook.note(posted, Message("Worse", ()), Mark("d2", 2))
    assert list(receiver.known) == ["d1.1", "d1.2", "d2.2"]
    kinds = [(told["type"], told["id"], told["revision"], told["thread"]) for told in receiver.known.values()]
    assert kinds == [
        ("message.opened", "d1", 1, None),
        ("message.changed", "d1", 2, None),
        ("message.note", "d2", 2, "d1"),
    ]
    assert receiver.known["d1.1"]["about"] == {"id": 1}


@pytest.mark.parametrize(
    ("status", "permanent", "advice"),
    [
        (429, False, "tried again"),
        (503, False, "tried again"),
        (302, False, "redirects are not followed"),
        (401, False, "WEBHOOK_SECRET"),
        (404, False, "correct its url"),
        (410, False, "take it out of the settings"),
        (422, True, "does not take this message"),
    ],
)
async def test_every_refusal_says_what_to_do(hook, receiver, status, permanent, advice):
    receiver.status = status
    with pytest.raises(Refused, match=advice) as refused:
        await hook.post("webhook:pager", Message("x", ()), Mark("d1", 1))
    assert refused.value.permanent is permanent
    assert refused.value.retry_after_s == (7 if status == 429 else None)
    assert receiver.calls == 1  # a redirect led nowhere


async def test_an_answer_that_never_came_is_of_unknown_fate(hook, receiver):
    receiver.drop_after = True
    with pytest.raises(Ambiguous):
        await hook.post("webhook:pager", Message("x", ()), Mark("d1", 1))


async def test_a_server_that_is_down_and_a_name_that_is_not_in_the_settings_are_refused(receiver):
    gone = WebhookChannel({"pager": "http://127.0.0.1:9/hook"}, SECRET, ManualClock(T0))
    with pytest.raises(Refused, match="could not be reached"):
        await gone.post("webhook:pager", Message("x", ()), Mark("d1", 1))
    with pytest.raises(Refused, match=r"there is no \[webhook.other\]"):
        await gone.post("webhook:other", Message("x", ()), Mark("d1", 1))
    await gone.close()


async def test_an_incident_reaches_a_webhook_by_its_route_whatever_goes_wrong_in_between(engine, make, receiver, hook):
    settings = AlertSettings(
        mode="live",
        hold_off_seconds=0,
        routes=(Route("webhook:pager", about="incident", severity_from="major"),),
        webhooks={"pager": receiver.url},
        webhook_secret=SECRET,
    )
    clock = ManualClock(T0)
    delivery = Delivery(engine, {"webhook": hook}, clock, settings, lambda conn: True, real_clock=clock)

    async def deliver(seconds, times=1):
        for _ in range(times):
            clock.set(clock.now_ms() + seconds * 1_000)
            await delivery.deliver_due()

    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=0))
    receiver.drop_after = True
    await deliver(1)
    receiver.drop_after, receiver.status = False, 503
    await deliver(30, times=2)
    with engine.connect() as conn:
        assert troubles.read(conn)[0].place == "webhook webhook:pager"
    receiver.status = 200
    with engine.begin() as tx:
        react(tx, settings, clock.now_ms(), (), make.update("web", "buy", at=1))
    await deliver(60, times=4)
    parents = {key: told for key, told in receiver.known.items() if told["thread"] is None}
    assert sorted(told["revision"] for told in parents.values()) == [1, 2]
    newest = max(parents.values(), key=lambda told: told["revision"])
    assert newest["about"]["severity"] == "critical"
    assert newest["about"]["reason"] == "40 of 60 bad since 14:05 (67 %)."
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1").state == "sent"
        assert troubles.read(conn) == []


async def test_in_shadow_mode_nothing_reaches_a_webhook(engine, make, receiver, hook):
    from alerting.channels.preview import PreviewChannel

    settings = AlertSettings(
        mode="shadow", hold_off_seconds=0, incidents_to="webhook:pager", webhooks={"pager": receiver.url}
    )
    clock = ManualClock(T0)
    channels = {"webhook": hook, "preview": PreviewChannel(engine, clock)}
    delivery = Delivery(engine, channels, clock, settings, lambda conn: True, real_clock=clock)
    with engine.begin() as tx:
        react(tx, settings, T0, (), make.anomaly("web", "buy", at=0))
    await delivery.deliver_due()
    assert receiver.calls == 0
    with engine.connect() as conn:
        assert outbox.read(conn, "incident-1").channel == "preview"
