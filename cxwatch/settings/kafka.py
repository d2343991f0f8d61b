"""`log = "kafka://h1:9092,h2:9092/topic"`, [kafka] and [export]: which topics, and who we are there."""

from __future__ import annotations

import dataclasses
import re
import socket
from pathlib import Path

from cxwatch.settings.reader import Sheet, Table
from cxwatch.settings.records import ExportSettings, Secrets, WebSettings
from dashboards.changes.settings import ChangeSettings
from streams.logs.kafka_settings import KafkaSettings, Mechanism, Security
from streams.records import WindowName
from streams.windows import WINDOWS

SCHEME = "kafka://"
EXAMPLE = "kafka://h1:9092,h2:9092/cx.events"
EXPORT_EXAMPLE = "kafka://h1:9092,h2:9092/cx.changes"
SECURITY: tuple[Security, ...] = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: tuple[Mechanism, ...] = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
BROKERS_MAX = 50
_BROKER = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:]{2,39}\])(?::([0-9]{1,5}))?")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")


def kafka_settings(
    top: Table, log: str, sheet: Sheet, path: Path | None, web: WebSettings, secrets: Secrets, *, exports: bool = False
) -> KafkaSettings:
    """The log's topic and the connection. Where nothing is on Kafka, only the table's own mistakes are reported."""
    table = top.table("kafka")
    default = KafkaSettings()
    brokers, topic = (default.brokers, default.topic) if log == "sqlite" else _address(top, "log", log, EXAMPLE)
    security = table.choice("security", default.security, SECURITY)
    found = KafkaSettings(
        brokers=brokers,
        topic=topic,
        partitions=table.whole("partitions", default.partitions, 1, 10_000),
        replication=table.whole("replication", default.replication, 1, 10),
        group=_name(table, "group", default.group),
        client_id=_name(table, "client_id", default.client_id),
        instance_id=_name(table, "instance_id", _own_name(web.port)),
        security=security,
        sasl_mechanism=table.choice("sasl_mechanism", default.sasl_mechanism, MECHANISMS),
        ca_file=_file(table, "ca_file", path),
        certificate_file=_file(table, "certificate_file", path),
        key_file=_file(table, "key_file", path),
        username=None if secrets.kafka_username is None else secrets.kafka_username.reveal(),
        password=None if secrets.kafka_password is None else secrets.kafka_password.reveal(),
    )
    if log != "sqlite" or exports:
        _check(table, sheet, found)
    table.finish()
    return found


def export_settings(table: Table, address: str, kafka: KafkaSettings, log: str) -> ExportSettings | None:
    """[export]: the topic of changes (`address`), over the connection of [kafka]; None where none is named."""
    default = ChangeSettings()
    asked = table.names("windows", default.windows)
    lengths: tuple[WindowName, ...] = tuple(name for name in WINDOWS if name in asked)
    if len(lengths) < len(asked) or not lengths:
        table.wrong("windows", f"must name some of {', '.join(WINDOWS)}")
    every = table.whole("every_seconds", default.every_seconds, 1, 3_600)
    found = None
    if address:
        brokers, topic = _address(table, "topic", address, EXPORT_EXAMPLE)
        if log != "sqlite" and topic == kafka.topic and set(brokers) & set(kafka.brokers):
            table.wrong("topic", "is the log: changes go to a topic of their own, such as cx.changes")
        to = dataclasses.replace(kafka, brokers=brokers, topic=topic)
        found = ExportSettings(to, ChangeSettings(lengths, every))
    table.finish()
    return found


def _address(top: Table, key: str, value: str, example: str) -> tuple[tuple[str, ...], str]:
    default = KafkaSettings()
    if not value.startswith(SCHEME):
        embedded = '"sqlite" or ' if key == "log" else ""
        top.wrong(key, f'must be {embedded}a topic\'s address such as "{example}"')
        return default.brokers, default.topic
    listed, _, topic = value.removeprefix(SCHEME).partition("/")
    if "@" in listed:
        top.wrong(key, "holds a user: take it out and set KAFKA_USERNAME and KAFKA_PASSWORD")
        return default.brokers, default.topic
    brokers = tuple(broker for broker in listed.split(",") if broker)
    wrong = [broker for broker in brokers if not _is_broker(broker)]
    if not brokers or wrong or len(brokers) > BROKERS_MAX:
        named = f" ({wrong[0]!r} is none)" if wrong else ""
        top.wrong(key, f"must name 1 to {BROKERS_MAX} brokers as host:port{named}, such as {example!r}")
        brokers = default.brokers
    if not _TOPIC.fullmatch(topic) or topic in (".", ".."):
        top.wrong(key, f"must end with a topic of letters, digits, '.', '_' and '-', such as {example!r}")
        topic = default.topic
    return tuple(broker if _has_port(broker) else f"{broker}:9092" for broker in brokers), topic


def _is_broker(broker: str) -> bool:
    match = _BROKER.fullmatch(broker)
    return match is not None and (match[1] is None or 1 <= int(match[1]) <= 65_535)


def _has_port(broker: str) -> bool:
    match = _BROKER.fullmatch(broker)
    return match is not None and match[1] is not None


def _name(table: Table, key: str, default: str) -> str:
    value = table.text(key, default, 249)
    if _NOT_A_NAME.search(value):
        table.wrong(key, f"must be of letters, digits, '.', '_' and '-', such as {default!r}")
        return default
    return value


def _own_name(port: int) -> str:
    """The same after every restart, and another one for a second process on this machine."""
    return _NOT_A_NAME.sub("-", f"{socket.gethostname()}-{port}")[:249]


def _file(table: Table, key: str, path: Path | None) -> str | None:
    """Relative to the settings file."""
    value = table.optional(key)
    if value is None:
        return None
    return str((Path() if path is None else path.parent) / Path(value))


def _check(table: Table, sheet: Sheet, kafka: KafkaSettings) -> None:
    if kafka.authenticated:
        for name, value in (("KAFKA_USERNAME", kafka.username), ("KAFKA_PASSWORD", kafka.password)):
            if value is None:
                sheet.wrong_variable(name, f"must be set: [kafka] security is {kafka.security}")
    elif kafka.password is not None:
        sheet.wrong_variable(
            "KAFKA_PASSWORD", f"would not be used: [kafka] security is {kafka.security}; set it to SASL_SSL"
        )
    if not kafka.encrypted:
        for key in ("ca_file", "certificate_file", "key_file"):
            if getattr(kafka, key) is not None:
                table.wrong(key, f"is for TLS: set security to SSL or SASL_SSL (it is {kafka.security})")
    for key in ("ca_file", "certificate_file", "key_file"):
        value = getattr(kafka, key)
        if value is not None and not Path(value).is_file():
            table.wrong(key, f"names no file: {value}")
    if (kafka.certificate_file is None) != (kafka.key_file is None):
        table.wrong("certificate_file", "and key_file go together: name both, or neither")
