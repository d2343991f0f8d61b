"""Reads cxwatch.toml and the environment into Settings, or says everything that is wrong with them."""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from cxwatch.access.people import ROLES
from cxwatch.settings.alerting import alert_settings, detection_settings
from cxwatch.settings.boards import alertmanager_settings, board_settings
from cxwatch.settings.kafka import export_settings, kafka_settings
from cxwatch.settings.lines import Lines
from cxwatch.settings.measuring import measure_settings
from cxwatch.settings.problems import Problem, SettingsError
from cxwatch.settings.reader import Sheet, Table
from cxwatch.settings.records import Kpi, Secrets, Settings, WebSettings
from cxwatch.settings.secret_values import origins, read_secrets
from dashboards.settings import Configuration

FILE_NAME = "cxwatch.toml"
FILE_BYTES_MAX = 4 * 1024 * 1024
KPIS: tuple[Kpi, ...] = ("nps", "csat", "ces", "stars", "thumbs")
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of a file, of ./cxwatch.toml if none is named and it is there, else the defaults.

    Variables CXWATCH_<KEY> and CXWATCH_<TABLE>_<KEY> win over the file. Raises SettingsError with every problem.
    """
    environ = os.environ if environ is None else environ
    if path is None and Path(FILE_NAME).is_file():
        path = Path(FILE_NAME)
    text = "" if path is None else _read(path)
    values = _parse(text, path)
    sheet = Sheet("settings" if path is None else str(path), Lines(text), environ)
    settings = _settings(Table(sheet, values, (), ""), sheet, path)
    if sheet.problems:
        raise SettingsError(sheet.problems)
    return replace(settings, configuration=_configuration(sheet, path, settings.secrets))


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise SettingsError([Problem(str(path), 0, "", "is larger than 4 MB: is it the right file?")])
        return raw.decode("utf-8-sig")
    except OSError as error:
        way_out = "check the path, or write one with `cxwatch init`"
        raise SettingsError([Problem(str(path), 0, "", f"cannot be read ({error.strerror}): {way_out}")]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([Problem(str(path), 0, "", "is not UTF-8 text: save it as UTF-8")]) from error


def _parse(text: str, path: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError([Problem(str(path), 0, "", "is nested too deeply: is it the right file?")]) from None
    except ValueError as error:  # not only TOMLDecodeError: a number of thousands of digits is int's own
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        said = _AT_LINE.sub("", str(error)).replace(" (at end of document)", "")
        raise SettingsError([Problem(str(path), line, "", f"is not TOML: {said[:1].lower()}{said[1:]}")]) from error


def _settings(top: Table, sheet: Sheet, path: Path | None) -> Settings:
    retention = top.table("retention")
    measure = measure_settings(top, retention)
    log_days = retention.whole("log_days", 400, 1, 36_500)
    retention.finish()
    web = _web(top.table("web"))
    secrets = read_secrets(sheet)
    kpi = top.choice("kpi", "nps", KPIS)
    log = top.text("log", "sqlite", 1_000)
    export = top.table("export")
    export_to = export.text("topic", "", 1_000)
    kafka = kafka_settings(top, log, sheet, path, web, secrets, exports=bool(export_to))
    settings = Settings(
        source=path,
        kpi=kpi,
        data_dir=_data_dir(top, sheet, path),
        log=log,
        database=_database(top),
        log_days=log_days,
        measure=measure,
        detection=detection_settings(top.table("detection"), measure.timezone),
        alerts=alert_settings(top, measure.timezone, web.url, secrets),
        web=web,
        boards=board_settings(top, measure, kpi, web.url),
        alertmanager=alertmanager_settings(top.table("alertmanager"), secrets.alertmanager_token),
        kafka=kafka,
        export=export_settings(export, export_to, kafka, log),
        secrets=secrets,
        names_given=frozenset(key for key in ("channels", "stages") if top.given(key)),
    )
    top.finish()
    return settings


def _configuration(sheet: Sheet, path: Path | None, secrets: Secrets) -> Configuration:
    """What was read, for the settings page."""
    return Configuration(
        None if path is None else str(path), tuple(sheet.told.values()), origins(secrets, sheet.environ)
    )


def _data_dir(top: Table, sheet: Sheet, path: Path | None) -> Path:
    """Relative to the settings file; from the environment, relative to where the command runs."""
    text = top.text("data_dir", "cxwatch-data", 1_000)
    base = Path() if path is None or sheet.environ.get("CXWATCH_DATA_DIR") else path.parent
    if "\0" in text:
        top.wrong("data_dir", "holds a zero character: write a folder's path")
        return base
    try:
        return base / Path(text).expanduser()
    except RuntimeError:  # ~name of nobody here
        top.wrong("data_dir", "starts with the home folder of a user that is not on this machine: write it out")
        return base


def _database(top: Table) -> str:
    value = top.text("database", "sqlite", 1_000)
    if value == "sqlite":
        return value
    if not value.startswith("postgresql+psycopg://"):
        top.wrong("database", 'must be "sqlite" or an address that starts with postgresql+psycopg://')
        return "sqlite"
    parts = _split(value)
    if parts is None:
        top.wrong("database", "is not an address such as postgresql+psycopg://user@host/name")
    elif parts.password or any(name == "password" for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        top.wrong("database", "holds a password: take it out and put it into the variable DATABASE_PASSWORD")
    return value


def _web(table: Table) -> WebSettings:
    url = table.optional("public_url")
    parts = None if url is None else _split(url)
    if url is not None and (parts is None or parts.scheme not in ("http", "https") or not parts.hostname):
        table.wrong("public_url", "must be an address such as https://cx.example.com")
        url = None
    proxies = tuple(network for name in table.names("trusted_proxies", ()) if (network := _network(table, name)))
    header = table.optional("user_header")
    if header is not None and not proxies:
        table.wrong("user_header", "counts only from trusted_proxies: name the proxy's address there, too")
    web = WebSettings(
        table.text("host", "127.0.0.1"),
        table.whole("port", 8000, 0, 65_535),
        url,
        proxies,
        header,
        table.choice("proxy_role", "viewer", ROLES),
    )
    table.finish()
    return web


def _network(table: Table, name: str) -> str | None:
    try:
        return str(ipaddress.ip_network(name, strict=False))
    except ValueError:
        table.wrong("trusted_proxies", f"{name!r} is no address or network such as 10.0.0.0/8")
        return None


def _split(address: str) -> SplitResult | None:
    """The parts of an address, None if it is none."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return None
    return parts
