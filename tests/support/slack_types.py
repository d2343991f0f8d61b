"""The types that Slack publishes for Block Kit, and TypeScript's compiler to hold our blocks against them.

They name every field and every word that may stand in one; how long texts may be is only in Slack's reference, which
`limits` holds.
"""

from __future__ import annotations

import fcntl
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.tools import need

PACKAGES = ("@slack/types@3.2.0", "typescript@5.9.3")
FOLDER = Path(__file__).parents[2] / "build" / "slack-types"
BLOCKS_MAX = 50
TEXT_MAX = 9_600  # of all text in a message: more was refused at 11,300
# Characters by kind of block or element (docs.slack.dev/reference/block-kit).
SECTION, FIELD, FIELDS, HEADER, CONTEXT, CONTEXT_ELEMENTS = 3_000, 2_000, 10, 150, 2_000, 10
BUTTON, VALUE, URL, NAME, ACTIONS = 75, 2_000, 3_000, 255, 25

Block = Mapping[str, Any]


def compiler() -> Path:
    """TypeScript's compiler beside the types, installed once into build/."""
    need("node")
    npm = need("npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = FOLDER / "node_modules" / ".bin" / "tsc"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not found.exists():
            (FOLDER / "package.json").write_text('{"private": true}')
            words = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", *PACKAGES]
            done = subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300)
            assert done.returncode == 0, done.stdout + done.stderr
    return found


def faults(messages: Sequence[Sequence[Block]], name: str) -> list[str]:
    """What the types have against these messages' blocks, one line each."""
    tsc = compiler()
    lines = ['import type { KnownBlock } from "@slack/types";']
    lines += [f"export const m{n}: KnownBlock[] = {json.dumps(blocks)};" for n, blocks in enumerate(messages)]
    (FOLDER / f"{name}.ts").write_text("\n".join(lines) + "\n")
    words = [str(tsc), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "node16"]
    done = subprocess.run([*words, f"{name}.ts"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1, 2), done.stderr
    return [line for line in done.stdout.splitlines() if "error TS" in line]


def too_long(blocks: Sequence[Block], text: str = "") -> list[str]:
    """What is beyond the documented limits, one line each."""
    found = [] if 0 < len(blocks) <= BLOCKS_MAX else [f"{len(blocks)} blocks"]
    ids = [block["block_id"] for block in blocks]
    if len(set(ids)) < len(ids) or any(len(one) > NAME for one in ids):
        found.append("block ids are not unique, or too long")
    for place, block in enumerate(blocks):
        found += [f"block {place}: {fault}" for fault in _block(block)]
    total = len(text) + sum(len(said) for block in blocks for said in _texts(block))
    return found if total <= TEXT_MAX else [*found, f"{total} characters in all"]


def _block(block: Block) -> Iterator[str]:
    kind = block["type"]
    if kind == "header" and not 0 < len(block["text"]["text"]) <= HEADER:
        yield "header"
    if kind == "section":
        if "text" in block and not 0 < len(block["text"]["text"]) <= SECTION:
            yield "section"
        fields = block.get("fields", [])
        if len(fields) > FIELDS or any(not 0 < len(f["text"]) <= FIELD for f in fields):
            yield "fields"
        if "accessory" in block:
            yield from _button(block["accessory"])
    if kind == "context":
        elements = block["elements"]
        if not 0 < len(elements) <= CONTEXT_ELEMENTS or any(not 0 < len(e["text"]) <= CONTEXT for e in elements):
            yield "context"
    if kind == "actions":
        names = [element["action_id"] for element in block["elements"]]
        if not 0 < len(names) <= ACTIONS or len(set(names)) < len(names):
            yield "actions"
        for element in block["elements"]:
            yield from _button(element)


def _button(element: Block) -> Iterator[str]:
    longest = {"action_id": NAME, "value": VALUE, "url": URL}
    if not 0 < len(element["text"]["text"]) <= BUTTON:
        yield "button"
    yield from (name for name, most in longest.items() if not 0 < len(element.get(name, "x")) <= most)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
