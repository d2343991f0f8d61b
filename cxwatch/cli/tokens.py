"""`cxwatch token create | list | revoke`: who may send events, read, and act."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from cxwatch.access.audit import AuditLine, note
from cxwatch.access.store import TooManyTokens, add_token, read_tokens, revoke_token
from cxwatch.access.tokens import NAME_MAX, SCOPES, Scope, digest_of, new_token
from cxwatch.cli.output import Output
from cxwatch.cli.shared import FAILED, Json, Usage, settings_of
from cxwatch.database import open_state
from cxwatch.errors import CannotStart
from streams.clock import SystemClock, rfc3339

commands = typer.Typer(no_args_is_help=True, help="Tokens for programs: create, list, revoke.")


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(commands, name="token")


@commands.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who will use it, such as shop-backend.")],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="ingest, read or act; may be repeated. Default: ingest.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a token and show it once. From then on every request needs a token."""
    output = Output(json)
    scopes = frozenset(scope or ["ingest"])
    if not scopes <= set(SCOPES):
        raise Usage(f"--scope {', '.join(sorted(scopes - set(SCOPES)))} is not one: use {', '.join(SCOPES)}")
    if not 1 <= len(name) <= NAME_MAX:
        raise Usage(f"NAME must have 1 to {NAME_MAX} characters")
    token = new_token()
    engine = open_state(settings_of(context))
    try:
        with engine.begin() as conn:
            now_ms = SystemClock().now_ms()
            number = add_token(conn, name, cast(frozenset[Scope], scopes), digest_of(token), now_ms)
            what = f"cxwatch token create {name} ({' '.join(sorted(scopes))})"
            note(conn, AuditLine(now_ms, "command line", what, "done"))
    except TooManyTokens as error:
        raise CannotStart(str(error)) from error
    finally:
        engine.dispose()
    output.row({"id": number, "name": name, "scopes": sorted(scopes), "token": token})
    if not json:
        output.say(token)
    output.hint(f"Token {number} ({', '.join(sorted(scopes))}). It is shown only now: keep it where secrets are kept.")
    output.hint("Use it as the header  Authorization: Bearer TOKEN. Requests without a token are refused from now on.")


@commands.command("list")
def list_tokens(context: typer.Context, json: Json = False) -> None:
    """Show who has a token. The tokens themselves are not kept."""
    output = Output(json)
    engine = open_state(settings_of(context))
    with engine.connect() as conn:
        found = read_tokens(conn)
    engine.dispose()
    rows = []
    for token in found:
        state = "in use" if token.revoked_ms is None else f"revoked {rfc3339(token.revoked_ms)}"
        scopes = sorted(token.scopes)
        output.row(
            {
                "id": token.token_id,
                "name": token.name,
                "scopes": scopes,
                "created": rfc3339(token.created_ms),
                "revoked": None if token.revoked_ms is None else rfc3339(token.revoked_ms),
            }
        )
        rows.append((token.token_id, token.name, ", ".join(scopes), rfc3339(token.created_ms), state))
    if rows:
        output.table(("id", "name", "scopes", "created", "state"), rows, right=("id",))
    else:
        output.hint("No tokens: on this machine every request is let in. Make one with `cxwatch token create NAME`.")


@commands.command()
def revoke(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ID", help="As `cxwatch token list` shows it.")],
    json: Json = False,
) -> None:
    """Make a token worthless, within a second."""
    output = Output(json)
    engine = open_state(settings_of(context))
    with engine.begin() as conn:
        now_ms = SystemClock().now_ms()
        done = revoke_token(conn, number, now_ms)
        if done:
            note(conn, AuditLine(now_ms, "command line", f"cxwatch token revoke {number}", "done"))
    engine.dispose()
    output.row({"id": number, "revoked": done})
    if not done:
        output.hint(f"No token {number} is in use: see `cxwatch token list`.")
        raise typer.Exit(FAILED)
    output.say(f"Token {number} is revoked.")
