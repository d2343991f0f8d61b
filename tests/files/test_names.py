from __future__ import annotations

import hashlib
from pathlib import Path

from streams.files.digest import file_digest
from streams.files.mapping import Mapping
from streams.files.names import found_names


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    lines = [f"r{n},2026-03-01T11:00:00Z,{score},{channel},{stage}" for n, (channel, stage, score) in enumerate(rows)]
    path.write_text("\n".join(["id,time,score,channel,stage", *lines]))
    return path


MAPPING = Mapping.parse([], ["type=feedback", "metric=stars", "source=s"])


def test_names_come_from_valid_rows_the_most_frequent_first(tmp_path: Path) -> None:
    rows = [("web", "buy", "5")] * 3 + [("app", "use", "5")] * 5 + [("fax", "buy", "6"), ("other", "buy", "5")]
    rows += [("x" * 65, "buy", "5")]
    assert found_names(write(tmp_path / "f.csv", rows), MAPPING) == (["app", "web"], ["use", "buy"])


def test_no_more_than_a_hundred_names_are_found(tmp_path: Path) -> None:
    rows = [("web", f"stage {n}", "5") for n in range(150)]
    channels, stages = found_names(write(tmp_path / "f.csv", rows), MAPPING)
    assert (channels, len(stages)) == (["web"], 100)


def test_events_of_any_time_have_names(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,time,score,channel,stage\nr1,2190-01-01T00:00:00Z,5,web,buy\n")
    assert found_names(path, MAPPING) == (["web"], ["buy"])


def test_a_digest_is_of_the_whole_content(tmp_path: Path) -> None:
    path = tmp_path / "big"
    content = bytes(range(256)) * 12_000
    path.write_bytes(content)
    assert file_digest(path) == hashlib.sha256(content).hexdigest()
