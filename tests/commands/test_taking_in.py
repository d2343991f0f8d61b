"""`cxwatch ingest`, `dead-letters` and `forget`: what comes in, what was refused, what must go."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands.conftest import Shell, ago, answer, lines

CSV = "reviewId,content,at,score,likes\nr1,fine,2026-03-01 10:00:00,5,7\nr2,bad,2026-03-01 11:00:00,1,0\n"
CSV_OPTIONS = (
    *("--map", "reviewId=id", "--map", "content=comment", "--map", "at=time", "--timezone", "UTC"),
    *("--set", "type=feedback", "--set", "metric=stars", "--set", "source=store"),
    *("--set", "channel=app", "--set", "stage=use"),
)


def test_a_file_is_taken_in_once_however_often_it_is_named(cxwatch: Shell, folder: Path) -> None:
    file = lines(folder / "a.jsonl", [answer(n) for n in range(12)])
    first = cxwatch("ingest", file, "--json")
    assert (first.code, first.rows) == (0, [{"accepted": 12, "duplicate": 0, "refused": 0, "history": 0}])
    again = cxwatch("ingest", file, "--json")
    assert (again.code, again.rows) == (0, [{"accepted": 0, "duplicate": 12, "refused": 0, "history": 0}])
    copied = lines(folder / "b.jsonl", [answer(n) for n in range(11)] + [answer(99)])
    assert cxwatch("ingest", copied, "--json").rows == [
        {"accepted": 1, "duplicate": 11, "refused": 0, "history": 0}
    ]  # another file, the same ids


def test_refused_rows_come_first_and_the_summary_last(cxwatch: Shell, folder: Path) -> None:
    file = lines(folder / "a.jsonl", [answer(1), answer(2, score=11), answer(3), answer(4, metric="mood")])
    ended = cxwatch("ingest", file, "--json")
    assert ended.code == 1
    *refused, summary = ended.rows
    assert [(row["type"], row["file"], row["row"], row["field"], row["value"]) for row in refused] == [
        ("refused", str(file), 2, "score", "11"),
        ("refused", str(file), 4, "metric", "mood"),
    ]
    assert all(row["rule"] for row in refused)
    assert summary == {"accepted": 2, "duplicate": 0, "refused": 2, "history": 0}
    assert "dead-letters list" in ended.err


def test_for_people_the_same_is_said_in_words(cxwatch: Shell, folder: Path) -> None:
    file = lines(folder / "a.jsonl", [answer(1), answer(2, score=11), answer(3, time=ago(days=3))])
    ended = cxwatch("ingest", file)
    assert ended.out == "2 accepted (1 older than a day: history), 0 duplicate, 1 refused.\n"
    assert "a.jsonl row 2: score '11'" in ended.err


def test_a_csv_is_told_what_its_columns_are(cxwatch: Shell, folder: Path) -> None:
    file = folder / "reviews.csv"
    file.write_text(CSV, encoding="utf-8")
    ended = cxwatch("ingest", file, *CSV_OPTIONS, "--json")
    assert (ended.code, ended.rows) == (0, [{"accepted": 2, "duplicate": 0, "refused": 0, "history": 2}])
    assert cxwatch("ingest", file, *CSV_OPTIONS, "--json").rows[-1]["duplicate"] == 2


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("missing.csv",), "missing.csv"),
        (("a.csv", "--map", "reviewId=idd"), "idd"),
        (("a.csv", "--map", "reviewId"), "reviewId"),
        (("a.csv", "--timezone", "Europe/Berln"), "Europe/Berlin"),
        ((".",), "is not a file"),
    ],
)
def test_words_that_do_not_fit_end_with_2_and_are_named(
    cxwatch: Shell, folder: Path, words: tuple[str, ...], named: str
) -> None:
    (folder / "a.csv").write_text(CSV, encoding="utf-8")
    ended = cxwatch("ingest", *words, "--json")
    assert (ended.code, ended.out) == (2, "")
    assert named in ended.err
    assert not (folder / "cxwatch-data").exists()


def test_a_file_whose_name_is_no_text_is_named_readably(cxwatch: Shell, folder: Path) -> None:
    file = folder / os.fsdecode(b"caf\xe9.jsonl")
    lines(file, [answer(1, score=11)])
    ended = cxwatch("ingest", file, "--json")
    assert ended.code == 2
    assert "rename" in ended.err


def test_a_file_name_is_never_mark_up(cxwatch: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as in a terminal: a bar is drawn
    file = lines(folder / "a[bold].jsonl", [answer(n) for n in range(3)])
    ended = cxwatch("ingest", file)
    assert ended.code == 0
    assert "a[bold].jsonl" in ended.err or "measured 3 rows" in ended.err


def test_what_was_refused_is_listed_with_where_it_came_from(cxwatch: Shell, folder: Path) -> None:
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, score=11), answer(2)]))
    ended = cxwatch("dead-letters", "list", "--json")
    (letter,) = ended.rows
    assert (letter["origin"], letter["field"], letter["value"]) == ("file a.jsonl", "score", "11")
    assert (letter["times"], letter["complete"]) == (1, True)
    assert letter["rule"]
    shown = cxwatch("dead-letters", "list")
    assert "file a.jsonl" in shown.out
    assert letter["id"][:8] in shown.out


def test_a_letter_is_accepted_once_its_cause_is_mended(cxwatch: Shell, folder: Path) -> None:
    question = {"metric": "csat", "survey": "after_contact", "score": 7}
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, **question), answer(2, score=11)]))
    before = cxwatch("dead-letters", "retry", "--json")
    assert (before.code, before.rows[-1]) == (1, {"accepted": 0, "duplicate": 0, "refused": 2})
    (folder / "cxwatch.toml").write_text('[survey.after_contact]\nkind = "hot"\nscale = "1-7"\n', encoding="utf-8")
    after = cxwatch("dead-letters", "retry", "--json")
    assert (after.code, after.rows[-1]) == (1, {"accepted": 1, "duplicate": 0, "refused": 1})
    assert [row["field"] for row in cxwatch("dead-letters", "list", "--json").rows] == ["score"]
    windows = cxwatch("windows", "--window", "1h", "--json").rows
    assert {(row["metric"], row["n"]) for row in windows} == {("csat_1_7", 1)}


def test_without_letters_there_is_nothing_to_do(cxwatch: Shell, folder: Path) -> None:
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)]))
    ended = cxwatch("dead-letters", "retry", "--json")
    assert (ended.code, ended.rows) == (0, [{"accepted": 0, "duplicate": 0, "refused": 0}])
    assert cxwatch("dead-letters", "list", "--json").out == ""


def test_a_terminal_never_obeys_what_a_customer_wrote(cxwatch: Shell, folder: Path) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u009b31m\u202eevil[red]"
    refused = cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, metric=evil)]))
    listed = cxwatch("dead-letters", "list")
    for said in (refused.err, refused.out, listed.out, listed.err):
        assert not set(said) & {"\x1b", "\x07", "\u009b", "\u202e"}
    assert "[red]" in listed.out  # text is no mark-up either
    (letter,) = cxwatch("dead-letters", "list", "--json").rows
    assert "evil[red]" in letter["value"]


def test_a_customer_is_forgotten_with_a_receipt(cxwatch: Shell, folder: Path) -> None:
    file = lines(folder / "a.jsonl", [answer(n, customer="mine", comment="my secret words") for n in range(3)])
    cxwatch("ingest", file)
    ended = cxwatch("forget", "mine", "--json")
    (receipt,) = ended.rows
    assert ended.code == 0
    assert receipt["log_records"] >= 3
    assert receipt["token"] != "mine"
    data = b"".join(path.read_bytes() for path in (folder / "cxwatch-data").iterdir())
    assert b"my secret words" not in data
    assert cxwatch("windows", "--window", "1h", "--json").rows[0]["n"] == 3  # the numbers stay


def test_the_receipt_is_also_there_for_people(cxwatch: Shell, folder: Path) -> None:
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1, customer="mine")]))
    ended = cxwatch("forget", "mine")
    assert ended.code == 0
    assert ended.out.startswith("Forgotten at ")
    assert "Log records redacted: " in ended.out


@pytest.mark.parametrize("key", ["", "x" * 129])
def test_a_key_that_no_event_can_have_is_refused(cxwatch: Shell, folder: Path, key: str) -> None:
    cxwatch("ingest", lines(folder / "a.jsonl", [answer(1)]))
    ended = cxwatch("forget", key, "--json")
    assert ended.code in (1, 2)
    assert ended.out == ""
    assert "customer" in ended.err.lower()
