"""Incidents in the company's own Alertmanager, by its HTTP API version 2.

Alertmanager keeps nothing over a restart and expects whoever alerts to say it again and again, as Prometheus does. So
an alert is sent with an end a few minutes ahead and sent again before it comes; the end of an incident is an alert that
ends now. An alert is its labels: sent twice it is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from alerting.channels.protocol import Ambiguous, Found, Mark, Message, Refused
from alerting.records import Reference
from alerting.settings import Secret
from streams.clock import Clock

TIMEOUT_S = 10
LASTS_MS = 3 * 60_000  # real time after which an alert that is not sent again counts as over
TEXT_MAX = 2_000
SAID_MAX = 200  # characters of Alertmanager's words that an error repeats
NAME = "CxIncident"
PLAIN_NAME = "CxMessage"


@dataclass(frozen=True, slots=True)
class AlertmanagerSettings:
    """Where Alertmanager is; the token comes from ALERTMANAGER_TOKEN and goes along as a bearer token."""

    url: str
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Alarm(Message):
    """A message for a place that sorts by labels. `over` ends it; `since_ms` is real time."""

    labels: Mapping[str, str] = field(default_factory=dict)
    since_ms: int = 0
    over: bool = False
    page: str | None = None


class AlertmanagerChannel:
    """The port over one Alertmanager. Any message becomes an alert; an Alarm one with labels of its own."""

    name = "alertmanager"
    gap_s = 0.0

    def __init__(self, settings: AlertmanagerSettings, clock: Clock, timeout_s: int = TIMEOUT_S) -> None:
        self.timeout_s = float(timeout_s)
        self._clock = clock  # real time
        headers = {} if settings.token is None else {"Authorization": f"Bearer {settings.token.reveal()}"}
        self._client = httpx.AsyncClient(
            base_url=f"{settings.url}/api/v2", headers=headers, timeout=timeout_s, trust_env=False
        )

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        """Alert, or say again that it goes on."""
        await self._send([self._alert(message, mark)])
        return Reference(target, mark.delivery_id)

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        """Alert anew: the same labels are the same alert."""
        await self._send([self._alert(message, Mark(posted.ts, mark.revision))])

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        """Alertmanager has no threads: what a note says is in the alert's next text."""
        del message
        return Reference(parent.place, mark.delivery_id)

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        """The alert of that mark, if it is there now."""
        del since_real_ms, parent
        found = await self._marked(delivery_id)
        return [
            Found(Reference(target, delivery_id), int(one["annotations"].get("revision") or 0)) for one in found[:1]
        ]

    async def delete(self, posted: Reference) -> None:
        """End an alert; one that is over already is fine."""
        now = _time(self._clock.now_ms())
        kept = ("labels", "annotations", "startsAt", "generatorURL")
        found = await self._marked(posted.ts)
        await self._send([{name: one[name] for name in kept if name in one} | {"endsAt": now} for one in found])

    async def close(self) -> None:
        """Give connections back."""
        await self._client.aclose()

    def _alert(self, message: Message, mark: Mark) -> dict[str, Any]:
        now_ms = self._clock.now_ms()
        alarm = message if isinstance(message, Alarm) else Alarm(message.text, message.blocks, since_ms=now_ms)
        labels = dict(alarm.labels) or {"alertname": PLAIN_NAME, "delivery": mark.delivery_id}
        starts_ms = min(alarm.since_ms, now_ms - 1_000)  # before its end also where the product's clock is ahead
        alert: dict[str, Any] = {
            "labels": labels,
            "annotations": {
                "summary": alarm.text[:TEXT_MAX],
                "delivery": mark.delivery_id,
                "revision": str(mark.revision),
            },
            "startsAt": _time(starts_ms),
            "endsAt": _time(now_ms if alarm.over else now_ms + LASTS_MS),
        }
        if alarm.page is not None:
            alert["generatorURL"] = alarm.page
        return alert

    async def _marked(self, delivery_id: str) -> list[dict[str, Any]]:
        try:
            answer = await self._asked("GET", "/alerts")
        except Ambiguous as unclear:  # reading changes nothing
            raise Refused(str(unclear)) from unclear
        try:
            alerts: list[dict[str, Any]] = answer.json()
            return [one for one in alerts if one["annotations"].get("delivery") == delivery_id]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Refused("another program answers at [alertmanager] url: check the address") from error

    async def _send(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        if alerts:
            await self._asked("POST", "/alerts", list(alerts))

    async def _asked(self, method: str, path: str, body: object = None) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Refused("Alertmanager could not be reached: check [alertmanager] url and the network") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Ambiguous(f"the connection to Alertmanager ended in the middle ({type(error).__name__})") from error
        if answer.is_success:
            return answer
        said = answer.text[:SAID_MAX].replace("\n", " ")
        if answer.status_code in (401, 403):
            raise Refused(f"Alertmanager refuses the token ({answer.status_code}): set ALERTMANAGER_TOKEN anew")
        if answer.status_code == 404:
            raise Refused("Alertmanager has no API there (404): [alertmanager] url must not hold /api/v2")
        permanent = answer.status_code in (400, 422)
        raise Refused(f"Alertmanager does not take it ({answer.status_code}): {said}", permanent=permanent)


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
