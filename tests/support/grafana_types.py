"""The types that Grafana publishes for its boards, and TypeScript's compiler to hold a board against them.

`from_json` of the Python SDK validates nothing; the TypeScript package of the same version has every enumeration and
every field, and the compiler refuses what is not among them.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.tools import need

PACKAGES = ("@grafana/grafana-foundation-sdk@0.0.21", "typescript@5.9.3")
KINDS = ("stat", "table", "timeseries")
FOLDER = Path(__file__).parents[2] / "build" / "grafana-types"

# Enumerations as the words they stand for; what a plugin defines is checked on its own below.
PLAIN = """\
type Own = "targets" | "options" | "custom" | "_implementsDataqueryVariant";
type Plain<T> = 0 extends 1 & T ? any
  : T extends string ? `${T}`
  : T extends number ? number
  : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: K extends Own ? unknown : Plain<T[K]> }
  : T;
type Whole<T> = 0 extends 1 & T ? any
  : T extends string ? `${T}`
  : T extends number ? number
  : T extends (infer U)[] ? Whole<U>[]
  : T extends object ? { [K in keyof T]: Whole<T[K]> }
  : T;
type Query = Omit<prometheus.Dataquery, "_implementsDataqueryVariant">;
"""


def compiler() -> Path:
    """TypeScript's compiler beside the types, installed once into build/."""
    need("node")
    found = FOLDER / "node_modules" / ".bin" / "tsc"
    if not found.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / "package.json").write_text('{"private": true}')
        words = [need("npm"), "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", *PACKAGES]
        done = subprocess.run(words, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
    return found


def faults(boards: Sequence[dict[str, Any]], name: str = "boards") -> list[str]:
    """What the types have against these boards, one line each."""
    tsc = compiler()
    (FOLDER / f"{name}.ts").write_text(source(boards))
    words = [str(tsc), "--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "node16"]
    done = subprocess.run([*words, f"{name}.ts"], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode in (0, 1, 2), done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(f"{name}.ts")]


def source(boards: Sequence[dict[str, Any]]) -> str:
    """The boards as typed constants: the compiler does the rest."""
    lines = [
        f'import type * as {name} from "@grafana/grafana-foundation-sdk/{name}";'
        for name in ("common", "dashboard", "prometheus", *KINDS)
    ]
    lines.append(PLAIN)
    for b, board in enumerate(boards):
        lines.append(_typed(f"b{b}", "Plain<dashboard.Dashboard>", board))
        for p, panel in enumerate(board["panels"]):
            kind, custom = panel["type"], panel["fieldConfig"]["defaults"].get("custom")
            lines.append(_typed(f"b{b}p{p}", "Plain<dashboard.Panel>", panel))
            lines.append(_typed(f"b{b}p{p}o", f"Whole<{kind}.Options>", panel["options"]))
            if custom is not None:
                config = "any" if kind == "stat" else _config(kind)
                lines.append(_typed(f"b{b}p{p}c", config, custom))
            for t, target in enumerate(panel["targets"]):
                lines.append(_typed(f"b{b}p{p}t{t}", "Whole<Query>", target))
    return "\n".join(lines) + "\n"


def _config(kind: str) -> str:
    return "Whole<common.TableFieldOptions>" if kind == "table" else "Whole<timeseries.FieldConfig>"


def _typed(name: str, kind: str, value: object) -> str:
    return f"export const {name}: {kind} = {json.dumps(value)};"
