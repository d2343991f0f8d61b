"""Tables of the alerting room. DECIDE, DELIVER and people's actions write them, each in short transactions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text

from streams.store.dialect import word

metadata = MetaData()

ALL = ""  # how a segment's None ("all") is stored, because None cannot be part of a key


def _segment(primary_key: bool = False) -> list[Column[str]]:
    return [
        Column("channel", word(64), primary_key=primary_key, nullable=False),
        Column("stage", word(64), primary_key=primary_key, nullable=False),
    ]


incidents = Table(
    "incidents",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", word(16), nullable=False),
    *_segment(),  # of the member that names it
    Column("severity", word(16), nullable=False),  # kept for lists; the members are the truth
    Column("sentence", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("firing_ms", BigInteger, nullable=False),
    Column("resolved_ms", BigInteger),
    Column("resolved_by", word(128)),
    Column("acknowledged_ms", BigInteger),
    Column("acknowledged_by", word(128)),
    Column("snoozed_until_ms", BigInteger),
    Column("spam", Boolean, nullable=False),
    Column("spam_reason", Text),
    Column("reminders", Integer, nullable=False, default=0),
    Column("linked_to", Integer),
    Column("version", Integer, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("incidents_state", "state", "resolved_ms"),
)

incident_members = Table(
    "incident_members",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_segment(primary_key=True),
    Column("signal", word(16), nullable=False),
    Column("page", Boolean, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("detected_ms", BigInteger, nullable=False),
    Column("metric", word(64)),
    Column("n", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("observed", Float, nullable=False),
    Column("expected", Float, nullable=False),
    Column("expected_low", Float, nullable=False),
    Column("expected_high", Float, nullable=False),
    Column("times_usual_volume", Float),
    Column("evidence", Float, nullable=False),
    Column("severity", word(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("character", word(16)),
    Column("needed", Float, nullable=False, default=0.0),
    Column("detectors", Text, nullable=False, default="[]"),  # JSON list of names
    Column("curve", Text, nullable=False, default="[]"),  # JSON list of [at_ms, weeks]
    Column("causes", Text, nullable=False, default="[]"),  # JSON list of detectors.records.Cause
    Column("recovered_ms", BigInteger),
)


def _history(name: str, key: str) -> Table:
    return Table(
        name,
        metadata,
        Column("event_id", Integer, primary_key=True, autoincrement=True),
        Column(key, Integer, nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("kind", word(32), nullable=False),
        Column("actor", word(128)),
        Column("text", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Index(f"{name}_of", key, "event_id"),
    )


incident_events = _history("incident_events", "number")
case_events = _history("case_events", "case_id")

cases = Table(
    "cases",
    metadata,
    Column("case_id", Integer, primary_key=True, autoincrement=False),
    Column("customer", word(128), nullable=False),
    Column("state", word(32), nullable=False),
    Column("kind", word(32), nullable=False),
    *_segment(),
    Column("reason", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("value", Integer, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("tier", word(64)),
    Column("opened_ms", BigInteger, nullable=False),
    Column("last_flag_ms", BigInteger, nullable=False),
    Column("first_contact_due_ms", BigInteger, nullable=False),
    Column("contacted_ms", BigInteger),
    Column("next_contact_due_ms", BigInteger),
    Column("promise", Text),
    Column("resolution_due_ms", BigInteger),
    Column("first_missed_ms", BigInteger),
    Column("next_missed_ms", BigInteger),
    Column("resolution_missed_ms", BigInteger),
    Column("main_reason", word(128)),
    Column("claimed_by", word(128)),
    Column("snoozed_until_ms", BigInteger),
    Column("closed_ms", BigInteger),
    Column("closed_reason", Text),
    Column("version", Integer, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("cases_state", "state", "first_contact_due_ms"),
    Index("cases_closed", "closed_ms"),
    Index("cases_place", "channel", "stage", "opened_ms"),
)
_open_case = cases.c.closed_ms.is_(None)
Index(
    "cases_one_open_a_customer",
    cases.c.customer,
    unique=True,
    sqlite_where=_open_case,
    postgresql_where=_open_case,
)

# Which flags have been taken into account, so that the same flag handed over twice changes nothing.
case_flags = Table(
    "case_flags",
    metadata,
    Column("flag_id", word(64), primary_key=True),
    Column("case_id", Integer),  # None: seen, but it opened no case
    Column("customer", word(128), nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("kind", word(32), nullable=False),
    Index("case_flags_customer", "customer", "time_ms"),
    Index("case_flags_case", "case_id"),
)


# Every attempt to reach a customer, for the contact log and for the cap on how often.
contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Integer, primary_key=True, autoincrement=True),
    Column("case_id", Integer, nullable=False),
    Column("customer", word(128), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("way", word(16), nullable=False),
    Column("reached", Boolean, nullable=False),
    Column("asked", Boolean, nullable=False),
    Column("actor", word(128), nullable=False),
    Column("note", Text, nullable=False),
    Index("contacts_customer", "customer", "at_ms"),
    Index("contacts_case", "case_id", "contact_id"),
)

# Clicks in Slack that were answered already: Slack, or somebody else, may hand one over again.
clicks = Table(
    "clicks",
    metadata,
    Column("click_id", word(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),  # real time
    Column("action", word(32), nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", word(64), nullable=False),
    Column("actor", word(128), nullable=False),
    Column("outcome", Text, nullable=False),
    Index("clicks_at", "at_ms"),
)


def _delivery() -> list[Column[object]]:
    return [
        Column("state", word(16), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("next_attempt_real_ms", BigInteger, nullable=False),  # real time: retries do not follow demo's clock
        Column("first_attempt_real_ms", BigInteger),
        Column("trying_since_real_ms", BigInteger),
        Column("sweep_real_ms", BigInteger),  # when to look for doubles after an ambiguous send
        Column("delivery_id", word(64)),  # goes with the message as its metadata; opaque
        Column("ts", word(64)),
        Column("error", Text),
    ]


outbox = Table(
    "outbox",
    metadata,
    Column("outbox_id", word(32), primary_key=True),
    Column("about", word(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("target", word(128), nullable=False),
    Column("channel", word(32)),
    Column("digest", Integer),
    Column("removal", Boolean, nullable=False, default=False),
    Column("desired_revision", Integer, nullable=False),
    Column("sent_revision", Integer, nullable=False),
    Column("claimed_revision", Integer, nullable=False),
    Column("edits", Integer, nullable=False, default=0),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("late_ms", BigInteger),
    Column("place", word(64)),
    *_delivery(),
    Index("outbox_due", "state", "next_attempt_real_ms"),
    Index("outbox_digest", "digest"),
)

notes = Table(
    "notes",
    metadata,
    Column("note_id", Integer, primary_key=True, autoincrement=True),
    Column("outbox_id", word(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("text", Text, nullable=False),
    *_delivery(),
    Index("notes_of", "outbox_id", "note_id"),
    Index("notes_due", "state", "next_attempt_real_ms"),
)

# What is in the way of a channel or of one place of it now; `target` "" is the whole channel. Gone when it works again.
troubles = Table(
    "troubles",
    metadata,
    Column("channel", word(32), primary_key=True),
    Column("target", word(128), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since_real_ms", BigInteger, nullable=False),
    Column("last_real_ms", BigInteger, nullable=False),
)

# Whose words a message shows now, so that erasure finds the messages to edit.
quoted = Table(
    "quoted",
    metadata,
    Column("outbox_id", word(32), primary_key=True),
    Column("customer", word(128), primary_key=True),
    Index("quoted_customer", "customer"),
)

previews = Table(
    "previews",
    metadata,
    Column("delivery_id", word(64), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("target", word(128), nullable=False),
    Column("thread", word(64)),  # delivery_id of the message it is a note of
    Column("revision", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("blocks", Text, nullable=False),  # JSON list of Block Kit blocks
    Column("posted_ms", BigInteger, nullable=False),
    Column("edited_ms", BigInteger),
    Index("previews_seq", "seq"),
    Index("previews_thread", "thread"),
)

# `cxwatch live` and `cxwatch pause`: the newest row says where messages go.
modes = Table(
    "modes",
    metadata,
    Column("mode_id", Integer, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),  # real time
    Column("mode", word(16), nullable=False),  # live, shadow, paused
    Column("until_ms", BigInteger),  # paused only
    Column("user", word(128), nullable=False),
)
