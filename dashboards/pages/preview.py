"""/preview: the messages as Slack would show them, newest first, each with its thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from dashboards.alert_readings import Preview, read_previews
from dashboards.pages.render import Pages
from dashboards.slack_view import Shown, shown


@dataclass(frozen=True, slots=True)
class Post:
    """One message, ready to be drawn."""

    message: Preview
    blocks: list[Shown]
    notes: list[tuple[Preview, list[Shown]]]


async def preview_page(request: Request[Any, Any, Any], pages: Pages) -> Response[str]:
    """The page."""
    messages = await pages.desk.shared("previews", read_previews)
    posts = [
        Post(message, shown(message.blocks), [(note, shown(note.blocks)) for note in message.notes])
        for message in messages
    ]
    return await pages.answer(request, "preview.html", "preview", posts=posts)
