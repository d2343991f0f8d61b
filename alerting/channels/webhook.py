"""Messages as signed HTTP requests, for other tools. Signed as Standard Webhooks asks (standardwebhooks.com).

The receiver sees each state of an incident at least once and drops what it knows by `webhook-id`: the delivery and its
revision. So nothing has to be looked for after an ambiguous call; it is simply sent again under the same id.
Addresses come from the settings alone; redirects are not followed, and no proxy of the environment is used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence

import httpx
import msgspec

from alerting.channels.protocol import Ambiguous, Found, Mark, Message, Refused
from alerting.records import Reference
from alerting.settings import Secret
from alerting.waiting import WEBHOOK
from streams.clock import SECOND_MS, Clock

ANSWER_MAX = 4_096  # bytes of an answer that are read
_AGAIN = frozenset({408, 425, 429})


class WebhookChannel:
    """Posts to the addresses of [webhook.NAME]; `real` stamps the requests, so that a receiver can refuse old ones."""

    name = "webhook"
    timeout_s = 10.0
    gap_s = 0.0

    def __init__(
        self,
        url_by_name: Mapping[str, str],
        secret: Secret,
        real: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._urls = dict(url_by_name)
        self._key = _key(secret.reveal())
        self._real = real
        self._client = httpx.AsyncClient(
            timeout=self.timeout_s, follow_redirects=False, trust_env=False, transport=transport
        )

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        """Tell of something new."""
        await self._send(target, mark, "opened", message)
        return Reference(target, mark.delivery_id)

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        """Tell how it stands now."""
        await self._send(posted.place, mark, "changed", message)

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        """Tell one line of what happened."""
        await self._send(parent.place, mark, "note", message, parent.ts)
        return Reference(parent.place, mark.delivery_id)

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        """Nothing can be looked up there; what is sent again has the same id."""
        del target, delivery_id, since_real_ms, parent
        return ()

    async def delete(self, posted: Reference) -> None:
        """There are no doubles: the receiver drops them."""

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _send(self, target: str, mark: Mark, kind: str, message: Message, thread: str | None = None) -> None:
        url = self._urls.get(target.removeprefix(WEBHOOK))
        if url is None:
            raise Refused(
                f"there is no [{target.replace(':', '.')}] in the settings: correct the route", reach="target"
            )
        told = {
            "type": f"message.{kind}",
            "id": mark.delivery_id,
            "revision": mark.revision,
            "thread": thread,
            "text": message.text,
            "about": message.about,
        }
        await self._call(url, f"{mark.delivery_id}.{mark.revision}", msgspec.json.encode(told))

    async def _call(self, url: str, webhook_id: str, body: bytes) -> None:
        headers = signed_headers(self._key, webhook_id, self._real.now_ms() // SECOND_MS, body)
        request = self._client.build_request("POST", url, content=body, headers=headers)
        try:
            answer = await self._client.send(request, stream=True)
            try:
                await _read_some(answer)
            finally:
                await answer.aclose()
        except httpx.ConnectError as error:
            raise Refused("the webhook's address could not be reached: look at its server", reach="target") from error
        except (httpx.HTTPError, OSError) as error:
            reason = f"the connection to the webhook ended in the middle ({type(error).__name__})"
            raise Ambiguous(reason, reach="target") from error
        _judge(answer)


async def _read_some(answer: httpx.Response) -> None:
    """So that the connection can be used again; what it says does not matter."""
    read = 0
    async for piece in answer.aiter_raw():
        read += len(piece)
        if read > ANSWER_MAX:
            return


def _judge(answer: httpx.Response) -> None:
    code = answer.status_code
    if 200 <= code < 300:
        return
    reason = f"the webhook answered {code}"
    if code in _AGAIN or code >= 500:
        raise Refused(f"{reason}: it is tried again", retry_after_s=_patience(answer), reach="target")
    if code == 410:
        raise Refused(f"{reason}: its address is gone, take it out of the settings", reach="target")
    if code in (401, 403):
        raise Refused(f"{reason}: it does not take our signature, compare WEBHOOK_SECRET on both sides", reach="target")
    if code == 404:
        raise Refused(f"{reason}: correct its url in the settings", reach="target")
    if 300 <= code < 400:
        raise Refused(f"{reason}: redirects are not followed, name the address that it leads to", reach="target")
    raise Refused(f"{reason}: it does not take this message", permanent=True)


def _patience(answer: httpx.Response) -> float | None:
    try:
        return min(600.0, max(1.0, float(answer.headers["Retry-After"])))
    except (KeyError, ValueError):
        return None


def signed_headers(key: bytes, webhook_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers that prove a request is ours, and when it was made."""
    content = f"{webhook_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "content-type": "application/json",
        "user-agent": "cxwatch",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }


def _key(secret: str) -> bytes:
    """A secret as Standard Webhooks writes it (whsec_ and base64), or any other text as it is."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            return secret.encode()
    return secret.encode()
