"""Erasure from end to end: afterwards the customer's key and words are in no file, and no number has changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alerting.channels.preview import PreviewChannel
from alerting.deliver import Delivery
from cxwatch.erasing import erase_late, redacted
from streams.clock import DAY_MS, HOUR_MS, MINUTE_MS, rfc3339
from streams.measure.erased import ErasedCustomers
from streams.store.erasures import PendingErasure, pending_erasures, receipt_of
from streams.store.tables import customers, dead_letters, erasures, feedback, flags
from streams.store.windows import read_windows
from tests.deciding.rig import ALERTS, SECRET, T0, Shop
from tests.measure import oracle

KEY = "c_müller-77"
WORDS = "Zweimal abgebucht and nobody answers"
CALL = "call-4711"
NOW = T0 + 12 * HOUR_MS


def erasure(at_ms: int, number: int = 900, customer: str = KEY) -> dict[str, Any]:
    return {"id": f"x{number}", "source": "cxwatch", "type": "erasure", "customer": customer, "time_ms": at_ms}


def complaint(number: int, at_ms: int, customer: str = KEY, **fields: Any) -> dict[str, Any]:
    words = {"score": 1, "comment": WORDS, "attributes": {"street": "Mozartgasse 9"}}
    return oracle.event(number, at_ms, customer=customer, **{**words, **fields})


def call(number: int, at_ms: int) -> dict[str, Any]:
    fields = {"interaction": "phone_call", "contact_id": CALL, "comment": WORDS, "type": "interaction"}
    return oracle.event(number, at_ms, customer=KEY, **fields)


async def fill(shop: Shop) -> None:
    """A customer with answers, a call, a case, previews and dead letters, among others."""
    await shop.step(NOW - 2 * HOUR_MS, [oracle.event(i, NOW - 2 * HOUR_MS, customer=f"o{i}") for i in range(12)])
    await shop.append_raw(KEY, oracle.raw(complaint(20, NOW - HOUR_MS, score=99)))  # refused: kept as a dead letter
    plain = json.dumps({**complaint(21, 0, score=98), "time": rfc3339(NOW - HOUR_MS)}, ensure_ascii=False)
    await shop.append_raw(KEY, plain.encode())
    await shop.append_raw(KEY, plain.encode()[:-30])  # no JSON at all
    await shop.step(NOW - HOUR_MS, [complaint(30, NOW - HOUR_MS), call(31, NOW - HOUR_MS)])
    await shop.step(NOW - 50 * MINUTE_MS, [complaint(32, NOW - 50 * MINUTE_MS, score=2)])
    await deliver(shop)


async def deliver(shop: Shop) -> None:
    channels = {"preview": PreviewChannel(shop.database, shop.clock)}
    delivery = Delivery(shop.database, channels, shop.clock, ALERTS, lambda _: True, real_clock=shop.clock)
    for _ in range(3):
        shop.clock.set(shop.clock.now_ms() + 61_000)
        await delivery.deliver_due()


def bytes_on_disk(folder: Path) -> bytes:
    """Everything, write-ahead logs and free pages too."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def traces(shop: Shop, *of: str) -> list[str]:
    """What of a customer can still be found in any file, in the ways in which JSON and MessagePack write it."""
    disk = bytes_on_disk(shop.folder)
    return [text for text in of if text.encode() in disk or json.dumps(text)[1:-1].encode() in disk]


def receipt(shop: Shop) -> dict[str, Any] | None:
    with shop.database.connect() as conn:
        return receipt_of(conn, ErasedCustomers(SECRET).hash_of(KEY), 0)


def numbers(shop: Shop) -> list[Any]:
    with shop.database.connect() as conn:
        return read_windows(conn, NOW, min_n=1)


EVERYTHING = (KEY, WORDS, CALL, "Mozartgasse 9")


async def test_key_and_words_are_in_no_file_and_no_number_changed(truthful: Shop) -> None:
    await fill(truthful)
    before = numbers(truthful)
    rows = truthful.rows()
    assert len(rows["cases"]) == 1
    assert len(rows["previews"]) >= 1
    assert traces(truthful, *EVERYTHING) == list(EVERYTHING)

    await truthful.step(NOW, [erasure(NOW)])
    assert truthful.erase() == 1

    assert traces(truthful, *EVERYTHING) == []
    assert numbers(truthful) == before
    kept = repr(truthful.rows())
    assert KEY not in kept
    assert WORDS not in kept
    await deliver(truthful)
    assert traces(truthful, *EVERYTHING) == []


async def test_score_time_and_place_stay_under_one_token(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    with truthful.database.connect() as conn:
        f = feedback.c
        theirs = conn.execute(select(f.customer, f.score, f.comment, f.attributes).where(f.score < 5)).all()
        token = conn.execute(select(erasures.c.token)).scalar_one()
        assert sorted(theirs) == [(token, 1, None, "{}"), (token, 2, None, "{}")]
        assert conn.execute(select(flags).where(flags.c.customer == token)).all() == []
        assert conn.execute(select(erasures.c.customer, erasures.c.state)).all() == [(None, "done")]
        others = conn.execute(select(customers.c.customer).where(customers.c.customer.like("o%"))).all()
        assert len(others) == 12


async def test_the_receipt_counts_what_was_redacted_where(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    assert receipt(truthful) is None
    truthful.erase()
    found = receipt(truthful)
    assert found is not None
    assert found["log_records"] == 7  # three answers and calls, three refused, the erasure itself
    assert found["dead_letters"] == 3
    assert found["alerting"]["cases"] == 1
    assert found["alerting"]["previews"] >= 1
    assert found["erased_at_ms"] == truthful.clock.now_ms()
    assert "customer" not in found


async def test_a_second_run_does_nothing(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    before = truthful.rows()
    assert truthful.erase() == 0
    assert truthful.rows() == before


async def test_a_death_after_the_log_was_redacted_loses_nothing(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    with truthful.database.connect() as conn:
        (waiting,) = pending_erasures(conn)
    for partition in range(truthful.log.partitions):
        truthful.log.redact(partition, lambda raw: redacted(raw, waiting))
    await truthful.restart_measuring()
    await truthful.measure()
    assert truthful.erase() == 1
    assert traces(truthful, *EVERYTHING) == []
    found = receipt(truthful)
    assert found is not None
    assert found["dead_letters"] == 3


async def test_a_death_before_anything_was_redacted_is_made_up_for(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    await truthful.restart_measuring()
    truthful.decider = truthful.new_decider()
    assert truthful.erase() == 1
    assert traces(truthful, *EVERYTHING) == []


async def test_older_events_that_arrive_later_stay_anonymous_in_the_tables(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    cases = truthful.rows()["cases"]
    await truthful.restart_measuring()
    await truthful.step(NOW + HOUR_MS, [complaint(50, NOW - MINUTE_MS, score=0), call(51, NOW - MINUTE_MS)])
    kept = truthful.rows()
    kept.pop("erasures")  # holds the key until the log is redacted again, as while an erasure is pending
    for text in EVERYTHING:
        assert text not in repr(kept)
    assert kept["cases"] == cases
    with truthful.database.connect() as conn:
        token = conn.execute(select(erasures.c.token)).scalar_one()
        late = conn.execute(select(feedback.c.customer).where(feedback.c.score == 0)).scalar_one()
    assert late == token


async def test_what_arrives_later_of_the_forgotten_goes_from_the_log_too(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    first = receipt(truthful)
    await truthful.step(NOW + HOUR_MS, [complaint(50, NOW - MINUTE_MS), call(51, NOW - MINUTE_MS)])
    await truthful.step(NOW + HOUR_MS, [complaint(52, NOW - MINUTE_MS, score=97), erasure(NOW - MINUTE_MS, 902)])
    assert KEY in traces(truthful, KEY)  # until the next upkeep
    assert erase_late(truthful.database, truthful.log) == 1
    assert traces(truthful, *EVERYTHING) == []
    second = receipt(truthful)
    assert first is not None
    assert second is not None
    assert second["log_records"] > first["log_records"]
    assert second["token"] == first["token"]
    assert erase_late(truthful.database, truthful.log) == 0


async def test_who_came_back_keeps_a_case_when_something_old_arrives(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    await truthful.step(NOW + HOUR_MS, [complaint(60, NOW + HOUR_MS)])
    await truthful.step(NOW + 2 * HOUR_MS, [complaint(61, NOW - MINUTE_MS, comment="An old word")])
    erase_late(truthful.database, truthful.log)
    assert len([row for row in truthful.rows()["cases"] if KEY in row]) == 1
    assert traces(truthful, "An old word") == []


async def test_who_comes_back_is_a_new_customer(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    await truthful.step(NOW + HOUR_MS, [complaint(60, NOW + HOUR_MS)])
    truthful.erase()
    with truthful.database.connect() as conn:
        back = conn.execute(select(feedback.c.comment).where(feedback.c.customer == KEY)).scalars().all()
    assert back == [WORDS]
    again = [row for row in truthful.rows()["cases"] if KEY in row]
    assert len(again) == 1


async def test_a_second_erasure_takes_what_came_since(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    await truthful.step(NOW + HOUR_MS, [complaint(60, NOW + HOUR_MS)])
    await truthful.step(NOW + 2 * HOUR_MS, [erasure(NOW + 2 * HOUR_MS, 901)])
    assert truthful.erase() == 1
    assert traces(truthful, *EVERYTHING) == []


async def test_of_two_customers_only_the_one_who_asked_is_forgotten(truthful: Shop) -> None:
    await fill(truthful)
    await truthful.step(
        NOW - MINUTE_MS, [complaint(70, NOW - MINUTE_MS, customer="c_m", comment="Mine stays", attributes={})]
    )
    await truthful.step(NOW, [erasure(NOW)])
    truthful.erase()
    assert traces(truthful, *EVERYTHING) == []
    assert "Mine stays" in repr(truthful.rows())
    assert b"Mine stays" in bytes_on_disk(truthful.folder)


async def test_several_at_once_have_a_receipt_each(truthful: Shop) -> None:
    people = [f"p{i}" for i in range(12)]
    await truthful.step(NOW - MINUTE_MS, [complaint(i, NOW - MINUTE_MS, customer=p) for i, p in enumerate(people)])
    await truthful.step(NOW, [erasure(NOW, i, p) for i, p in enumerate(people)])
    done = 0
    while gone := truthful.erase():
        done += gone
    assert done == 12
    assert traces(truthful, WORDS) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"customer": "ann", "time": "2026-01-01T00:00:00Z", "comment": "c", "score": 1}', {"score": 1}),
        (b'{"customer": "\\u0061nn", "time": "2026-01-01T00:00:00Z", "contact_id": "c"}', {}),
        (b'{"customer": "ann", "time": "no time at all", "attributes": {}}', {"time": "no time at all"}),
        (b'{"customer": "anna", "time": "2026-01-01T00:00:00Z"}', None),
        (b'{"customer": "bob", "time": "2026-01-01T00:00:00Z", "comment": "with ann"}', None),
        (b'{"customer": "ann", "time": "2099-01-01T00:00:00Z"}', None),
        (b'["ann"]', None),
        (b'{"customer": "bob", broken', None),
    ],
)
def test_what_becomes_of_a_record_of_the_log(raw: bytes, expected: dict[str, Any] | None) -> None:
    found = redacted(raw, PendingErasure("hash", "ann", "erased-1", T0))
    if expected is None:
        assert found is None
        return
    assert found is not None
    fields = json.loads(found)
    assert fields.pop("customer") == "erased-1"
    assert {k: v for k, v in fields.items() if k != "time" or "time" in expected} == expected


@pytest.mark.parametrize("raw", [b'{"customer": "ann/1", broken', b'"\\u0061nn/1"}', b"ann\\/1", b"\xff ann/1"])
def test_a_broken_record_that_names_the_customer_is_emptied(raw: bytes) -> None:
    assert redacted(raw, PendingErasure("hash", "ann/1", "erased-1", T0)) == b"{}"


@pytest.mark.parametrize("key", ["Jörg", "東京-1", "smile-😀", 'with "quotes"', "back\\slash", "a/b", "tab\tkey"])
async def test_keys_of_any_alphabet_are_found_however_they_were_escaped(truthful: Shop, key: str) -> None:
    fields = {k: v for k, v in complaint(1, 0, customer=key, score=99).items() if k != "time_ms"} | {"time": "never"}
    plain, escaped = json.dumps(fields, ensure_ascii=False).encode(), json.dumps(fields).encode()
    for raw in (plain, escaped, escaped.replace(b"/", b"\\/"), escaped[:-1], plain[:-1]):
        await truthful.append_raw(key, raw)
    await truthful.step(NOW, [complaint(2, NOW, customer=key)])
    await truthful.step(NOW + MINUTE_MS, [erasure(NOW + MINUTE_MS, customer=key)])
    truthful.erase()
    assert traces(truthful, key, WORDS) == []


async def test_a_cut_dead_letter_is_emptied_too(truthful: Shop) -> None:
    """It is kept only in part: the key may stand in the part that is gone."""
    huge = {**complaint(80, 0), "padding": "x" * 70_000, "time": rfc3339(NOW)}
    del huge["time_ms"], huge["customer"]
    await truthful.append_raw(KEY, json.dumps({**huge, "score": 99, "customer": KEY}).encode())
    await truthful.step(NOW)
    with truthful.database.connect() as conn:
        assert conn.execute(select(dead_letters.c.complete)).scalar_one() is False
    await truthful.step(NOW + MINUTE_MS, [erasure(NOW + MINUTE_MS)])
    truthful.erase()
    assert traces(truthful, *EVERYTHING) == []


async def test_what_was_erased_long_ago_is_history_and_is_forgotten_all_the_same(truthful: Shop) -> None:
    await truthful.step(NOW, [complaint(1, NOW - 60 * DAY_MS)])
    await truthful.step(NOW + MINUTE_MS, [erasure(NOW + MINUTE_MS)])
    truthful.erase()
    assert traces(truthful, *EVERYTHING) == []


@pytest.mark.parametrize("truthful", ["sqlite"], indirect=True)  # PostgreSQL keeps no such file
async def test_a_reader_in_between_does_not_keep_the_words_alive(truthful: Shop) -> None:
    """Somebody reads for a long time, as `replay` does: the write-ahead log is emptied once they are done."""
    await fill(truthful)
    await truthful.step(NOW, [erasure(NOW)])
    with truthful.database.connect() as reader:
        reader.execute(select(customers.c.customer)).all()
        assert truthful.erase() == 0
        assert receipt(truthful) is None
    assert truthful.erase() == 1
    assert receipt(truthful) is not None
    assert traces(truthful, *EVERYTHING) == []
