"""How to reach a Kafka topic, and how to read it: one record, and what each of the two clients wants of it.

Two clients, because each does what the other cannot: aiokafka sits inside Faust and measures; librdkafka
(confluent-kafka) produces with idempotence, reads from any thread and tells a topic's id.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streams.logs.errors import LogError

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """One topic and who we are there. `partitions` and `replication` are for creating it only.

    `instance_id` names this process in its group for good (static membership): started again within the session's
    6 seconds it has its partitions back without a rebalance. Two processes must not share one.
    """

    brokers: tuple[str, ...] = ("127.0.0.1:9092",)
    topic: str = "cx.events"
    partitions: int = 12
    replication: int = 1
    group: str = "cxwatch"
    client_id: str = "cxwatch"
    instance_id: str | None = None
    security: Security = "PLAINTEXT"
    sasl_mechanism: Mechanism = "SCRAM-SHA-512"
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """Brokers and topic as the settings name them."""
        return f"kafka://{','.join(self.brokers)}/{self.topic}"

    @property
    def encrypted(self) -> bool:
        """Whether connections use TLS."""
        return self.security in ("SSL", "SASL_SSL")

    @property
    def authenticated(self) -> bool:
        """Whether a name and a password are asked for."""
        return self.security.startswith("SASL_")


def librdkafka(settings: KafkaSettings) -> dict[str, Any]:
    """Connection settings as librdkafka names them."""
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(settings.brokers),
        "client.id": settings.client_id,
        "security.protocol": settings.security,
        "log_level": 0,  # what went wrong comes out as an error, with the way out
        "reconnect.backoff.max.ms": 1_000,
        "allow.auto.create.topics": False,
    }
    files = {
        "ssl.ca.location": settings.ca_file,
        "ssl.certificate.location": settings.certificate_file,
        "ssl.key.location": settings.key_file,
    }
    if settings.encrypted:
        found |= {name: value for name, value in files.items() if value is not None}
    if settings.authenticated:
        found["sasl.mechanism"] = settings.sasl_mechanism
        found["sasl.username"] = settings.username or ""
        found["sasl.password"] = settings.password or ""
    return found


def aiokafka(settings: KafkaSettings) -> Mapping[str, Any]:
    """Connection settings as aiokafka names them."""
    found: dict[str, Any] = {
        "bootstrap_servers": list(settings.brokers),
        "client_id": settings.client_id,
        "security_protocol": settings.security,
        "ssl_context": ssl_context(settings) if settings.encrypted else None,
    }
    if settings.authenticated:
        found["sasl_mechanism"] = settings.sasl_mechanism
        found["sasl_plain_username"] = settings.username or ""
        found["sasl_plain_password"] = settings.password or ""
    return found


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext:
    """Certificates are always checked, host names included. Raises LogError for files that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.certificate_file is not None:
            context.load_cert_chain(settings.certificate_file, settings.key_file)
    except (OSError, ssl.SSLError) as error:
        raise LogError(
            f"the certificates for Kafka cannot be used ({error})",
            "check [kafka] ca_file, certificate_file and key_file: PEM files that this user may read",
        ) from error
    return context
