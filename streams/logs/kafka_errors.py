"""What Kafka can refuse or fail at, in words for people."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException

from streams.logs.errors import LogError

_AWAY = (
    "Kafka does not answer",
    "check that it runs, the addresses in `log` and, with TLS, its certificate; nothing is lost",
)
_REFUSED = (
    "Kafka refused this user",
    "check KAFKA_USERNAME, KAFKA_PASSWORD and [kafka] security and sasl_mechanism",
)
_MISSING = ("the topic is not there", "create it with `cxwatch migrate`")
_WAYS_OUT = {
    KafkaError._ALL_BROKERS_DOWN: _AWAY,
    KafkaError._TRANSPORT: _AWAY,
    KafkaError._TIMED_OUT: _AWAY,
    KafkaError._MSG_TIMED_OUT: _AWAY,
    KafkaError.REQUEST_TIMED_OUT: _AWAY,
    KafkaError._RESOLVE: ("a broker's name is not known", "check the addresses in `log`"),
    KafkaError._SSL: ("the TLS connection to Kafka failed", "check [kafka] ca_file and the broker's certificate"),
    KafkaError._AUTHENTICATION: _REFUSED,
    KafkaError.SASL_AUTHENTICATION_FAILED: _REFUSED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED: (
        "this user may not use the topic",
        "allow it to describe, read and write the topic (kafka-acls)",
    ),
    KafkaError.UNKNOWN_TOPIC_OR_PART: _MISSING,
    KafkaError._UNKNOWN_TOPIC: _MISSING,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: (
        "this user may not use the transactional id",
        "allow it to describe and write the transactional id GROUP.changes, by [kafka] group (kafka-acls)",
    ),
    KafkaError.GROUP_AUTHORIZATION_FAILED: (
        "this user may not use the consumer group",
        "allow it to read the group that [kafka] group names (kafka-acls)",
    ),
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: (
        "this user may not do that in the cluster",
        "allow it (kafka-acls), or let somebody who may create the topic",
    ),
    KafkaError.INVALID_REPLICATION_FACTOR: (
        "the cluster has fewer brokers than copies asked for",
        "set [kafka] replication to at most the number of brokers",
    ),
    KafkaError.NOT_ENOUGH_REPLICAS: (
        "too few copies of the topic are in step",
        "bring the other brokers back; nothing was accepted",
    ),
    KafkaError.MSG_SIZE_TOO_LARGE: ("a record is too large for the topic", "raise its max.message.bytes"),
}
_PRECISE = (KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError._RESOLVE)  # say more than "timed out"


class TopicMissing(LogError):
    """There is no such topic (yet)."""

    def __init__(self, topic: str, brokers: str) -> None:
        super().__init__(f"topic {topic} is not there ({brokers})", "create it with `cxwatch migrate`")


class LastError:
    """What librdkafka said last of its own accord: when a request only times out, this is why."""

    def __init__(self) -> None:
        self._precise: KafkaError | None = None

    def note(self, error: KafkaError) -> None:
        """librdkafka's error_cb; runs on whichever thread polls."""
        if error.code() in _PRECISE:
            self._precise = error

    def take(self) -> KafkaError | None:
        """The error, once."""
        error, self._precise = self._precise, None
        return error


def explained(error: KafkaError | KafkaException, where: str) -> LogError:
    """Kafka's error as ours, with the way out."""
    if isinstance(error, KafkaException):
        error = error.args[0]
    problem, way_out = _WAYS_OUT.get(error.code(), ("Kafka refused", "look at the broker's log"))
    return LogError(f"{problem} ({where}; {error.name()}: {error.str()})", way_out)
