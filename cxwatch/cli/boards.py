"""`cxwatch rules` and `cxwatch grafana build | push`: what Prometheus and Grafana are given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cxwatch.cli.output import Output
from cxwatch.cli.shared import Json, settings_of
from cxwatch.errors import CannotStart
from dashboards.rules.document import rule_file

grafana = typer.Typer(no_args_is_help=True, help="Boards for Grafana: write provisioning files, or push them.")


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(rules)
    app.add_typer(grafana, name="grafana")


def rules(context: typer.Context) -> None:
    """Write Prometheus' rules to stdout: scores, intervals, and alerts. Use: cxwatch rules > cxwatch-rules.yml"""
    sys.stdout.write(rule_file(settings_of(context).boards))


@grafana.command()
def build(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write.", show_default=False)],
    seen_at: Annotated[
        str | None,
        typer.Option("--seen-at", metavar="PATH", help="Where Grafana sees DIR, if on another machine."),
    ] = None,
    json: Json = False,
) -> None:
    """Write data source, folder and boards as files that Grafana reads at its start."""
    from dashboards.grafana.provisioning import write_files  # the SDK takes half a second to import

    output = Output(json)
    settings = settings_of(context).boards
    try:
        for path, action in write_files(folder, settings, seen_at):
            output.row({"file": str(path), "action": action})
            if not json:
                output.say(f"{action:<9} {path}")
    except OSError as error:
        raise CannotStart(f"{folder} cannot be written to ({error.strerror}): name a folder that is yours") from error
    output.hint("Next: copy datasources/ and dashboards/ into Grafana's provisioning folder; see docs/grafana.md.")


@grafana.command()
def push(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, say what would change.")] = False,
    json: Json = False,
) -> None:
    """Bring data source, folder and boards into the Grafana of the settings. Needs GRAFANA_TOKEN."""
    from dashboards.grafana.boards import build_boards
    from dashboards.grafana.client import FaceClient
    from dashboards.grafana.port import GrafanaError
    from dashboards.grafana.push import push as push_all

    output = Output(json)
    settings = settings_of(context)
    token = settings.secrets.grafana_token
    if token is None:
        raise CannotStart(
            "no GRAFANA_TOKEN: make a service account in Grafana (Administration, Users and access), give it the role "
            "Admin or Editor, add a token, and set the variable to it"
        )
    client = FaceClient(settings.boards.grafana.url, token)
    try:
        output.hint(f"Grafana {client.version()} at {settings.boards.grafana.url}")
        for change in push_all(client, settings.boards, build_boards(settings.boards), dry_run=dry_run):
            output.row({"kind": change.kind, "name": change.name, "action": change.action, "diff": change.diff})
            if not json:
                output.say(f"{_would(change.action) if dry_run else change.action:<13} {change.kind:<11} {change.name}")
                if dry_run and change.diff:
                    output.say(change.diff)
    except GrafanaError as error:
        raise CannotStart(str(error)) from error
    if not dry_run:
        output.hint(f"The wall: {settings.boards.grafana.url}/d/cxwatch-wall?kiosk")


def _would(action: str) -> str:
    return {"created": "would create", "updated": "would update"}.get(action, action)
