"""What the store promises on every database: the same rows, the same counts, whoever was first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, insert, select

from streams.panes import CONTACT, INTERACTION
from streams.records import Flag, LeafMinute
from streams.store import deadletters, erasures, feedback, flags, hashes, identity, imports, ledger, minutes, progress
from streams.store.bulk import put
from streams.store.deadletters import DeadLetter
from streams.store.feedback import FeedbackRow, key_of
from streams.store.tables import hour_panes, panes, partitions
from streams.store.tables import imports as imports_table
from streams.store.tables import ledger as ledger_table

NOW = 1_794_873_600_000
HOUR = NOW // 60_000


def answer(number: int, **changes: Any) -> FeedbackRow:
    row = FeedbackRow(
        key=key_of("shop", f"e{number}"),
        source="shop",
        id=f"e{number}",
        partition=0,
        time_ms=NOW,
        customer="ann",
        channel="web",
        stage="buy",
        metric="nps",
        survey_kind="hot",
        survey=None,
        score=9,
        bad=False,
        revision=0,
        comment="ünïcode 😀",
        reasons="[]",
        attributes="{}",
        live=True,
    )
    return row._replace(**changes)


def flag(number: int, partition: int = 0, **changes: Any) -> Flag:
    values: dict[str, Any] = {
        "flag_id": f"f{number}",
        "kind": "moment_of_truth",
        "customer": "ann",
        "partition": partition,
        "time_ms": NOW,
        "channel": "web",
        "stage": "buy",
        "event_source": "shop",
        "event_id": f"e{number}",
        "severity": 40,
        "reason": "at a moment of truth",
    }
    return Flag(**{**values, **changes})


def pane(minute: int, partition: int = 0, changed: int | None = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "minute": minute,
        "channel": "web",
        "stage": "buy",
        "metric": "nps",
        "survey_kind": "hot",
        "partition": partition,
        "counts": '{"9":2}',
        "n": 2,
        "bad": 1,
        "bad_first": 1,
        "live_n": 2,
        "live_bad": 1,
        "live_bad_first": 1,
        "waits": None,
        "durations": None,
        "overruns": None,
    }
    return {**row, **({} if changed is None else {"changed": changed}), **changes}


def letter(number: int, **changes: Any) -> DeadLetter:
    values = {"origin": "http", "field": "score", "value": "99", "rule": "must be 0 to 10", "raw": b"{%d}" % number}
    return DeadLetter(**{**values, **changes})


def at_once(database: Engine, work: Callable[[Connection], Any], times: int = 4) -> list[Any]:
    """Run the same in several transactions at the same time; what each returned."""
    start, found = threading.Barrier(times), []

    def run() -> None:
        start.wait()
        with database.begin() as conn:
            found.append(work(conn))

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == times
    return found


class TestUpsert:
    def write(self, database: Engine, rows: int, replace: list[str] | None = None, file: str = "a.csv") -> int:
        with database.begin() as conn:
            row = {"key": "k", "file": file, "rows_done": rows, "updated_ms": NOW}
            return put(conn, ledger_table, [row], replace)

    def stored(self, database: Engine) -> tuple[Any, ...]:
        with database.connect() as conn:
            return tuple(conn.execute(select(ledger_table.c.file, ledger_table.c.rows_done)).one())

    def test_replaces_the_row_of_the_same_key(self, database: Engine) -> None:
        assert self.write(database, 1) == 1
        assert self.write(database, 2, file="b.csv") == 1
        assert self.stored(database) == ("b.csv", 2)

    def test_replaces_only_the_columns_named(self, database: Engine) -> None:
        self.write(database, 1)
        self.write(database, 2, ["rows_done"], file="b.csv")
        assert self.stored(database) == ("a.csv", 2)

    def test_leaves_the_row_that_is_there_and_says_so(self, database: Engine) -> None:
        assert self.write(database, 1, []) == 1
        assert self.write(database, 2, []) == 0
        assert self.stored(database) == ("a.csv", 1)


class TestFeedback:
    def test_what_is_stored_is_read_back(self, database: Engine) -> None:
        rows = [answer(1), answer(2, customer=None, comment=None, survey="after_call", bad=True, live=False, score=0)]
        with database.begin() as conn:
            assert feedback.add_feedback(conn, rows) == 2
            assert feedback.load_feedback(conn, [r.key for r in rows] + [b"unknown"]) == {r.key: r for r in rows}

    def test_an_answer_that_is_there_is_not_new_and_not_touched(self, database: Engine) -> None:
        with database.begin() as conn:
            feedback.add_feedback(conn, [answer(1)])
            assert feedback.add_feedback(conn, [answer(1, score=0), answer(2)]) == 1
            assert feedback.load_feedback(conn, [answer(1).key])[answer(1).key].score == 9

    def test_a_revision_replaces_the_one_it_was_made_for(self, database: Engine) -> None:
        better = answer(1, revision=2, score=3, comment="Now with words")
        with database.begin() as conn:
            feedback.add_feedback(conn, [answer(1), answer(2)])
            assert feedback.replace_feedback(conn, [better], [0]) == 1
            assert feedback.replace_feedback(conn, [answer(1, revision=3)], [0]) == 0
            assert feedback.replace_feedback(conn, [answer(9, revision=1)], [0]) == 0
            assert feedback.load_feedback(conn, [better.key])[better.key] == better
            assert feedback.load_feedback(conn, [answer(2).key])[answer(2).key] == answer(2)

    def test_several_are_counted_together(self, database: Engine) -> None:
        with database.begin() as conn:
            feedback.add_feedback(conn, [answer(i) for i in range(5)])
            revised = [answer(i, revision=1) for i in range(5)]
            assert feedback.replace_feedback(conn, revised, [0, 0, 7, 0, 0]) == 4

    def test_nothing_is_nothing(self, database: Engine) -> None:
        with database.begin() as conn:
            assert (feedback.add_feedback(conn, []), feedback.replace_feedback(conn, [], [])) == (0, 0)
            assert feedback.load_feedback(conn, []) == {}

    def test_more_keys_than_one_query_takes(self, database: Engine) -> None:
        rows = [answer(i) for i in range(2_500)]
        with database.begin() as conn:
            assert feedback.add_feedback(conn, rows) == 2_500
            assert len(feedback.load_feedback(conn, [r.key for r in rows])) == 2_500

    def test_of_those_who_add_the_same_at_once_one_was_first(self, database: Engine) -> None:
        assert sorted(at_once(database, lambda conn: feedback.add_feedback(conn, [answer(1)]))) == [0, 0, 0, 1]

    def test_of_those_who_replace_the_same_at_once_one_did(self, database: Engine) -> None:
        with database.begin() as conn:
            feedback.add_feedback(conn, [answer(1)])
        done = at_once(database, lambda conn: feedback.replace_feedback(conn, [answer(1, revision=1)], [0]))
        assert sorted(done) == [0, 0, 0, 1]

    @pytest.mark.parametrize(("one", "other"), [(("ab", "c"), ("a", "bc")), (("1:a", "b"), ("1", ":ab"))])
    def test_source_and_id_do_not_run_into_each_other(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        assert key_of(*one) != key_of(*other)


class TestFlags:
    def test_they_are_read_from_the_cursor_on_by_partition_and_commit(self, database: Engine) -> None:
        with database.begin() as conn:
            flags.add_flags(conn, [flag(1)], 1)
            flags.add_flags(conn, [flag(3), flag(2)], 2)
            flags.add_flags(conn, [flag(4, partition=1)], 1)
        with database.connect() as conn:
            assert [f.flag_id for f in flags.new_flags(conn, {})] == ["f1", "f2", "f3", "f4"]
            assert [f.flag_id for f in flags.new_flags(conn, {0: 1})] == ["f2", "f3", "f4"]
            assert [f.flag_id for f in flags.new_flags(conn, {0: 2, 1: 0})] == ["f4"]
            assert flags.new_flags(conn, {0: 2, 1: 1}) == []
            assert flags.new_flags(conn, {0: 1, 1: 1})[0] == flag(2)

    def test_one_that_is_there_stays_as_it_is(self, database: Engine) -> None:
        with database.begin() as conn:
            flags.add_flags(conn, [flag(1)], 1)
            flags.add_flags(conn, [flag(1, severity=1)], 9)
            assert flags.new_flags(conn, {0: 1}) == []
            assert flags.new_flags(conn, {}) == [flag(1)]


class TestLedgerAndImports:
    def test_a_file_goes_on_where_it_stopped(self, database: Engine) -> None:
        with database.begin() as conn:
            assert ledger.rows_done(conn, "k") == 0
            ledger.advance(conn, "k", "x" * 1_000, 2_000, NOW)
            ledger.advance(conn, "k", "x", 3_500, NOW + 1)
            ledger.advance(conn, "other", "y", 7, NOW)
            assert (ledger.rows_done(conn, "k"), ledger.rows_done(conn, "other")) == (3_500, 7)

    def test_counts_add_up_over_partitions(self, database: Engine) -> None:
        with database.begin() as conn:
            assert imports.counts(conn, "file") == imports.ImportCounts(0, 0, 0, 0)
            rows = [("file", 0, 5, 1, 2, 3), ("file", 1, 1, 1, 1, 1), ("other", 0, 9, 9, 9, 9)]
            names = ("origin", "partition", "accepted", "duplicate", "refused", "history")
            conn.execute(insert(imports_table), [dict(zip(names, row, strict=True)) for row in rows])
            found = imports.counts(conn, "file")
        assert found == imports.ImportCounts(6, 2, 3, 4)
        assert found.measured == 11


class TestDeadLetters:
    def kept(self, database: Engine, *letters: DeadLetter, at: int = NOW, keep_max: int = 10_000) -> None:
        with database.begin() as conn:
            deadletters.keep(conn, letters, at, keep_max)

    def test_the_same_refused_again_counts_up(self, database: Engine) -> None:
        self.kept(database, letter(1), letter(1), letter(2))
        self.kept(database, letter(1), at=NOW + 5)
        with database.connect() as conn:
            one, two = deadletters.read(conn)
            assert (one.raw, one.times, one.first_ms, one.last_ms) == (b"{1}", 3, NOW, NOW + 5)
            assert (two.raw, two.times) == (b"{2}", 1)
            assert deadletters.count(conn) == 2

    def test_beyond_the_bound_the_oldest_go(self, database: Engine) -> None:
        for number in range(8):
            self.kept(database, letter(number), at=NOW + number, keep_max=5)
        self.kept(database, letter(3), at=NOW + 100, keep_max=5)
        self.kept(database, letter(20), letter(21), at=NOW + 200, keep_max=5)
        with database.connect() as conn:
            assert {found.raw for found in deadletters.read(conn)} == {b"{20}", b"{21}", b"{3}", b"{7}", b"{6}"}

    def test_a_flood_in_one_go_is_bounded_too(self, database: Engine) -> None:
        self.kept(database, *(letter(i) for i in range(50)), keep_max=10)
        with database.connect() as conn:
            assert deadletters.count(conn) == 10

    def test_long_and_odd_texts_fit(self, database: Engine) -> None:
        long = {"origin": "o" * 500, "field": "f" * 500, "value": "\x00" + "v" * 500, "rule": "r" * 5_000}
        self.kept(database, letter(1, raw=b"\xff\x00" * 50_000, **long))
        with database.connect() as conn:
            (found,) = deadletters.read(conn)
        assert (len(found.raw), found.complete, found.value[:8]) == (deadletters.RAW_BYTES_MAX, False, "\\u0000vv")

    def test_what_was_tried_again_is_set_aside_until_it_is_refused_again(self, database: Engine) -> None:
        self.kept(database, letter(1), letter(2))
        with database.begin() as conn:
            deadletters.mark_retried(conn, [letter(1).letter_id])
            assert [found.raw for found in deadletters.read(conn)] == [b"{2}"]
            assert (deadletters.count(conn, "retried"), deadletters.count(conn, "kept")) == (1, 1)
            assert len(deadletters.read(conn, state=None)) == 2
        self.kept(database, letter(1), at=NOW + 1)
        with database.connect() as conn:
            assert [found.raw for found in deadletters.read(conn)] == [b"{1}", b"{2}"]

    def test_what_differs_in_field_rule_or_text_is_another_letter(self) -> None:
        same = {letter(1).letter_id, letter(1, origin="log", value="other").letter_id}
        assert len(same) == 1
        assert len({letter(1).letter_id, letter(1, field="x").letter_id, letter(1, rule="x").letter_id}) == 3

    def test_erasure_empties_those_of_a_customer_and_cut_ones(self, database: Engine) -> None:
        raws = [b'{"customer":"J\xc3\xb6rg"}', b'{"customer":"J\\u00f6rg"}', b'"Jan"', b"x" * 70_000]
        self.kept(database, *(letter(i, raw=raw) for i, raw in enumerate(raws)))
        with database.begin() as conn:
            assert erasures.redact_letters(conn, "Jörg") == 3
            assert erasures.redact_letters(conn, "Jörg") == 0
            assert sorted(found.raw for found in deadletters.read(conn)) == [b"", b"", b"", b'"Jan"']


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ('"c_é😀/1"'.encode(), True),
        (b'"c_\\u00e9\\ud83d\\ude00/1"', True),
        (b'"c_\\u00E9\\uD83D\\uDE00\\/1', True),
        (b'"c_\\u00e9\\ud83d', False),
        (b"\xff\\", False),
        (b"", False),
    ],
)
def test_a_text_names_a_customer_however_it_is_escaped(raw: bytes, named: bool) -> None:
    assert erasures.mentions(raw, "c_é😀/1") is named


class TestMinutes:
    def test_totals_go_over_metrics_and_partitions_and_leave_interactions_out(self, database: Engine) -> None:
        with database.begin() as conn:
            conn.execute(insert(panes), [
                pane(HOUR), pane(HOUR, 1), pane(HOUR, metric="csat", live_n=3, live_bad=0, live_bad_first=0),
                pane(HOUR, metric=INTERACTION, survey_kind=""), pane(HOUR, metric=CONTACT, survey_kind=""),
                pane(HOUR, channel="app"), pane(HOUR + 1, live_n=0, live_bad=0, live_bad_first=0), pane(HOUR + 2),
            ])  # fmt: skip
            found = minutes.leaf_minutes(conn, HOUR, HOUR + 2)
        assert found == [LeafMinute(HOUR, "app", "buy", 2, 1, 1), LeafMinute(HOUR, "web", "buy", 7, 2, 2)]

    def test_hours_count_history_and_minutes_do_not(self, database: Engine) -> None:
        old = {"n": 10, "bad": 4, "bad_first": 3, "live_n": 1, "live_bad": 1, "live_bad_first": 0}
        with database.begin() as conn:
            conn.execute(insert(hour_panes), [pane(HOUR, changed=None, **old), pane(HOUR, 1, changed=None, **old)])
            conn.execute(insert(panes), [pane(HOUR, **old)])
            assert minutes.leaf_hours(conn, HOUR, HOUR + 60) == [LeafMinute(HOUR, "web", "buy", 20, 8, 6)]
            assert minutes.leaf_minutes(conn, HOUR, HOUR + 60) == [LeafMinute(HOUR, "web", "buy", 1, 1, 0)]
            assert minutes.leaf_hours(conn, HOUR + 1, HOUR + 60) == []

    def test_changed_minutes_come_whole_once_a_partition_changed_them(self, database: Engine) -> None:
        with database.begin() as conn:
            conn.execute(
                insert(panes), [pane(HOUR, 0, 3), pane(HOUR, 1, 7), pane(HOUR + 1, 0, 5), pane(HOUR + 9, 0, 9)]
            )
            whole = LeafMinute(HOUR, "web", "buy", 4, 2, 2)
            other = LeafMinute(HOUR + 1, "web", "buy", 2, 1, 1)
            assert minutes.changed_minutes(conn, {0: 5, 1: 7}, HOUR, HOUR + 5) == []
            assert minutes.changed_minutes(conn, {0: 5, 1: 6}, HOUR, HOUR + 5) == [whole]
            assert minutes.changed_minutes(conn, {0: 4, 1: 7}, HOUR, HOUR + 5) == [other]
            assert minutes.changed_minutes(conn, {0: 5}, HOUR, HOUR + 5) == [whole]
            assert minutes.changed_minutes(conn, {}, HOUR, HOUR + 5) == [whole, other]

    def test_the_first_live_minute(self, database: Engine) -> None:
        with database.begin() as conn:
            assert minutes.first_live_minute(conn) is None
            conn.execute(insert(panes), [pane(HOUR - 9, live_n=0)])
            assert minutes.first_live_minute(conn) is None
            conn.execute(insert(panes), [pane(HOUR + 1), pane(HOUR)])
            assert minutes.first_live_minute(conn) == HOUR


class TestProgressHashesIdentity:
    def test_progress_and_totals(self, database: Engine) -> None:
        with database.begin() as conn:
            assert progress.totals(conn) == progress.Totals(0, 0, 0, 0)
            assert progress.newest_event_ms(conn) is None
            for number in (1, 0):
                conn.execute(insert(partitions).values(
                    partition=number, epoch=1, next_offset=10 + number, commits=3, greatest_ms=NOW + number,
                    append_ms=None, accepted=5, duplicate=1, refused=2, history=4,
                ))  # fmt: skip
            assert progress.next_offsets(conn) == {0: 10, 1: 11}
            assert progress.totals(conn) == progress.Totals(10, 2, 4, 8)
            assert progress.newest_event_ms(conn) == NOW + 1
            assert progress.read_progress(conn)[0] == progress.Progress(0, 10, 3, NOW, None)

    def test_hashes_of_old_hours_go_partition_by_partition(self, database: Engine) -> None:
        with database.begin() as conn:
            hashes.add_hashes(conn, 0, 2, [(11, b"b"), (10, b"a")])
            hashes.add_hashes(conn, 0, 1, [(11, b"earlier")])
            hashes.add_hashes(conn, 1, 1, [(10, b"other")])
            assert hashes.load_hashes(conn, 0) == [(10, b"a"), (11, b"earlier"), (11, b"b")]
            hashes.drop_hashes(conn, 0, 11)
            assert [bucket for bucket, _ in hashes.load_hashes(conn, 0)] == [11, 11]
            assert hashes.load_hashes(conn, 1) == [(10, b"other")]

    def test_another_log_is_refused_with_a_way_out(self, database: Engine) -> None:
        with database.begin() as conn:
            first = identity.ensure_identity(conn, "log-1", 2, {0: 0, 1: 0}, b"secret")
            assert identity.ensure_identity(conn, "log-1", 2, {0: 5, 1: 0}, b"ignored") == first
            for other in (("log-2", 2, {}), ("log-1", 3, {})):
                with pytest.raises(identity.WrongLog, match=r"put the log back|go back to that number"):
                    identity.ensure_identity(conn, *other, b"")
            conn.execute(insert(partitions).values(partition=1, epoch=1, next_offset=6, commits=1))
            with pytest.raises(identity.WrongLog, match="ends at 5"):
                identity.ensure_identity(conn, "log-1", 2, {0: 9, 1: 5}, b"")
            assert conn.execute(select(func.count()).select_from(partitions)).scalar_one() == 1
