"""`cxwatch rules` and `cxwatch grafana`: what Prometheus and Grafana are given."""

from __future__ import annotations

import sys

import typer

from cxwatch.cli.shared import settings_of
from dashboards.rules.document import rule_file


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command()(rules)


def rules(context: typer.Context) -> None:
    """Write Prometheus' rules to stdout: scores, intervals, and alerts. Use: cxwatch rules > cxwatch-rules.yml"""
    sys.stdout.write(rule_file(settings_of(context).boards))
