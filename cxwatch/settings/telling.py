"""Settings as the settings page shows them: the way TOML writes them, and without what lets somebody in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

SHOWN_MAX = 2_000
HIDDEN = "…"


def as_toml(key: str, value: object) -> str:
    """A value as it stands in cxwatch.toml; empty for what was left out. Of an address, nothing that is a key to it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value)
    if isinstance(value, str):
        return json.dumps(_harmless(key, value), ensure_ascii=False)[:SHOWN_MAX]
    if isinstance(value, Sequence):
        return f"[{', '.join(as_toml(key, one) for one in value)}]"[:SHOWN_MAX]
    raise TypeError(f"{key}: TOML has no word for a {type(value).__name__}")


def _harmless(key: str, text: str) -> str:
    """Addresses without user, query and fragment; of a webhook only the host: many carry their secret in the path."""
    if "://" not in text:
        return text
    try:
        parts = urlsplit(text)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return HIDDEN
    if key.startswith("webhook."):
        return f"{parts.scheme}://{host}/{HIDDEN}"
    rest = HIDDEN if parts.query or parts.fragment else ""
    user = f"{parts.username}@" if parts.username and key == "database" else ""
    return f"{parts.scheme}://{user}{host}{parts.path}{rest}"
