"""Whether Slack would take our messages: token, scopes, channels, the app's socket. Each finding says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from alerting.blocks import section
from alerting.channels.protocol import DeliveryError, Mark, Message
from alerting.channels.slack import SlackChannel

NEEDED = ("chat:write",)
# To look for a message of unknown fate, and to find a channel by its name.
USEFUL = ("channels:history", "groups:history", "channels:read", "groups:read")
TEXT = "cxwatch can post here. Alerts and notes will come to this channel."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str


async def check_slack(channel: SlackChannel, targets: Sequence[str]) -> list[Finding]:
    """Token, scopes, and one line posted to each target."""
    try:
        team, scopes = await channel.identity()
    except DeliveryError as error:
        return [Finding("token", False, str(error))]
    found = [Finding("token", True, f"good for {team}"), _scopes(scopes)]
    for target in targets:
        try:
            posted = await channel.post(target, Message(TEXT, (section(TEXT),)), Mark(f"test-{uuid4().hex}", 1))
        except DeliveryError as error:
            found.append(Finding(target, False, str(error)))
        else:
            found.append(Finding(target, True, f"one line posted ({posted.place})"))
    return found


def _scopes(scopes: frozenset[str]) -> Finding:
    if not scopes:
        return Finding("scopes", True, "Slack did not say which")
    missing = [scope for scope in NEEDED if scope not in scopes]
    if missing:
        return Finding("scopes", False, f"{', '.join(missing)} missing: add it to the app and install it again")
    lacking = [scope for scope in USEFUL if scope not in scopes]
    if lacking:
        return Finding("scopes", True, f"fine; without {', '.join(lacking)} some channels cannot be looked through")
    return Finding("scopes", True, "fine")


async def check_app(app_token: str, base_url: str) -> Finding:
    """Whether clicks could come through Socket Mode."""
    client = AsyncWebClient(base_url=base_url, timeout=10, retry_handlers=[])
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        code = error.response["error"]
        advice = "SLACK_APP_TOKEN must be an app-level token (xapp-) with connections:write, and Socket Mode on"
        return Finding("buttons", False, f"{code}: {advice}")
    except (OSError, TimeoutError) as error:
        return Finding("buttons", False, f"Slack could not be reached ({type(error).__name__})")
    return Finding("buttons", True, "over Socket Mode")
