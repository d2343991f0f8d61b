"""`cxwatch slack test` and `retry`: whether messages would arrive, and sending what was given up."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from sqlalchemy import Connection

from alerting import outbox, troubles
from alerting.channels.slack import SlackChannel
from alerting.channels.slack_check import Finding, check_app, check_slack
from alerting.settings import AlertSettings
from alerting.waiting import WEBHOOK
from cxwatch.cli.output import Output
from cxwatch.cli.shared import FAILED, Failed, Json, finish, settings_of
from cxwatch.database import open_existing
from cxwatch.messaging import slack_of
from streams.clock import rfc3339

slack = typer.Typer(no_args_is_help=True, help="Slack: try it, and send again what was given up.")


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(slack, name="slack")


@slack.command("test")
def slack_test(
    context: typer.Context,
    json: Json = False,
) -> None:
    """Look at the token, its scopes and every Slack channel of the settings, and post one line to each that takes it.

    Exit code 1 when something is in the way; each line says what to do about it.
    """
    output = Output(json)
    alerts = settings_of(context).alerts
    channel = slack_of(alerts)
    if channel is None:
        raise Failed("SLACK_BOT_TOKEN is not set: create an app in Slack, install it, and set its bot token (xoxb-)")
    failed = False
    for finding in finish(_look(channel, alerts)):
        failed = failed or not finding.ok
        output.row({"check": finding.name, "ok": finding.ok, "text": finding.text})
        if not json:
            output.say(f"{'ok' if finding.ok else 'failed':<7} {finding.name:<16} {finding.text}")
    raise typer.Exit(FAILED if failed else 0)


async def _look(channel: SlackChannel, alerts: AlertSettings) -> list[Finding]:
    found = await check_slack(channel, sorted(set(_targets(alerts))))
    if alerts.slack_app_token is not None:
        found.append(await check_app(alerts.slack_app_token.reveal(), alerts.slack_url))
    elif alerts.slack_signing_secret is not None:
        where = f"{alerts.public_url}/slack/interactivity"
        found.append(Finding("buttons", True, f"over HTTP: Slack must reach {where}, set it in the app"))
    else:
        found.append(Finding("buttons", True, "none: set SLACK_APP_TOKEN or SLACK_SIGNING_SECRET to get them"))
    return found


def _targets(alerts: AlertSettings) -> Iterator[str]:
    yield from (target for target in (alerts.incidents_to, alerts.cases_to) if not target.startswith(WEBHOOK))
    yield from (route.to for route in alerts.routes if not route.to.startswith(WEBHOOK))


@slack.command("retry")
def slack_retry(context: typer.Context, json: Json = False) -> None:
    """Send again what was given up. What may have arrived is looked for first, so nothing is posted twice."""
    output = Output(json)
    settings = settings_of(context)
    engine = open_existing(settings)
    with engine.begin() as conn:
        revived = outbox.revive_dead(conn)
        standing = _troubles(conn)
    engine.dispose()
    output.row({"revived": revived, "troubles": standing})
    for line in standing:
        output.hint(line)
    output.say(f"{revived:,} messages and notes are tried again." if revived else "Nothing was given up.")


def _troubles(conn: Connection) -> list[str]:
    return [f"{one.place}: {one.reason} (since {rfc3339(one.since_real_ms)})" for one in troubles.read(conn)]
