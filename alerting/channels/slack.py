"""Slack by its own client, used so that a message is never posted twice without being noticed.

slack_sdk's default retry handlers post again when the connection drops after the message was accepted, and there is
no idempotency key. So this client retries nothing: whoever calls it decides, after looking (`find`).
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from alerting.channels.protocol import Ambiguous, Deleted, DeliveryError, Found, Mark, Message, Reach, Refused
from alerting.records import Reference

EVENT_TYPE = "cxwatch_delivery"
PAGE = 200
PAGES_MAX = 20
CLOCKS_APART_MS = 10 * 60_000  # how far Slack's clock and ours may differ
_ID = re.compile(r"[CGD][A-Z0-9]{6,}")

# What the message itself makes impossible: trying again is useless.
_HOPELESS = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "invalid_arguments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_metadata_format",
        "metadata_too_large",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_many_attachments",
    }
)
_GONE = frozenset({"message_not_found", "thread_not_found", "cannot_reply_to_message"})
# The app itself is not let in: nothing gets through until somebody mends it.
_NOT_LET_IN = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
# This one Slack channel does not take it.
_NOT_THERE = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
    }
)
# Slack's own trouble, in which a part of the call may have been done.
_UNCLEAR = frozenset({"internal_error", "fatal_error", "request_timeout"})
_ADVICE = {
    "not_authed": "no token was sent: set SLACK_BOT_TOKEN",
    "token_expired": "the token ran out: set SLACK_BOT_TOKEN anew",
    "invalid_auth": "the token is not valid: set SLACK_BOT_TOKEN anew",
    "token_revoked": "the token was revoked: install the app again and set SLACK_BOT_TOKEN",
    "account_inactive": "the app was removed from the workspace: install it again",
    "not_in_channel": "the app is not in the channel: invite it there with /invite",
    "channel_not_found": "there is no such channel, or the app may not see it: invite it, or correct the route",
    "is_archived": "the channel is archived: unarchive it, or correct the route",
    "missing_scope": "the app lacks a scope: chat:write, channels:read, channels:history (groups:* for private ones)",
    "restricted_action": "a setting of the workspace forbids posting there: ask its admin, or correct the route",
    "invalid_blocks": "Slack does not take this message's blocks: please report it as a fault of cxwatch",
}

# The client logs whole requests at DEBUG, customers' words among them.
_quiet = logging.getLogger("alerting.slack_sdk")
_quiet.setLevel(logging.WARNING)


class SlackChannel:
    """Posts, edits and looks for messages in Slack. `base_url` leads tests to a double."""

    name = "slack"
    gap_s = 1.1  # about one post a second a channel

    def __init__(self, token: str, base_url: str, timeout_s: int) -> None:
        self.timeout_s = float(timeout_s)
        self._client = AsyncWebClient(
            token=token, base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=_quiet
        )
        self._ids: dict[str, str] = {}

    async def post(self, target: str, message: Message, mark: Mark) -> Reference:
        """Post to a channel."""
        channel = await self._id_of(target)
        try:
            answer = await self._sent(
                lambda: self._client.chat_postMessage(channel=channel, **_payload(message, mark), **_NO_UNFURLING)
            )
        except Refused as refusal:
            if refusal.reach == "target":
                self._ids.pop(target.removeprefix("#"), None)  # perhaps another channel has the name by now
            raise
        return Reference(str(answer["channel"]), str(answer["ts"]))

    async def update(self, posted: Reference, message: Message, mark: Mark) -> None:
        """Edit in place."""
        await self._sent(
            lambda: self._client.chat_update(channel=posted.place, ts=posted.ts, **_payload(message, mark))
        )

    async def note(self, parent: Reference, message: Message, mark: Mark) -> Reference:
        """Reply in the thread, without showing it in the channel."""
        answer = await self._sent(
            lambda: self._client.chat_postMessage(
                channel=parent.place, thread_ts=parent.ts, **_payload(message, mark), **_NO_UNFURLING
            )
        )
        return Reference(str(answer["channel"]), str(answer["ts"]))

    async def find(
        self, target: str, delivery_id: str, since_real_ms: int, parent: Reference | None
    ) -> Sequence[Found]:
        """Look through the channel's history, or the thread's replies, for the mark."""
        place = parent.place if parent is not None else await self._id_of(target)
        asked: dict[str, Any] = {
            "channel": place,
            "include_all_metadata": True,
            "limit": PAGE,
            "oldest": f"{max(0, since_real_ms - CLOCKS_APART_MS) / 1_000:.6f}",
        }
        found: list[Found] = []
        for _ in range(PAGES_MAX):
            if parent is None:
                answer = await self._asked(lambda: self._client.conversations_history(**asked))
            else:
                answer = await self._asked(lambda: self._client.conversations_replies(ts=parent.ts, **asked))
            found += [hit for hit in (_found(place, delivery_id, m) for m in answer["messages"]) if hit]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return sorted(found, key=lambda hit: float(hit.reference.ts))
            asked["cursor"] = cursor
        raise Refused(
            f"more than {PAGE * PAGES_MAX} messages in the channel since then: too many to look through", reach="target"
        )

    async def identity(self) -> tuple[str, frozenset[str]]:
        """Which workspace the token is for, and its scopes, as far as Slack tells them."""
        answer = await self._asked(self._client.auth_test)
        scopes = str(answer.headers.get("x-oauth-scopes", ""))
        named = f"{answer.get('team')} as {answer.get('user')}"
        return named, frozenset(scope.strip() for scope in scopes.split(",") if scope.strip())

    async def whisper(self, place: str, user: str, text: str) -> None:
        """Say something in a channel that only one person sees; it is gone when they reload."""
        await self._sent(
            lambda: self._client.chat_postEphemeral(channel=place, user=user, text=text, link_names=False, parse="none")
        )

    async def delete(self, posted: Reference) -> None:
        """Delete a double."""
        with contextlib.suppress(Deleted):
            await self._sent(lambda: self._client.chat_delete(channel=posted.place, ts=posted.ts))

    async def close(self) -> None:
        """Nothing is held: the client opens a connection for each call."""

    async def _id_of(self, target: str) -> str:
        if _ID.fullmatch(target):
            return target
        name = target.removeprefix("#")
        if name not in self._ids:
            self._ids[name] = await self._look_up(name)
        return self._ids[name]

    async def _look_up(self, name: str) -> str:
        cursor = ""
        for _ in range(PAGES_MAX):
            answer = await self._listed(cursor)
            for channel in answer["channels"]:
                if channel.get("name") == name:
                    if channel.get("is_archived"):
                        raise Refused(f"is_archived (#{name}): {_ADVICE['is_archived']}", reach="target")
                    return str(channel["id"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                break
        raise Refused(f"channel_not_found (#{name}): {_ADVICE['channel_not_found']}", reach="target")

    async def _listed(self, cursor: str) -> AsyncSlackResponse:
        try:
            return await self._asked(
                lambda: self._client.conversations_list(
                    limit=1_000, cursor=cursor, types="public_channel,private_channel"
                )
            )
        except Refused as refusal:
            if "missing_scope" not in str(refusal):
                raise
            reason = "missing_scope: to find a channel by name needs channels:read, or name it by its id (C0123ABCD)"
            raise Refused(reason, reach="target") from refusal  # channels named by id work all the same

    async def _asked(self, call: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse:
        """A call that changes nothing: whatever goes wrong, nothing was done."""
        try:
            return await self._sent(call)
        except Ambiguous as unclear:
            raise Refused(str(unclear), reach="channel") from unclear

    async def _sent(self, call: Callable[[], Awaitable[AsyncSlackResponse]]) -> AsyncSlackResponse:
        try:
            return await call()
        except SlackApiError as error:
            raise _judged(error) from error
        except aiohttp.ClientConnectorError as error:
            raise Refused("Slack could not be reached: check the network, or HTTPS_PROXY", reach="channel") from error
        except (TimeoutError, aiohttp.ClientError, SlackClientError, OSError) as error:
            raise Ambiguous(f"the connection to Slack ended in the middle ({type(error).__name__})") from error


_NO_UNFURLING: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}


def _payload(message: Message, mark: Mark) -> dict[str, Any]:
    return {
        "text": message.text,
        "blocks": list(message.blocks),
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"delivery_id": mark.delivery_id, "revision": mark.revision},
        },
        "parse": "none",
        "link_names": False,
    }


def _found(place: str, delivery_id: str, message: dict[str, Any]) -> Found | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") != EVENT_TYPE or payload.get("delivery_id") != delivery_id:
        return None
    return Found(Reference(place, str(message["ts"])), int(payload.get("revision", 0)))


def _judged(error: SlackApiError) -> DeliveryError:
    """Slack's answer as one of ours."""
    response = error.response
    # With an unreadable body the client hands over aiohttp's response, which calls it `status`.
    status = int(getattr(response, "status_code", None) or getattr(response, "status", 0) or 0)
    if status == 429:
        return Refused("Slack asks for patience (429)", retry_after_s=_retry_after(response.headers), reach="channel")
    if status >= 500:
        return Ambiguous(f"Slack answered {status}")
    code = response.get("error") if isinstance(response, AsyncSlackResponse) else None
    if status != 200 or code is None:
        return Ambiguous(f"Slack's answer could not be read ({status})")
    if code in _UNCLEAR:
        return Ambiguous(f"Slack answered {code}")
    if code in ("ratelimited", "rate_limited"):
        return Refused("Slack asks for patience", retry_after_s=_retry_after(response.headers), reach="channel")
    if code in _GONE:
        return Deleted("the message was deleted in Slack")
    reason = f"{code}: {_ADVICE[code]}" if code in _ADVICE else str(code)[:100]
    reach: Reach = "channel" if code in _NOT_LET_IN else "target" if code in _NOT_THERE else "message"
    return Refused(reason, permanent=code in _HOPELESS, reach=reach)


def _retry_after(headers: Any) -> float:
    try:
        return min(600.0, max(1.0, float(headers.get("Retry-After", "1"))))
    except ValueError:
        return 30.0
