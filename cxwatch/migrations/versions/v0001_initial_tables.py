"""initial tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the change."""
    op.create_table('customers',
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=False),
    sa.Column('silent_due_ms', sa.BigInteger(), nullable=True),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('customer', 'partition'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('customers', schema=None) as batch_op:
        batch_op.create_index('customers_silent_due', ['silent_due_ms'], unique=False, sqlite_where=sa.text('silent_due_ms IS NOT NULL'), postgresql_where=sa.text('silent_due_ms IS NOT NULL'))

    op.create_table('dead_letters',
    sa.Column('letter_id', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('origin', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('field', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('value', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('rule', sa.Text(), nullable=False),
    sa.Column('raw', sa.LargeBinary(), nullable=False),
    sa.Column('complete', sa.Boolean(), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('first_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_ms', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=8).with_variant(sa.VARCHAR(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('letter_id')
    )
    with op.batch_alter_table('dead_letters', schema=None) as batch_op:
        batch_op.create_index('dead_letters_last', ['last_ms'], unique=False)

    op.create_table('erasures',
    sa.Column('customer_hash', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('token', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('requested_ms', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('receipt', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('customer_hash')
    )
    op.create_table('feedback',
    sa.Column('key', sa.LargeBinary(), nullable=False),
    sa.Column('source', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('id', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('time_ms', sa.BigInteger(), nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('survey_kind', sa.String(length=8).with_variant(sa.VARCHAR(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('survey', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('bad', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('comment', sa.Text(), nullable=True),
    sa.Column('reasons', sa.Text(), nullable=False),
    sa.Column('attributes', sa.Text(), nullable=False),
    sa.Column('live', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('key'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.create_index('feedback_customer', ['customer'], unique=False)
        batch_op.create_index('feedback_place', ['channel', 'stage', 'time_ms'], unique=False)
        batch_op.create_index('feedback_time', ['time_ms'], unique=False)

    op.create_table('flags',
    sa.Column('flag_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), nullable=False),
    sa.Column('seq', sa.BigInteger(), nullable=False),
    sa.Column('time_ms', sa.BigInteger(), nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('event_source', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('event_id', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('severity', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('flag_id')
    )
    with op.batch_alter_table('flags', schema=None) as batch_op:
        batch_op.create_index('flags_customer', ['customer'], unique=False)
        batch_op.create_index('flags_seq', ['partition', 'seq'], unique=False)

    op.create_table('hour_panes',
    sa.Column('minute', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('survey_kind', sa.String(length=8).with_variant(sa.VARCHAR(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('bad', sa.Integer(), nullable=False),
    sa.Column('bad_first', sa.Integer(), nullable=False),
    sa.Column('live_n', sa.Integer(), nullable=False),
    sa.Column('live_bad', sa.Integer(), nullable=False),
    sa.Column('live_bad_first', sa.Integer(), nullable=False),
    sa.Column('waits', sa.LargeBinary(), nullable=True),
    sa.Column('durations', sa.LargeBinary(), nullable=True),
    sa.Column('overruns', sa.LargeBinary(), nullable=True),
    sa.PrimaryKeyConstraint('minute', 'channel', 'stage', 'metric', 'survey_kind', 'partition'),
    sqlite_with_rowid=False
    )
    op.create_table('imports',
    sa.Column('origin', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('accepted', sa.BigInteger(), nullable=False),
    sa.Column('duplicate', sa.BigInteger(), nullable=False),
    sa.Column('refused', sa.BigInteger(), nullable=False),
    sa.Column('history', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('origin', 'partition')
    )
    op.create_table('interaction_hashes',
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('bucket', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('partition', 'bucket', 'seq')
    )
    op.create_table('ledger',
    sa.Column('key', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('file', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('rows_done', sa.BigInteger(), nullable=False),
    sa.Column('updated_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    op.create_table('log_identity',
    sa.Column('one', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('identity', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partitions', sa.Integer(), nullable=False),
    sa.Column('secret', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('one')
    )
    op.create_table('panes',
    sa.Column('minute', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('survey_kind', sa.String(length=8).with_variant(sa.VARCHAR(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('counts', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('bad', sa.Integer(), nullable=False),
    sa.Column('bad_first', sa.Integer(), nullable=False),
    sa.Column('live_n', sa.Integer(), nullable=False),
    sa.Column('live_bad', sa.Integer(), nullable=False),
    sa.Column('live_bad_first', sa.Integer(), nullable=False),
    sa.Column('waits', sa.LargeBinary(), nullable=True),
    sa.Column('durations', sa.LargeBinary(), nullable=True),
    sa.Column('overruns', sa.LargeBinary(), nullable=True),
    sa.Column('changed', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('minute', 'channel', 'stage', 'metric', 'survey_kind', 'partition'),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('panes', schema=None) as batch_op:
        batch_op.create_index('panes_changed', ['partition', 'changed'], unique=False)

    op.create_table('partitions',
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('epoch', sa.BigInteger(), nullable=False),
    sa.Column('next_offset', sa.BigInteger(), nullable=False),
    sa.Column('commits', sa.BigInteger(), nullable=False),
    sa.Column('greatest_ms', sa.BigInteger(), nullable=True),
    sa.Column('append_ms', sa.BigInteger(), nullable=True),
    sa.Column('accepted', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('duplicate', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('refused', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('history', sa.BigInteger(), server_default='0', nullable=False),
    sa.PrimaryKeyConstraint('partition')
    )
    op.create_table('detector_minutes',
    sa.Column('kind', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('minute', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('bad', sa.Integer(), nullable=False),
    sa.Column('bad_first', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'minute', 'channel', 'stage')
    )
    op.create_table('detector_period',
    sa.Column('kind', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('from_minute', sa.BigInteger(), nullable=False),
    sa.Column('until_minute', sa.BigInteger(), nullable=False),
    sa.Column('updates_week', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('kind')
    )
    op.create_table('detector_states',
    sa.Column('kind', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'channel', 'stage')
    )
    op.create_table('detector_usuals',
    sa.Column('kind', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('usual', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('kind', 'channel', 'stage')
    )
    op.create_table('case_events',
    sa.Column('event_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('actor', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('event_id')
    )
    with op.batch_alter_table('case_events', schema=None) as batch_op:
        batch_op.create_index('case_events_of', ['case_id', 'event_id'], unique=False)

    op.create_table('case_flags',
    sa.Column('flag_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=True),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('time_ms', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('flag_id')
    )
    with op.batch_alter_table('case_flags', schema=None) as batch_op:
        batch_op.create_index('case_flags_case', ['case_id'], unique=False)
        batch_op.create_index('case_flags_customer', ['customer', 'time_ms'], unique=False)

    op.create_table('cases',
    sa.Column('case_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('state', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('severity', sa.Integer(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.Column('repeats', sa.Integer(), nullable=False),
    sa.Column('tier', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('opened_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_flag_ms', sa.BigInteger(), nullable=False),
    sa.Column('first_contact_due_ms', sa.BigInteger(), nullable=False),
    sa.Column('contacted_ms', sa.BigInteger(), nullable=True),
    sa.Column('next_contact_due_ms', sa.BigInteger(), nullable=True),
    sa.Column('promise', sa.Text(), nullable=True),
    sa.Column('resolution_due_ms', sa.BigInteger(), nullable=True),
    sa.Column('first_missed_ms', sa.BigInteger(), nullable=True),
    sa.Column('next_missed_ms', sa.BigInteger(), nullable=True),
    sa.Column('resolution_missed_ms', sa.BigInteger(), nullable=True),
    sa.Column('main_reason', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('claimed_by', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('snoozed_until_ms', sa.BigInteger(), nullable=True),
    sa.Column('closed_ms', sa.BigInteger(), nullable=True),
    sa.Column('closed_reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('case_id')
    )
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.create_index('cases_closed', ['closed_ms'], unique=False)
        batch_op.create_index('cases_one_open_a_customer', ['customer'], unique=True, sqlite_where=sa.text('closed_ms IS NULL'), postgresql_where=sa.text('closed_ms IS NULL'))
        batch_op.create_index('cases_place', ['channel', 'stage', 'opened_ms'], unique=False)
        batch_op.create_index('cases_state', ['state', 'first_contact_due_ms'], unique=False)

    op.create_table('clicks',
    sa.Column('click_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('action', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('actor', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('click_id')
    )
    with op.batch_alter_table('clicks', schema=None) as batch_op:
        batch_op.create_index('clicks_at', ['at_ms'], unique=False)

    op.create_table('contacts',
    sa.Column('contact_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('case_id', sa.Integer(), nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('way', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('reached', sa.Boolean(), nullable=False),
    sa.Column('asked', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('contact_id')
    )
    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.create_index('contacts_case', ['case_id', 'contact_id'], unique=False)
        batch_op.create_index('contacts_customer', ['customer', 'at_ms'], unique=False)

    op.create_table('incident_events',
    sa.Column('event_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('actor', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('event_id')
    )
    with op.batch_alter_table('incident_events', schema=None) as batch_op:
        batch_op.create_index('incident_events_of', ['number', 'event_id'], unique=False)

    op.create_table('incident_members',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('signal', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('page', sa.Boolean(), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('detected_ms', sa.BigInteger(), nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('bad', sa.Integer(), nullable=False),
    sa.Column('observed', sa.Float(), nullable=False),
    sa.Column('expected', sa.Float(), nullable=False),
    sa.Column('expected_low', sa.Float(), nullable=False),
    sa.Column('expected_high', sa.Float(), nullable=False),
    sa.Column('times_usual_volume', sa.Float(), nullable=True),
    sa.Column('evidence', sa.Float(), nullable=False),
    sa.Column('severity', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('character', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=True),
    sa.Column('needed', sa.Float(), nullable=False),
    sa.Column('detectors', sa.Text(), nullable=False),
    sa.Column('curve', sa.Text(), nullable=False),
    sa.Column('causes', sa.Text(), nullable=False),
    sa.Column('recovered_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('number', 'channel', 'stage')
    )
    op.create_table('incidents',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('state', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('channel', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('stage', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('severity', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.Column('since_ms', sa.BigInteger(), nullable=False),
    sa.Column('opened_ms', sa.BigInteger(), nullable=False),
    sa.Column('firing_ms', sa.BigInteger(), nullable=False),
    sa.Column('resolved_ms', sa.BigInteger(), nullable=True),
    sa.Column('resolved_by', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('acknowledged_ms', sa.BigInteger(), nullable=True),
    sa.Column('acknowledged_by', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=True),
    sa.Column('snoozed_until_ms', sa.BigInteger(), nullable=True),
    sa.Column('spam', sa.Boolean(), nullable=False),
    sa.Column('spam_reason', sa.Text(), nullable=True),
    sa.Column('reminders', sa.Integer(), nullable=False),
    sa.Column('linked_to', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    with op.batch_alter_table('incidents', schema=None) as batch_op:
        batch_op.create_index('incidents_state', ['state', 'resolved_ms'], unique=False)

    op.create_table('modes',
    sa.Column('mode_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('mode', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('until_ms', sa.BigInteger(), nullable=True),
    sa.Column('user', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('mode_id')
    )
    op.create_table('notes',
    sa.Column('note_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('outbox_id', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_real_ms', sa.BigInteger(), nullable=False),
    sa.Column('first_attempt_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('trying_since_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('sweep_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('delivery_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('ts', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('note_id')
    )
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.create_index('notes_due', ['state', 'next_attempt_real_ms'], unique=False)
        batch_op.create_index('notes_of', ['outbox_id', 'note_id'], unique=False)

    op.create_table('outbox',
    sa.Column('outbox_id', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('about', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('channel', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=True),
    sa.Column('digest', sa.Integer(), nullable=True),
    sa.Column('removal', sa.Boolean(), nullable=False),
    sa.Column('desired_revision', sa.Integer(), nullable=False),
    sa.Column('sent_revision', sa.Integer(), nullable=False),
    sa.Column('claimed_revision', sa.Integer(), nullable=False),
    sa.Column('edits', sa.Integer(), nullable=False),
    sa.Column('not_before_ms', sa.BigInteger(), nullable=False),
    sa.Column('late_ms', sa.BigInteger(), nullable=True),
    sa.Column('place', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('state', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_real_ms', sa.BigInteger(), nullable=False),
    sa.Column('first_attempt_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('trying_since_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('sweep_real_ms', sa.BigInteger(), nullable=True),
    sa.Column('delivery_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('ts', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('outbox_id')
    )
    with op.batch_alter_table('outbox', schema=None) as batch_op:
        batch_op.create_index('outbox_digest', ['digest'], unique=False)
        batch_op.create_index('outbox_due', ['state', 'next_attempt_real_ms'], unique=False)

    op.create_table('previews',
    sa.Column('delivery_id', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('target', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('thread', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('blocks', sa.Text(), nullable=False),
    sa.Column('posted_ms', sa.BigInteger(), nullable=False),
    sa.Column('edited_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('delivery_id')
    )
    with op.batch_alter_table('previews', schema=None) as batch_op:
        batch_op.create_index('previews_seq', ['seq'], unique=False)
        batch_op.create_index('previews_thread', ['thread'], unique=False)

    op.create_table('quoted',
    sa.Column('outbox_id', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('customer', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('outbox_id', 'customer')
    )
    with op.batch_alter_table('quoted', schema=None) as batch_op:
        batch_op.create_index('quoted_customer', ['customer'], unique=False)

    op.create_table('troubles',
    sa.Column('channel', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('target', sa.String(length=128).with_variant(sa.VARCHAR(length=128, collation='C'), 'postgresql'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('since_real_ms', sa.BigInteger(), nullable=False),
    sa.Column('last_real_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('channel', 'target')
    )
    op.create_table('change_cursors',
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('panes_sent', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('partition')
    )
    op.create_table('change_incidents',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('number')
    )
    op.create_table('change_state',
    sa.Column('one', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('revision', sa.BigInteger(), nullable=False),
    sa.Column('closed_to', sa.Integer(), nullable=True),
    sa.Column('sent_real_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('one')
    )
    op.create_table('decide_cursors',
    sa.Column('partition', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('panes_seen', sa.BigInteger(), nullable=False),
    sa.Column('flags_seen', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('partition')
    )
    op.create_table('decided',
    sa.Column('one', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('closed_to', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('one')
    )
    op.create_table('leases',
    sa.Column('name', sa.String(length=32).with_variant(sa.VARCHAR(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('token', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('until_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('audit',
    sa.Column('number', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('at_ms', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.String(length=96).with_variant(sa.VARCHAR(length=96, collation='C'), 'postgresql'), nullable=False),
    sa.Column('address', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('what', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('outcome', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('number'),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('audit', schema=None) as batch_op:
        batch_op.create_index('audit_address', ['address', 'at_ms'], unique=False)
        batch_op.create_index('audit_at', ['at_ms'], unique=False)

    op.create_table('sessions',
    sa.Column('digest', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('csrf', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('started_ms', sa.BigInteger(), nullable=False),
    sa.Column('seen_ms', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('digest')
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index('sessions_user', ['user_id'], unique=False)

    op.create_table('tokens',
    sa.Column('token_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('scopes', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('digest', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('revoked_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('token_id'),
    sa.UniqueConstraint('digest')
    )
    op.create_table('users',
    sa.Column('user_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=64).with_variant(sa.VARCHAR(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('role', sa.String(length=16).with_variant(sa.VARCHAR(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('password', sa.String(length=256).with_variant(sa.VARCHAR(length=256, collation='C'), 'postgresql'), nullable=False),
    sa.Column('created_ms', sa.BigInteger(), nullable=False),
    sa.Column('disabled_ms', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('user_id'),
    sa.UniqueConstraint('name')
    )
    