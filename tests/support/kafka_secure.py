"""A broker with TLS and passwords beside its plain listener, with an authority of its own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import AdminClient, ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from tests.support.kafka import Broker, fetch, free_port
from tests.support.tools import need

USER = "cx"
PASSWORD = "pass-words"  # of a broker that lives for one test


@dataclass
class SecureBroker:
    """`address` wants TLS and a password; `ca_file` is who signed its certificate."""

    broker: Broker
    address: str
    ca_file: Path


def start_secure(folder: Path) -> SecureBroker:
    """SASL_SSL with PLAIN and SCRAM, for one user."""
    fetch()
    broker, port = Broker(folder / "broker"), free_port()
    broker.folder.mkdir(parents=True)
    ca_file = _certificates(folder)
    jaas = "org.apache.kafka.common.security"
    (broker.folder / "more.properties").write_text(
        f"listeners=PLAINTEXT://127.0.0.1:{broker.port},SECURE://127.0.0.1:{port},"
        f"CONTROLLER://127.0.0.1:{broker.controller_port}\n"
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{broker.port},SECURE://127.0.0.1:{port}\n"
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT\n"
        "inter.broker.listener.name=PLAINTEXT\n"
        "listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512\n"
        f"listener.name.secure.plain.sasl.jaas.config={jaas}.plain.PlainLoginModule required "
        f'user_{USER}="{PASSWORD}";\n'
        f"listener.name.secure.scram-sha-512.sasl.jaas.config={jaas}.scram.ScramLoginModule required;\n"
        f"listener.name.secure.ssl.keystore.type=PEM\n"
        f"listener.name.secure.ssl.keystore.location={folder / 'broker.pem'}\n"
    )
    broker.start()
    admin = AdminClient({"bootstrap.servers": broker.address, "log_level": 0})
    change = UserScramCredentialUpsertion(
        USER, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), PASSWORD.encode()
    )
    for future in admin.alter_user_scram_credentials([change]).values():
        future.result()
    return SecureBroker(broker, f"127.0.0.1:{port}", ca_file)


def _certificates(folder: Path) -> Path:
    """An authority, and the broker's key and certificate in one file."""
    ca, key, request, signed = (folder / name for name in ("ca.pem", "key.pem", "request.pem", "signed.pem"))
    (folder / "names.txt").write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=authority", "-keyout",
             folder / "ca-key.pem", "-out", ca)  # fmt: skip
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", key, "-out", request)
    _openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", folder / "ca-key.pem", "-CAcreateserial", "-days",
             "2", "-extfile", folder / "names.txt", "-out", signed)  # fmt: skip
    (folder / "broker.pem").write_text(key.read_text() + signed.read_text())
    return ca


def _openssl(*words: str | Path) -> None:
    subprocess.run([need("openssl"), *map(str, words)], check=True, capture_output=True)
