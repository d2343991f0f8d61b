"""Commands over a Kafka topic, on a real broker."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions
from sqlalchemy import create_engine, text

from streams.logs.kafka_settings import KafkaSettings
from tests.commands.conftest import Shell
from tests.support.kafka import free_port, kcat, settings_for

NOW = datetime.now(UTC)


@pytest.fixture
def topic(kafka: str, folder: Path) -> KafkaSettings:
    """A settings file that names a topic of its own, which is not there yet."""
    found = settings_for(kafka)
    (folder / "cxwatch.toml").write_text(
        f'log = "{found.address}"\n[kafka]\npartitions = {found.partitions}\ngroup = "{found.group}"\n'
    )
    return found


def answer(number: int, customer: str, score: int = 9, **more: Any) -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "source": "shop",
        "type": "feedback",
        "metric": "nps",
        "score": score,
        "time": (NOW - timedelta(minutes=5)).isoformat(),
        "channel": "web",
        "stage": "buy",
        "customer": customer,
        **more,
    }


def visit(number: int, customer: str) -> dict[str, Any]:
    event = answer(number, customer)
    return {k: v for k, v in event.items() if k not in ("metric", "score")} | {
        "type": "interaction",
        "interaction": "payment",
        "outcome": "failed",
    }


def lines(path: Path, events: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(event) for event in events))
    return path


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    engine = create_engine(f"sqlite:///{folder / 'cxwatch-data' / 'state.db'}")
    with engine.connect() as conn:
        found = [tuple(row) for row in conn.execute(text(query))]
    engine.dispose()
    return found


def checks(cxwatch: Shell) -> dict[str, tuple[str, str]]:
    return {row["check"]: (row["state"], row["text"]) for row in cxwatch("doctor", "--json").rows}


def test_migrate_makes_the_topic_once_and_remembers_which_it_is(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    first, second = cxwatch("migrate"), cxwatch("migrate")
    assert (first.code, second.code) == (0, 0)
    assert "4 partitions, 1 copy, times by the broker's clock" in first.out
    assert "created" not in second.out
    ((identity, partitions),) = rows(folder, "SELECT identity, partitions FROM log_identity")
    assert (len(identity), partitions) == (22, 4)


def test_a_file_goes_onto_the_topic_and_is_measured_replayed_and_found_well(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    assert "create it with `cxwatch migrate`" in cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, "anna")])).err
    cxwatch("migrate")
    file = lines(
        folder / "b.jsonl", [*(answer(i, f"c{i % 20}") for i in range(200)), visit(900, "c1"), answer(0, "c0")]
    )
    assert cxwatch("ingest", file, "--json").rows == [{"accepted": 201, "duplicate": 1, "refused": 0, "history": 0}]
    assert cxwatch("ingest", file, "--json").rows == [{"accepted": 0, "duplicate": 202, "refused": 0, "history": 0}]
    window = cxwatch("windows", "--window", "1h", "--json").rows[0]
    assert (window["n"], window["counts"]) == (200, {"9": 200})
    replayed = cxwatch("replay", "--json")
    assert replayed.code == 0
    assert {row["table"]: row["differences"] for row in replayed.rows} == dict.fromkeys(
        ("panes", "hour_panes", "customers", "feedback", "flags"), 0
    )
    found = checks(cxwatch)
    assert found["kafka"] == ("ok", f"{topic.address} answers")
    assert found["log"][0] == "ok"
    assert "4 partitions, 0 records wait" in found["log"][1]
    assert found["measuring"] == ("note", "nobody measures now: start `cxwatch worker` or `cxwatch run`")
    assert "customers" not in found
    assert "times" not in found


def test_erasure_says_that_the_topic_is_its_owners(cxwatch: Shell, topic: KafkaSettings, folder: Path) -> None:
    cxwatch("migrate")
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, "anna", comment="my words"), answer(2, "ben")]))
    (receipt,) = cxwatch("forget", "anna", "--json").rows
    assert receipt["log_records"] == 0
    assert "the topic is its owner's" in receipt["log"]
    assert rows(folder, "SELECT count(*) FROM feedback WHERE customer = 'anna' OR comment IS NOT NULL") == [(0,)]
    assert b"my words" in kcat(topic, "-C", "-e")


def test_a_customer_in_two_partitions_is_counted_explained_and_measured(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    """Java's partitioner and librdkafka's put "zoe" into two; each answer still counts once."""
    cxwatch("migrate")
    for number, partitioner in enumerate(("murmur2_random", "consistent_random")):
        producer = Producer({"bootstrap.servers": topic.brokers[0], "partitioner": partitioner})
        for i in range(3):
            for event in (answer(number * 10 + i, "anna", 0, comment="it broke"), answer(number * 10 + i, "zoe", 10)):
                event["id"] += event["customer"]
                producer.produce(topic.topic, json.dumps(event), event["customer"])
        producer.flush()
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(100, "ben")]))
    assert cxwatch("windows", "--window", "1h", "--json").rows[0]["counts"] == {"0": 6, "9": 1, "10": 6}
    state, says = checks(cxwatch)["customers"]
    assert state == "note"
    assert "turned up in two partitions" in says
    assert "murmur2_random" in says
    cxwatch("forget", "zoe")
    for table in ("customers", "feedback"):
        assert rows(folder, f"SELECT count(*) FROM {table} WHERE customer = 'zoe'") == [(0,)]
    assert "customers" not in checks(cxwatch)


def more_partitions(topic: KafkaSettings, count: int) -> None:
    admin = AdminClient({"bootstrap.servers": topic.brokers[0], "log_level": 0})
    for future in admin.create_partitions([NewPartitions(topic.topic, count)]).values():
        future.result()


def test_more_partitions_stop_measuring_until_customers_have_moved(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    cxwatch("migrate")
    people = [f"c{i}" for i in range(40)]
    before = [*(answer(i, who) for i, who in enumerate(people)), *(visit(100 + i, w) for i, w in enumerate(people))]
    cxwatch("ingest", lines(folder / "a.jsonl", before))
    cxwatch("ingest", "--no-wait", lines(folder / "b.jsonl", [answer(200 + i, w) for i, w in enumerate(people)]))
    more_partitions(topic, 6)
    stopped = cxwatch("ingest", lines(folder / "c.jsonl", [answer(400, "c0")]))
    assert stopped.code == 1
    assert "6 partitions" in stopped.err
    assert "migrate --repartition" in stopped.err
    assert checks(cxwatch)["log"][0] == "failed"
    moved = cxwatch("migrate", "--repartition")
    assert moved.code == 0, moved.err
    assert "From 4 to 6 partitions" in moved.out
    revised = [answer(i, who, 0, revision=1) for i, who in enumerate(people)]
    again = [visit(100 + i, who) for i, who in enumerate(people)]
    result = cxwatch("ingest", lines(folder / "d.jsonl", [*revised, *again]), "--json").rows
    assert result == [{"accepted": 40, "duplicate": 40, "refused": 0, "history": 0}]
    assert cxwatch("windows", "--window", "1h", "--json").rows[0]["counts"] == {"0": 40, "9": 40}
    assert rows(folder, "SELECT count(*), count(DISTINCT customer) FROM customers") == [(40, 40)]
    assert "customers" not in checks(cxwatch)
    assert "nothing to do" in cxwatch("migrate", "--repartition").out


def test_a_topic_made_anew_is_not_mixed_with_the_old_ones_numbers(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    cxwatch("migrate")
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, "anna")]))
    admin = AdminClient({"bootstrap.servers": topic.brokers[0], "log_level": 0})
    admin.delete_topics([topic.topic])[topic.topic].result()
    ended = cxwatch("migrate")
    assert ended.code == 1
    assert "put the log back that belongs to the database, or start with an empty database" in ended.err
    state, says = checks(cxwatch)["log"]
    assert (state, "made anew" in says) == ("failed", True)


def test_a_database_restored_from_a_backup_catches_up_from_its_own_offsets(
    cxwatch: Shell, topic: KafkaSettings, folder: Path
) -> None:
    """The drill of docs/operations.md: whatever the group has committed to Kafka meanwhile plays no part."""
    cxwatch("migrate")
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(i, f"c{i % 7}") for i in range(50)]))
    state = folder / "cxwatch-data" / "state.db"
    with sqlite3.connect(state) as conn, sqlite3.connect(folder / "backup.db") as copy:
        conn.backup(copy)
    conn.close()
    copy.close()
    cxwatch("ingest", lines(folder / "b.jsonl", [answer(100 + i, f"c{i % 7}", 0) for i in range(50)]))
    for end in ("", "-wal", "-shm"):
        state.with_name(state.name + end).unlink(missing_ok=True)
    shutil.copy(folder / "backup.db", state)
    assert cxwatch("windows", "--window", "1h", "--json").rows[0]["counts"] == {"9": 50}
    assert "50 records wait to be measured" in checks(cxwatch)["log"][1]
    cxwatch("ingest", lines(folder / "c.jsonl", [answer(200, "c1", 5)]))
    assert cxwatch("windows", "--window", "1h", "--json").rows[0]["counts"] == {"0": 50, "5": 1, "9": 50}
    assert cxwatch("replay").code == 0


@pytest.mark.parametrize("command", ["worker", "web"])
def test_halves_need_a_log_that_processes_share(cxwatch: Shell, folder: Path, command: str) -> None:
    ended = cxwatch(command)
    assert ended.code == 2
    assert 'log = "kafka://' in ended.err
    assert "cxwatch run" in ended.err


def test_the_demo_keeps_a_log_of_its_own(cxwatch: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXWATCH_LOG", "kafka://h1/t")
    ended = cxwatch("demo")
    assert (ended.code, "log of its own" in ended.err) == (2, True)


def test_repartition_is_for_topics(cxwatch: Shell) -> None:
    assert cxwatch("migrate", "--repartition").code == 2


@pytest.mark.long
def test_a_broker_that_does_not_answer_is_named(cxwatch: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXWATCH_LOG", f"kafka://127.0.0.1:{free_port()}/t")
    for command in (("migrate",), ("replay",)):
        ended = cxwatch(*command)
        assert ended.code == 1
        assert "Kafka does not answer" in ended.err
    state, says = checks(cxwatch)["kafka"]
    assert state == "failed"
    assert "check that it runs" in says


def test_migrate_makes_the_topic_of_changes_and_doctor_looks_at_it(
    cxwatch: Shell, topic: KafkaSettings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cxwatch("migrate")
    assert "export" not in checks(cxwatch)
    changes = f"{topic.address}.changes"
    monkeypatch.setenv("CXWATCH_EXPORT_TOPIC", changes)
    state, says = checks(cxwatch)["export"]
    assert (state, "create it with `cxwatch migrate`" in says) == ("failed", True)
    assert "created for changes: 4 partitions, compacted" in cxwatch("migrate").out
    assert "for changes is there" in cxwatch("migrate").out
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, "anna")]))
    assert checks(cxwatch)["export"] == ("ok", f"{changes}, nothing sent yet, 1 changed minutes wait")
