"""Slack's Block Kit as the preview page draws it: into plain records, every text still to be escaped by the page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["header", "text", "fields", "quote", "buttons", "context", "rule"]
Style = Literal["plain", "bold", "italic", "code", "link"]

_MARKS = re.compile(
    r"<(?P<url>https?://[^|>\s]+)(?:\|(?P<label>[^>]*))?>"
    r"|(?<![\w*])\*(?P<bold>[^*\n]+)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^_\n]+)_(?![\w_])"
    r"|`(?P<code>[^`\n]+)`"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style; `url` only for links."""

    style: Style
    text: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One block: its kind and its texts, each a list of spans."""

    kind: Kind
    texts: tuple[tuple[Span, ...], ...]


def mrkdwn(text: str) -> tuple[Span, ...]:
    """Slack's mark-up as spans. Mentions such as <!channel> stay the text they are."""
    spans: list[Span] = []
    at = 0
    for found in _MARKS.finditer(text):
        if found.start() > at:
            spans.append(Span("plain", html.unescape(text[at : found.start()])))
        at = found.end()
        if found["url"] is not None:
            url = html.unescape(found["url"])
            spans.append(Span("link", html.unescape(found["label"] or url), url))
        else:
            style: Style = "bold" if found["bold"] else "italic" if found["italic"] else "code"
            spans.append(Span(style, html.unescape(found[style])))
    if at < len(text):
        spans.append(Span("plain", html.unescape(text[at:])))
    return tuple(spans)


def _text(value: object) -> tuple[Span, ...]:
    if not isinstance(value, Mapping):
        return ()
    text = str(value.get("text", ""))
    return mrkdwn(text) if value.get("type") == "mrkdwn" else (Span("plain", text),)


def _rich(elements: object) -> tuple[Span, ...]:
    """The runs of a rich text element: text and links, nothing in them is mark-up."""
    spans = []
    for element in elements if isinstance(elements, list) else ():
        style = element.get("style", {})
        kind: Style = "bold" if style.get("bold") else "italic" if style.get("italic") else "plain"
        spans.append(Span(kind, str(element.get("text") or element.get("url") or "")))
    return tuple(spans)


def _button(element: Mapping[str, Any]) -> tuple[Span, ...]:
    url = element.get("url")
    text = str(element.get("text", {}).get("text", ""))
    if isinstance(url, str) and url.startswith(("http://", "https://")):
        return (Span("link", text, url),)
    return (Span("bold" if element.get("style") == "primary" else "plain", text),)


def _section(block: Mapping[str, Any]) -> Iterable[Shown]:
    if "text" in block:
        yield Shown("text", (_text(block["text"]),))
    if block.get("fields"):
        yield Shown("fields", tuple(_text(field) for field in block["fields"]))


def shown(blocks: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """The blocks in order; kinds that we never send are left out."""
    found: list[Shown] = []
    for block in blocks:
        match block.get("type"):
            case "header":
                found.append(Shown("header", (_text(block.get("text")),)))
            case "section":
                found += _section(block)
            case "rich_text":
                for part in block.get("elements", ()):
                    kind: Kind = "quote" if part.get("type") == "rich_text_quote" else "text"
                    found.append(Shown(kind, (_rich(part.get("elements")),)))
            case "actions":
                found.append(Shown("buttons", tuple(_button(element) for element in block.get("elements", ()))))
            case "context":
                found.append(Shown("context", tuple(_text(element) for element in block.get("elements", ()))))
            case "divider":
                found.append(Shown("rule", ()))
    return found
