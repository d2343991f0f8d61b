"""Shadow mode shows the same messages on the preview page; a forgotten customer leaves all of them."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import insert, select

from alerting import caseactions, casebook, erase, modes, store
from alerting.caseactions import Attempt
from alerting.channels.preview import PreviewChannel
from alerting.channels.slack import SlackChannel
from alerting.deliver import Delivery
from alerting.doing import Doing
from alerting.modes import ModeRecord
from alerting.react import react
from alerting.settings import AlertSettings, Secret
from alerting.shadow import shadow_counts
from alerting.tables import metadata
from detectors.records import Findings
from streams.clock import MINUTE_MS, ManualClock
from streams.store.tables import feedback
from tests.support.slack_double import SlackDouble

T0 = 1_794_924_300_000


def add_answer(engine, customer, comment, number, reasons=("charged_twice",)):
    row = {
        "key": number.to_bytes(16, "big"),
        "source": "survey",
        "id": str(number),
        "partition": 0,
        "time_ms": T0 + number * 1_000,
        "customer": customer,
        "channel": "web",
        "stage": "buy",
        "metric": "nps",
        "survey_kind": "hot",
        "score": 1,
        "bad": True,
        "revision": 0,
        "comment": comment,
        "reasons": json.dumps(list(reasons)),
        "attributes": "{}",
        "live": True,
    }
    with engine.begin() as conn:
        conn.execute(insert(feedback).values(**row))


class House:
    """A delivery with both channels, and a clock that is moved by hand."""

    def __init__(self, engine, double, mode=None):
        self.engine, self.double = engine, double
        self.clock = ManualClock(T0)
        self.settings = AlertSettings(mode=mode, hold_off_seconds=0)

    async def deliver(self, *findings, flags=(), times=3):
        for one in findings or (Findings(),):
            with self.engine.begin() as tx:
                react(tx, self.settings, self.clock.now_ms(), flags, one)
        channels = {
            "slack": SlackChannel("xoxb-double", self.double.url, 10),
            "preview": PreviewChannel(self.engine, self.clock),
        }
        delivery = Delivery(self.engine, channels, self.clock, self.settings, lambda conn: True, real_clock=self.clock)
        for _ in range(times):
            self.clock.set(self.clock.now_ms() + 5_000)
            await delivery.deliver_due()

    def previews(self):
        with self.engine.connect() as conn:
            return store.read_previews(conn)


@pytest.fixture
async def double(clock):
    async with SlackDouble(clock) as double:
        yield double


async def test_shadow_mode_shows_messages_on_the_preview_page_and_sends_nothing(engine, double, make):
    house = House(engine, double)
    add_answer(engine, "c_1", "Zweimal abgebucht", 1)
    await house.deliver(make.anomaly("web", "buy", at=0))
    (preview,) = house.previews()
    assert "Zweimal abgebucht" in preview["blocks"]
    assert "charged_twice" in preview["blocks"]
    assert double.calls == []


async def test_a_preview_is_edited_in_place_and_has_its_thread(engine, double, make):
    house = House(engine, double)
    await house.deliver(make.anomaly("web", "buy", at=0))
    await house.deliver(make.update("web", "buy", at=0.2))
    (preview,) = house.previews()
    assert preview["revision"] == 2
    assert preview["edited_ms"] is not None
    with engine.connect() as conn:
        (note,) = store.read_previews(conn, thread=preview["delivery_id"])
    assert note["text"].startswith("Worse: now critical.")


async def test_going_live_sends_what_comes_and_leaves_the_rest_on_the_preview_page(engine, double, make):
    house = House(engine, double)
    await house.deliver(make.anomaly("web", "buy", at=0))
    with engine.begin() as conn:
        modes.record(conn, house.settings, ModeRecord(T0, "live", None, "Jana K."))
    await house.deliver(make.anomaly("app", "deliver", at=0.3))
    assert len(house.previews()) == 1
    assert len(double.messages) == 1


async def test_a_pause_holds_everything_and_loses_nothing(engine, double, make):
    house = House(engine, double, mode="live")
    with engine.begin() as conn:
        modes.record(conn, house.settings, ModeRecord(T0, "paused", T0 + 60_000, "Jana K."))
    await house.deliver(make.anomaly("web", "buy", at=0))
    assert double.calls == []
    house.clock.set(T0 + 61_000)
    await house.deliver()
    assert len(double.messages) == 1


def test_a_mode_in_the_settings_file_binds(engine):
    settings = AlertSettings(mode="shadow")
    with engine.begin() as conn, pytest.raises(modes.ModeBound, match="settings file"):
        modes.record(conn, settings, ModeRecord(T0, "live", None, "Jana K."))


def test_a_token_shows_itself_to_nobody():
    assert "xoxb" not in repr(AlertSettings(slack_token=Secret("xoxb-1")))


def everything_kept(engine) -> str:
    with engine.connect() as conn:
        return repr([tuple(row) for table in metadata.sorted_tables for row in conn.execute(select(table))])


async def test_a_forgotten_customer_leaves_cases_previews_and_quotes_at_once(engine, double, make):
    house = House(engine, double)
    add_answer(engine, "c_forget", "My very own words", 1)
    add_answer(engine, "c_other", "Words of another", 2)
    flag = make.flag("c_forget", kind="detractor_comment", flag_id="f1")
    await house.deliver(make.anomaly("web", "buy", at=0), flags=(flag,))
    assert "My very own words" in everything_kept(engine)
    with engine.begin() as conn:
        conn.execute(feedback.update().where(feedback.c.customer == "c_forget").values(customer="t_1", comment=None))
        done = erase.redact(conn, "c_forget", "t_1", house.clock.now_ms())
    assert "c_forget" not in everything_kept(engine)
    assert "My very own words" not in everything_kept(engine)
    assert (done.counts["cases"], done.counts["previews"], done.posted) == (1, 2, ())
    await house.deliver()
    kept = everything_kept(engine)
    assert "c_forget" not in kept
    assert "Words of another" in kept
    assert "Case 1 was removed on request." in kept
    with engine.connect() as conn:
        case = casebook.read_case(conn, 1)
    assert (case.customer, case.state, case.reason) == ("t_1", "closed_without_contact", "")


async def test_posted_messages_that_show_a_forgotten_customer_are_named_and_edited(engine, double, make):
    house = House(engine, double, mode="live")
    add_answer(engine, "c_forget", "My very own words", 1)
    await house.deliver(make.anomaly("web", "buy", at=0), flags=(make.flag("c_forget"),))
    assert "My very own words" in json.dumps(double.messages)
    with engine.begin() as conn:
        conn.execute(feedback.update().values(customer="t_1", comment=None))
        done = erase.redact(conn, "c_forget", "t_1", house.clock.now_ms())
    assert len(done.posted) == 2
    house.clock.set(house.clock.now_ms() + MINUTE_MS)
    await house.deliver()
    assert "My very own words" not in json.dumps(double.messages)
    assert "c_forget" not in json.dumps(double.messages)


async def test_a_case_that_was_not_told_yet_is_not_told_after_its_customer_was_forgotten(engine, double, make):
    house = House(engine, double)
    with engine.begin() as tx:
        react(tx, house.settings, T0, (make.flag("c_forget"),), Findings())
        erase.redact(tx, "c_forget", "t_1", T0)
    await house.deliver()
    assert house.previews() == []


def test_forgetting_somebody_unknown_changes_nothing(engine, make):
    with engine.begin() as conn:
        assert sum(erase.redact(conn, "c_nobody", "t_1", T0).counts.values()) == 0


async def test_shadow_mode_counts_what_would_have_been_sent(engine, double, make):
    house = House(engine, double)
    await house.deliver(make.anomaly("web", "buy", at=0), make.anomaly("app", "use", at=0))
    await house.deliver(make.update("web", "buy", at=0.2))
    with engine.connect() as conn:
        counts = shadow_counts(conn)
        assert shadow_counts(conn, T0 + 60_000).messages == 0
    assert (counts.messages, counts.edits, counts.notes, counts.since_ms) == (2, 1, 1, T0)
    assert counts.words() == "2 messages, 1 edits and 1 notes"


async def test_a_forgotten_customer_leaves_posted_messages_also_while_everything_is_paused(engine, double, make):
    house = House(engine, double)
    with engine.begin() as conn:
        modes.record(conn, house.settings, ModeRecord(T0, "live", None, "Jana K."))
    add_answer(engine, "c_forget", "My very own words", 1)
    await house.deliver(make.anomaly("web", "buy", at=0), flags=(make.flag("c_forget"),))
    with engine.begin() as conn:
        modes.record(conn, house.settings, ModeRecord(T0, "paused", None, "Jana K."))
        conn.execute(feedback.update().values(customer="t_1", comment=None))
        erase.redact(conn, "c_forget", "t_1", house.clock.now_ms())
    with engine.begin() as conn:
        react(conn, house.settings, house.clock.now_ms(), (), make.anomaly("app", "use", at=1))
    await house.deliver(times=5)
    assert "My very own words" not in json.dumps(double.messages)
    assert "c_forget" not in json.dumps(double.messages)
    assert "app · use" not in json.dumps(double.messages, ensure_ascii=False)  # what is new waits for the pause to end


async def test_a_forgotten_customer_leaves_the_contact_log_promises_and_the_digest(engine, double, make):
    house = House(engine, double, mode="live")
    flags = [make.flag(f"c_{n}", n, flag_id=f"f{n}", reason=f"reason of {n}") for n in range(7)]
    await house.deliver(flags=flags)
    with engine.begin() as conn:
        case = casebook.open_case_of(conn, "c_3")
        attempt = Attempt(said="Her name is Ada", promise="a call to Ada", callback_ms=house.clock.now_ms() + 60_000)
        who = Doing("Ben", house.clock.now_ms())
        caseactions.contact(conn, house.settings, case.case_id, case.version, who, attempt=attempt)
    await house.deliver()
    assert "reason of 3" in json.dumps(double.messages)
    with engine.begin() as conn:
        erase.redact(conn, "c_3", "t_3", house.clock.now_ms())
    kept = everything_kept(engine)
    assert "Ada" not in kept
    assert "c_3" not in kept
    await house.deliver(times=5)
    (digest,) = double.parents()
    assert "reason of 3" not in json.dumps(digest)
    assert "1 removed on request" in json.dumps(digest)
    assert "reason of 2" in json.dumps(digest)
