"""`cxwatch migrate` on Kafka: the topic is there, and the database knows which one it is measured from."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from cxwatch.database import open_state
from cxwatch.errors import CannotStart
from cxwatch.measuring import SECRET_BYTES
from cxwatch.settings import Settings
from streams.logs.kafka import KafkaLog
from streams.store.identity import WrongLog, ensure_identity


def prepare_topic(settings: Settings) -> Iterator[str]:
    """Create the topic where it is absent, and store its identity and number of partitions; what was done, in lines.

    Raises LogError, and CannotStart when the database belongs to another topic.
    """
    kafka = settings.kafka
    events = KafkaLog(kafka)
    if events.create():
        yield (
            f"Topic {kafka.topic} created: {kafka.partitions} partitions, {kafka.replication} "
            f"{'copy' if kafka.replication == 1 else 'copies'}, times by the broker's clock."
        )
    events.connect()
    engine = open_state(settings)
    try:
        with engine.begin() as conn:
            ensure_identity(conn, events.identity, events.partitions, events.ends(), secrets.token_bytes(SECRET_BYTES))
    except WrongLog as error:
        raise CannotStart(str(error)) from error
    finally:
        engine.dispose()
    yield f"The database is measured from topic {kafka.topic} ({events.identity}), {events.partitions} partitions."
