"""Everything that speaks to people outside: channels for messages, the delivery, and Slack's buttons."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from alerting.buttons import Buttons
from alerting.channels.alertmanager import AlertmanagerChannel
from alerting.channels.preview import PreviewChannel
from alerting.channels.protocol import Channel
from alerting.channels.slack import SlackChannel
from alerting.channels.webhook import WebhookChannel
from alerting.deliver import Delivery
from alerting.mirror import Mirror
from alerting.punctuality import DeliveryTimes
from alerting.settings import AlertSettings
from alerting.sockets import SocketMode
from cxwatch.clocks import real_clock_of
from cxwatch.settings import Settings
from streams.clock import Clock
from streams.signal import Signal


def slack_of(alerts: AlertSettings) -> SlackChannel | None:
    """Slack, where there is a token for it."""
    if alerts.slack_token is None:
        return None
    return SlackChannel(alerts.slack_token.reveal(), alerts.slack_url, alerts.slack_timeout_seconds)


def buttons_of(settings: Settings, database: Engine, clock: Clock, real: Clock, signal: Signal) -> Buttons:
    """What clicks do, whichever way they come."""
    slack = slack_of(settings.alerts)
    whisper = None if slack is None else slack.whisper
    return Buttons(database, settings.alerts, clock, real, signal, whisper)


class Messaging:
    """The part of a deciding process that delivers, until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Engine,
        clock: Clock,
        signal: Signal,
        lease_held: Callable[[Connection], bool],
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._signal = signal
        self._lease_held = lease_held
        self.delivery_times = DeliveryTimes()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._channels: dict[str, Channel] = {}

    def start(self, on_fatal: Callable[[BaseException], None]) -> None:
        """Begin delivering, and listening for clicks where there is a token for it."""
        alerts, real = self._settings.alerts, real_clock_of(self._settings)
        self._channels = self._open_channels(real)
        delivery = Delivery(
            self._database,
            self._channels,
            self._clock,
            alerts,
            self._lease_held,
            real_clock=real,
            times=self.delivery_times,
        )
        work = [delivery.run(self._stop, self._signal)]
        if self._settings.alertmanager is not None:
            channel = self._channels["alertmanager"] = AlertmanagerChannel(self._settings.alertmanager, real)
            mirror = Mirror(self._database, channel, self._clock, alerts, self._lease_held, real_clock=real)
            work.append(mirror.run(self._stop, self._signal))
        if alerts.slack_app_token is not None:
            buttons = buttons_of(self._settings, self._database, self._clock, real, self._signal)
            token = alerts.slack_app_token.reveal()
            work.append(SocketMode(self._database, buttons, real, token, alerts.slack_url).run(self._stop))

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_fatal(error)

        for one in work:
            task = asyncio.get_running_loop().create_task(one)
            task.add_done_callback(ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Let the call in hand finish, then close every connection."""
        self._stop.set()
        self._signal.ring()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in self._channels.values():
            await channel.close()

    def _open_channels(self, real: Clock) -> dict[str, Channel]:
        alerts = self._settings.alerts
        channels: dict[str, Channel] = {"preview": PreviewChannel(self._database, self._clock)}
        slack = slack_of(alerts)
        if slack is not None:
            channels["slack"] = slack
        if alerts.webhooks and alerts.webhook_secret is not None:
            channels["webhook"] = WebhookChannel(alerts.webhooks, alerts.webhook_secret, real)
        return channels
