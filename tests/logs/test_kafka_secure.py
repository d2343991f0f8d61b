"""TLS and passwords, with both clients, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.logs.errors import LogError
from streams.logs.kafka import KafkaLog
from streams.logs.kafka_settings import KafkaSettings, Mechanism
from tests.logs.kafka_rig import KafkaRig
from tests.logs.support import records, until
from tests.support.kafka import settings_for
from tests.support.kafka_secure import PASSWORD, USER, SecureBroker, start_secure

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    found = start_secure(tmp_path_factory.mktemp("secure"))
    yield found
    found.broker.stop()


def settings(secure: SecureBroker, **changes: object) -> KafkaSettings:
    values: dict[str, object] = {
        "security": "SASL_SSL",
        "ca_file": str(secure.ca_file),
        "username": USER,
        "password": PASSWORD,
        "partitions": 2,
    }
    return settings_for(secure.address, **(values | changes))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
async def test_events_go_in_and_come_out_encrypted_and_authenticated(
    secure: SecureBroker, mechanism: Mechanism
) -> None:
    rig = KafkaRig(settings(secure, sasl_mechanism=mechanism))
    KafkaLog(rig.settings).create()
    worker = rig.worker()
    await worker.log.append(records("1", "2"))
    await worker.run()
    await until(lambda: worker.seen.values() == [b"1", b"2"])
    await rig.close()


async def test_a_wrong_password_is_named(secure: SecureBroker) -> None:
    log = KafkaLog(settings(secure, password="other-words", sasl_mechanism="PLAIN"))
    with pytest.raises(LogError, match=r"refused this user.*KAFKA_PASSWORD") as refused:
        log.connect()
    assert "other-words" not in str(refused.value)
    await log.close()


async def test_a_certificate_of_somebody_else_is_named(secure: SecureBroker, tmp_path: Path) -> None:
    log = KafkaLog(settings(secure, ca_file=None))
    with pytest.raises(LogError, match=r"TLS connection to Kafka failed.*ca_file"):
        log.connect()
    await log.close()


async def test_a_certificate_file_that_is_none_is_named(secure: SecureBroker, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(LogError, match=r"certificates for Kafka cannot be used.*PEM"):
        KafkaLog(settings(secure, ca_file=str(tmp_path / "ca.pem"))).connect()
