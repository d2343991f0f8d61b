"""`cxwatch user add | list | role | password | disable`, and `cxwatch audit`: people who sign in, and what was done."""

from __future__ import annotations

import dataclasses
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from sqlalchemy import Connection

from cxwatch.access.audit import READ_MAX, AuditLine, note, read_audit
from cxwatch.access.passwords import hash_of
from cxwatch.access.people import PASSWORD_MAX, PASSWORD_MIN, ROLES, Role, UserError, check_name, check_password
from cxwatch.access.users import add_user, change_user, read_users
from cxwatch.cli.output import Output
from cxwatch.cli.shared import FAILED, Json, Usage, settings_of
from cxwatch.database import open_state
from cxwatch.errors import CannotStart
from streams.clock import SystemClock, rfc3339

commands = typer.Typer(
    no_args_is_help=True, help="People who sign in to the pages: add, list, role, password, disable."
)
Name = Annotated[str, typer.Argument(help="As they type it when they sign in; upper and lower case are the same.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input, one line.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(commands, name="user")
    app.command("audit")(audit)


@commands.command()
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[
        str, typer.Option(help="viewer reads, agent also acts, admin also changes how cxwatch works.")
    ] = "agent",
    password_stdin: FromStdin = False,
    json: Json = False,
) -> None:
    """Let somebody sign in. From then on every page asks who one is."""
    output = Output(json)
    with _changing(context) as conn:
        known, chosen = check_name(name), _role(role)
        hashed = hash_of(_password(known, password_stdin))
        number = add_user(conn, known, chosen, hashed, SystemClock().now_ms())
        _note(conn, f"user add {known} --role {chosen}")
    output.row({"id": number, "name": known, "role": chosen})
    output.say(f"{known} ({chosen}) can sign in.")


@commands.command("list")
def list_users(context: typer.Context, json: Json = False) -> None:
    """Show who can sign in."""
    output = Output(json)
    with _changing(context) as conn:
        found = read_users(conn)
    rows = []
    for user in found:
        disabled = None if user.disabled_ms is None else rfc3339(user.disabled_ms)
        created = rfc3339(user.created_ms)
        output.row({"id": user.user_id, "name": user.name, "role": user.role, "created": created, "disabled": disabled})
        rows.append((user.name, user.role, created, "can sign in" if disabled is None else f"disabled {disabled}"))
    if rows:
        output.table(("name", "role", "created", "state"), rows)
    else:
        output.hint("Nobody has a password here. Make a user with `cxwatch user add NAME`.")


@commands.command("role")
def change_role(context: typer.Context, name: Name, role: Annotated[str, typer.Argument()], json: Json = False) -> None:
    """Change what somebody may do. They must sign in again."""
    _change(context, name, f"role {_role(role)}", json, role=_role(role))


@commands.command("password")
def change_password(context: typer.Context, name: Name, password_stdin: FromStdin = False, json: Json = False) -> None:
    """Set a new password. Their sessions end."""
    _change(context, name, "password", json, password=hash_of(_password(check_name(name), password_stdin)))


@commands.command()
def disable(context: typer.Context, name: Name, json: Json = False) -> None:
    """Let somebody sign in no more, from now on."""
    _change(context, name, "disable", json, disabled_ms=SystemClock().now_ms())


@commands.command()
def enable(context: typer.Context, name: Name, json: Json = False) -> None:
    """Let somebody sign in again."""
    _change(context, name, "enable", json, disabled_ms=None)


def audit(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=READ_MAX, help="How many, the newest first.")] = 50,
    json: Json = False,
) -> None:
    """Show who changed what, and who signed in or tried to."""
    output = Output(json)
    engine = open_state(settings_of(context))
    with engine.connect() as conn:
        lines = read_audit(conn, limit)
    engine.dispose()
    for line in lines:
        row = dataclasses.asdict(line)
        output.row({"time": rfc3339(row.pop("at_ms")), **row})
    if lines:
        rows = [(rfc3339(one.at_ms), one.actor, one.what, one.outcome, one.address) for one in lines]
        output.table(("time", "who", "what", "outcome", "from"), rows)
    else:
        output.hint("Nobody has changed anything yet.")


def _change(context: typer.Context, name: str, what: str, json: bool, **changes: object) -> None:
    output = Output(json)
    with _changing(context) as conn:
        known = check_name(name)
        done = change_user(conn, known, **changes)
        if done:
            _note(conn, f"user {what.split(maxsplit=1)[0]} {known}{what[len(what.split(maxsplit=1)[0]) :]}")
    output.row({"name": known, "changed": done})
    if not done:
        output.hint(f"There is no user {known}: see `cxwatch user list`.")
        raise typer.Exit(FAILED)
    output.say(f"{known}: {what} is done. Their sessions are over.")


@contextmanager
def _changing(context: typer.Context) -> Iterator[Connection]:
    engine = open_state(settings_of(context))
    try:
        with engine.begin() as conn:
            yield conn
    except UserError as error:
        raise CannotStart(str(error)) from error
    finally:
        engine.dispose()


def _note(conn: Connection, what: str) -> None:
    note(conn, AuditLine(SystemClock().now_ms(), "command line", f"cxwatch {what}", "done"))


def _role(role: str) -> Role:
    if role not in ROLES:
        raise Usage(f"--role {role} is not one: use {', '.join(ROLES)}")
    return role


def _password(name: str, from_stdin: bool) -> str:
    """The new password; asked twice where somebody types it, never shown."""
    if from_stdin:
        return check_password(sys.stdin.readline(PASSWORD_MAX + 2).rstrip("\r\n"), name)
    if not sys.stdin.isatty():
        raise Usage("there is no terminal to ask for the password: give it with --password-stdin")
    password = getpass.getpass(f"Password for {name} ({PASSWORD_MIN} characters or more): ")
    if getpass.getpass("The same again: ") != password:
        raise UserError("the two passwords are not the same: try again")
    return check_password(password, name)
