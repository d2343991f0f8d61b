"""Draws the boards as Grafana's own components would, without a Grafana: docs/pictures/grafana-*.png.

    python -m bench.pictures [FOLDER]

The demo's day runs, a real Prometheus scrapes it, every panel's queries are asked; then npm's @grafana/data and
@grafana/ui (transformations, value mappings, overrides and what panels are drawn with, not Grafana's pages) draw the
answers in Chromium. Needs prometheus, npm and chromium; the packages go into build/.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from bench.day import demo_day
from bench.servers import Prometheus, prometheus
from dashboards.grafana.boards import build_boards
from dashboards.rules.document import rule_file
from tests.support.panels import CHOICES, filled

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "pictures"
PICTURES = ROOT / "docs" / "pictures"
PACKAGES = (
    "@grafana/ui@12.0.0",
    "@grafana/data@12.0.0",
    "react@18.3.1",
    "react-dom@18.3.1",
    "rxjs@7.8.1",
    "esbuild@0.25.4",
)
STEPS, STEP_HOURS = 10, 0.5  # the delivery incident, and contacts that nobody made in time
DRAWN_MS = 4_000
Drawn = dict[str, Any]


def answered() -> list[Drawn]:
    """Every board with what Prometheus answers to its panels after some hours of the day."""
    folder = Path(tempfile.mkdtemp(prefix="cxwatch-pictures-"))
    program = shutil.which("prometheus") or sys.exit("prometheus is not installed")
    with (
        demo_day(folder / "day") as day,
        prometheus(
            program,
            folder / "prometheus",
            day.url.removeprefix("http://"),
            rules=rule_file(day.settings.boards),
        ) as server,
    ):
        begin = time.time()
        for _ in range(STEPS):
            day.advance(STEP_HOURS)
            server.caught_up()
        boards = build_boards(day.settings.boards)
        shop = {"cxwatch-channel": CHOICES | {"channel": "app"}}  # that board is about one
        found = [
            {
                "board": one.json,
                "choices": shop.get(one.uid, CHOICES),
                "results": _results(server, one.json, begin, shop.get(one.uid, CHOICES)),
            }
            for one in boards
        ]
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _results(server: Prometheus, board: Drawn, begin: float, choices: dict[str, str]) -> list[list[Any]]:
    def ask(target: Drawn) -> Any:
        expr = filled(target["expr"], choices)
        if target.get("instant"):
            return server.get("query", query=expr)
        return server.get("query_range", query=expr, start=begin, end=time.time(), step=2)

    return [[ask(target) for target in panel["targets"]] for panel in board["panels"]]


def bundle() -> None:
    """The packages, and one script for the browser."""
    BUILD.mkdir(parents=True, exist_ok=True)
    if not (BUILD / "node_modules" / "@grafana" / "ui").exists():
        (BUILD / "package.json").write_text("{}")
        words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", *PACKAGES]
        subprocess.run(words, cwd=BUILD, check=True)
    shutil.copy(PICTURES / "boards.jsx", BUILD / "boards.jsx")
    modules = {name: f"./node_modules/@grafana/{name}/dist/cjs/index.cjs" for name in ("ui", "data")}
    words = ["npx", "esbuild", "boards.jsx", "--bundle", "--outfile=boards.js", "--jsx=automatic", "--log-level=error"]
    words += [f"--loader:.{kind}=empty" for kind in ("woff2", "ttf")] + ["--loader:.svg=text", "--platform=browser"]
    words += [
        "--main-fields=browser,module,main",
        "--define:global=window",
        '--define:process.env.NODE_ENV="production"',
    ]
    words += [f"--alias:@grafana/{name}={path}" for name, path in modules.items()]
    subprocess.run(words, cwd=BUILD, check=True)


def draw(found: list[Drawn], to: Path) -> None:
    """One picture a board."""
    to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--allow-file-access-from-files"]
        )
        for one in found:
            told = f"window.CHOICES = {json.dumps(one['choices'])}; window.BOARD = {json.dumps(one)};"
            head = '<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="root"></div>'
            head += '<link rel="stylesheet" href="boards.css">'
            (BUILD / "page.html").write_text(f'{head}<script>{told}</script><script src="boards.js"></script>')
            page = browser.new_page(viewport={"width": 1_440, "height": 860})
            page.goto((BUILD / "page.html").as_uri())
            page.wait_for_timeout(DRAWN_MS)
            page.screenshot(path=to / f"grafana-{one['board']['uid'].removeprefix('cxwatch-')}.png", full_page=True)
            page.close()
        browser.close()


def main() -> None:
    bundle()
    draw(answered(), Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)


if __name__ == "__main__":
    main()
