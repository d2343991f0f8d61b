"""Block Kit blocks within Slack's limits. Everything here takes text that is already cleaned and escaped.

Limits (Slack's reference, checked in tests): header 150 characters, section 3,000, field 2,000, ten fields, button
75, value 2,000, block_id 255, fifty blocks; about 9,600 characters of text in one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alerting.channels.protocol import Block

HEADER_MAX = 150
FIELD_MAX = 2_000
BUTTON_MAX = 75
NOTHING = "–"
QUOTE_MAX = 300  # ours: two quotes are to fit on a phone


@dataclass(frozen=True, slots=True)
class Button:
    """One button: with an `action` it is answered by us, with a `url` it is a link."""

    label: str
    action: str | None = None
    value: str | None = None
    url: str | None = None
    primary: bool = False


def header(text: str) -> Block:
    """The first line, large."""
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}  # verbatim: addresses and names are not made links


def section(text: str, button: Button | None = None) -> Block:
    """A paragraph, with a button at its side if there is one."""
    shown: Block = {"type": "section", "text": _mrkdwn(text or NOTHING)}  # an empty text would have Slack refuse it all
    return shown if button is None else {**shown, "accessory": _button(button, 0)}


def fields(pairs: list[tuple[str, str]]) -> Block:
    """Short facts in two columns: label above value."""
    return {"type": "section", "fields": [_mrkdwn(f"*{label}*\n{value}") for label, value in pairs[:10]]}


def quote(text: str) -> Block:
    """A customer's words: no mark-up is read there. Not escaped, for the same reason."""
    words = {"type": "text", "text": text}
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", "elements": [words]}]}


def context(text: str) -> Block:
    """The small line at the end."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def actions(buttons: list[Button]) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": [_button(button, place) for place, button in enumerate(buttons)]}


def _button(button: Button, place: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "type": "button",
        "text": {"type": "plain_text", "text": button.label[:BUTTON_MAX], "emoji": False},
        "action_id": button.action or f"link.{place}",
    }
    if button.value is not None:
        shown["value"] = button.value
    if button.url is not None:
        shown["url"] = button.url
    if button.primary:
        shown["style"] = "primary"
    return shown


def numbered(blocks: list[Block], name: str) -> tuple[Block, ...]:
    """The blocks with ids of their own. Slack asks for new ids on every edit, so `name` holds the revision."""
    return tuple({**block, "block_id": f"{name}-{place}"} for place, block in enumerate(blocks))
