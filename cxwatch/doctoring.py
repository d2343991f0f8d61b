"""`cxwatch doctor`: looks at what could be in the way, one check a line, each with its way out."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator

import httpx
from sqlalchemy import Connection

from alerting import modes, outbox, troubles
from alerting.shadow import shadow_counts
from cxwatch.access.store import read_granted
from cxwatch.checking import Check, how_far
from cxwatch.clocks import clock_of, real_clock_of
from cxwatch.database import open_existing
from cxwatch.doctoring_boards import examine_boards
from cxwatch.doctoring_kafka import examine_export, examine_kafka
from cxwatch.errors import CannotStart
from cxwatch.settings import Settings
from streams.clock import SystemClock, rfc3339
from streams.logs.errors import LogError, LogHeld
from streams.logs.lock import MeasuringLock
from streams.logs.sqlite import SqliteLog
from streams.store import deadletters
from streams.store.identity import read_identity

DISK_FREE_MIN = 512 * 1024 * 1024
WEB_TIMEOUT_S = 3.0


def examine(settings: Settings) -> Iterator[Check]:
    """All checks, one after the other."""
    yield Check("settings", "ok", str(settings.source) if settings.source else "defaults: no cxwatch.toml here")
    yield _disk(settings)
    try:
        engine = open_existing(settings)
    except CannotStart as error:
        yield Check("database", "failed", str(error))
        return
    with engine.connect() as conn:
        yield Check("database", "ok", "answers, and has this version's tables")
        if settings.embedded_log:
            yield from _log(settings, conn)
            yield _measuring(settings)
        else:
            yield from examine_kafka(settings, conn)
        if settings.export is not None:
            yield from examine_export(settings.export, conn)
        yield _letters(conn)
        yield from _alerts(settings, conn)
        yield _access(settings, conn)
    engine.dispose()
    yield _web(settings)
    yield from examine_boards(settings)


def _disk(settings: Settings) -> Check:
    folder = next(path for path in (settings.data_dir, *settings.data_dir.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free / 2**30:.1f} GiB free at {settings.data_dir}"
    return Check(
        "disk", "ok" if free > DISK_FREE_MIN else "failed", text if free > DISK_FREE_MIN else f"{text}: free some"
    )


def _log(settings: Settings, conn: Connection) -> Iterator[Check]:
    if not settings.log_path.exists():
        yield Check("log", "note", "there is none yet: it is made at the first event")
        return
    try:
        log = SqliteLog(settings.log_path, clock_of(settings))
    except LogError as error:
        yield Check("log", "failed", str(error))
        return
    ends = log.ends()
    asyncio.run(log.close())
    identity = read_identity(conn)
    if identity is not None and identity.identity != log.identity:
        yield Check("log", "failed", "it is not the log that the database was measured from: put the right one back")
        return
    yield how_far(conn, log.partitions, ends)


def _measuring(settings: Settings) -> Check:
    lock = MeasuringLock(settings.lock_path)
    try:
        lock.take(SystemClock().now_ms())
    except LogHeld as error:
        return Check("measuring", "ok", error.problem)
    lock.release()
    return Check("measuring", "note", "nobody measures now: start `cxwatch run`")


def _letters(conn: Connection) -> Check:
    kept = deadletters.count(conn, "kept")
    text = f"{kept:,} kept: see `cxwatch dead-letters list`" if kept else "none"
    return Check("refused", "note" if kept else "ok", text)


def _alerts(settings: Settings, conn: Connection) -> Iterator[Check]:
    mode = modes.effective(conn, settings.alerts, real_clock_of(settings).now_ms())
    if settings.alerts.slack_token is None and not settings.alerts.webhooks:
        yield Check("alerts", "note", "no SLACK_BOT_TOKEN: messages go to the page /preview only")
    elif mode == "shadow":
        counts = shadow_counts(conn)
        held = f"{counts.words()} would have gone out" if counts.messages else "none so far"
        yield Check("alerts", "note", f"shadow: messages go to the page /preview ({held}); `cxwatch live` sends them")
    else:
        text = "messages go out" if mode == "live" else "`cxwatch live` ends it"
        yield Check("alerts", "ok", f"{mode}: {text}")
    for trouble in troubles.read(conn):
        yield Check("delivery", "failed", f"{trouble.place}: {trouble.reason} (since {rfc3339(trouble.since_real_ms)})")
    dead = outbox.counts(conn)["dead"]
    if dead:
        yield Check("delivery", "failed", f"{dead:,} messages given up: mend the cause, then `cxwatch slack retry`")


def _access(settings: Settings, conn: Connection) -> Check:
    tokens = len(read_granted(conn))
    if tokens:
        return Check("access", "ok", f"{tokens} tokens in use")
    if settings.web.loopback:
        return Check("access", "ok", "open, and reachable from this machine only")
    return Check("access", "failed", "others could reach it and nothing asks who they are: cxwatch token create NAME")


def _web(settings: Settings) -> Check:
    host = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
    url = f"http://{host}:{settings.web.port}/readyz"
    try:
        answer = httpx.get(url, timeout=WEB_TIMEOUT_S, trust_env=False)  # a proxy would ask its own machine
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Check("web", "note", f"{url} does not answer ({type(error).__name__}): fine unless one should run")
    reasons = said.get("reasons") if isinstance(said, dict) else None
    if not isinstance(reasons, list):
        return Check("web", "note", f"{url} is answered by another program: give [web] port a number of its own")
    if answer.status_code == 200:
        return Check("web", "ok", f"{url} says ready")
    return Check("web", "failed", f"{url} says not ready: {'; '.join(map(str, reasons))}")
