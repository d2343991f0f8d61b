"""Commands loaded when asked for: with Faust, River and SciPy that takes two seconds, for `token list` half a one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

# In the order of `cxwatch --help`: the module of cxwatch.cli that adds a command.
HOMES = {
    "demo": "running",
    "run": "running",
    "worker": "running",
    "web": "running",
    "ingest": "intake",
    "forget": "intake",
    "dead-letters": "intake",
    "windows": "looking",
    "backtest": "looking",
    "budget": "budget",
    "incidents": "working",
    "queue": "working",
    "case": "working",
    "init": "operating",
    "doctor": "operating",
    "migrate": "operating",
    "replay": "operating",
    "live": "operating",
    "pause": "operating",
    "slack": "slack",
    "token": "tokens",
    "user": "users",
    "audit": "users",
    "rules": "boards",
    "grafana": "boards",
}


class Commands(TyperGroup):
    """The commands of HOMES; one is loaded when it is called, all of them for `--help`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order of the help."""
        del ctx
        return list(HOMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, None if there is none."""
        del ctx
        if cmd_name in HOMES and cmd_name not in self.commands:
            self.commands.update(commands_of(HOMES[cmd_name]))
        return self.commands.get(cmd_name)


def commands_of(module: str) -> dict[str, Any]:
    """The commands that a module of this folder adds, by name."""
    part = typer.Typer(rich_markup_mode="rich", callback=lambda: None)
    import_module(f"cxwatch.cli.{module}").add_to(part)
    return dict(typer.main.get_group(part).commands)
