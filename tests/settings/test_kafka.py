"""`log = "kafka://..."` and [kafka]: what is read, and what is said about what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cxwatch.settings import Problem, Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[Problem]]
LOG = 'log = "kafka://h1:9092,h2/cx.events"\n'
SECRETS = {"KAFKA_USERNAME": "cx", "KAFKA_PASSWORD": "secret-words"}


def test_brokers_and_topic_come_from_the_address(load: Load) -> None:
    settings = load(LOG)
    assert not settings.embedded_log
    assert settings.kafka.brokers == ("h1:9092", "h2:9092")
    assert settings.kafka.topic == "cx.events"
    assert settings.kafka.partitions == 12
    assert settings.kafka.address == "kafka://h1:9092,h2:9092/cx.events"


def test_addresses_of_ipv6_keep_their_brackets(load: Load) -> None:
    assert load('log = "kafka://[::1]:9093,[fe80::1]/t"').kafka.brokers == ("[::1]:9093", "[fe80::1]:9092")


def test_a_process_is_named_by_its_host_and_port(load: Load) -> None:
    host = "".join(c if c.isalnum() or c in "._-" else "-" for c in socket.gethostname())
    assert load(LOG).kafka.instance_id == f"{host}-8000"
    assert load(LOG, {"CXWATCH_WEB_PORT": "8001"}).kafka.instance_id == f"{host}-8001"
    assert load(LOG, {"CXWATCH_KAFKA_INSTANCE_ID": "w-1"}).kafka.instance_id == "w-1"


def test_the_password_comes_from_the_environment_and_is_never_shown(load: Load) -> None:
    settings = load(LOG + '[kafka]\nsecurity = "SASL_SSL"\nsasl_mechanism = "PLAIN"', SECRETS)
    assert settings.kafka.password == "secret-words"
    assert "secret-words" not in repr(settings)
    assert "secret-words" not in str(settings.kafka)


def test_certificates_are_files_beside_the_settings(load: Load, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    assert load(LOG + '[kafka]\nsecurity = "SSL"\nca_file = "ca.pem"').kafka.ca_file == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("log", "says"),
    [
        ("kafka://", "must name 1 to 50 brokers"),
        ("kafka:///t", "must name 1 to 50 brokers"),
        ("kafka://h1:9092", "must end with a topic"),
        ("kafka://h1:9092/", "must end with a topic"),
        ("kafka://h1:9092/a/b", "must end with a topic"),
        ("kafka://h1:9092/a b", "must end with a topic"),
        ("kafka://h1:99999/t", "'h1:99999' is none"),
        ("kafka://h 1/t", "'h 1' is none"),
        ("kafka://me:secret-words@h1/t", "KAFKA_USERNAME"),
        ("kafak://h1/t", 'must be "sqlite" or'),
        ("rabbit", 'must be "sqlite" or'),
    ],
)
def test_an_address_that_is_none_is_named(problems: Problems, log: str, says: str) -> None:
    found = [p for p in problems(f'log = "{log}"') if says in p.text]
    assert [(p.line, p.key) for p in found] == [(1, "log")]
    assert "secret-words" not in found[0].text


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ('group = "a b"', "kafka.group", "letters, digits"),
        ('instance_id = "a/b"', "kafka.instance_id", "letters, digits"),
        ('ca_file = "ca.pem"', "kafka.ca_file", "is for TLS"),
        ('security = "SSL"\nca_file = "nowhere.pem"', "kafka.ca_file", "names no file"),
        ('security = "SSL"\ncertificate_file = "cxwatch.toml"', "kafka.certificate_file", "go together"),
        ('sasl_mechanism = "GSSAPI"', "kafka.sasl_mechanism", "must be one of"),
        ("brokers = 1", "kafka.brokers", "is not a setting"),
    ],
)
def test_what_is_wrong_with_the_table_is_named(problems: Problems, text: str, key: str, says: str) -> None:
    assert any(p.key == key and says in p.text for p in problems(f"{LOG}[kafka]\n{text}"))


def test_a_password_that_is_missing_or_would_not_be_used_is_named(problems: Problems) -> None:
    missing = problems(LOG + '[kafka]\nsecurity = "SASL_SSL"')
    assert [p.file for p in missing] == ["KAFKA_PASSWORD", "KAFKA_USERNAME"]
    (unused,) = problems(LOG, SECRETS)
    assert "would not be used" in unused.text


def test_the_table_alone_changes_nothing_for_the_embedded_log(load: Load) -> None:
    assert load('[kafka]\nsecurity = "SASL_SSL"').embedded_log


EXPORT = '[export]\ntopic = "kafka://h3/cx.changes"\n'


def test_changes_go_nowhere_until_a_topic_is_named(load: Load) -> None:
    assert load("").export is None
    assert load("[export]\nevery_seconds = 9").export is None
    assert load("", {"CXWATCH_EXPORT_TOPIC": "kafka://h1/t"}).export is not None


def test_the_topic_of_changes_is_reached_as_kafka_is(load: Load) -> None:
    security = '[kafka]\nsecurity = "SASL_SSL"\nreplication = 3\n'
    export = load(EXPORT + 'windows = ["24h", "1h"]\n' + security, SECRETS).export
    assert export is not None
    assert (export.kafka.brokers, export.kafka.topic) == (("h3:9092",), "cx.changes")
    assert (export.kafka.security, export.kafka.password, export.kafka.replication) == ("SASL_SSL", "secret-words", 3)
    assert (export.changes.windows, export.changes.every_seconds) == (("1h", "24h"), 5)
    assert "secret-words" not in repr(export)


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ('[export]\ntopic = "cx.changes"', "export.topic", 'such as "kafka://h1:9092,h2:9092/cx.changes"'),
        ('[export]\ntopic = "kafka://a@b/t"', "export.topic", "KAFKA_USERNAME"),
        (EXPORT + 'windows = ["1d"]', "export.windows", "15m, 1h, 24h, 7d"),
        (EXPORT + "windows = []", "export.windows", "15m, 1h, 24h, 7d"),
        (EXPORT + "every_seconds = 0", "export.every_seconds", "1 to 3,600"),
        (EXPORT + "every = 5", "export.every", "every_seconds"),
        (LOG + '[export]\ntopic = "kafka://h2:9092/cx.events"', "export.topic", "is the log"),
    ],
)
def test_what_is_wrong_about_the_export_is_named(problems: Problems, text: str, key: str, says: str) -> None:
    found = problems(text)
    assert [p.key for p in found] == [key]
    assert says in found[0].text


def test_a_user_for_the_export_needs_a_password_too(problems: Problems) -> None:
    found = problems(EXPORT + '[kafka]\nsecurity = "SASL_SSL"')
    assert sorted(p.file for p in found) == ["KAFKA_PASSWORD", "KAFKA_USERNAME"]
