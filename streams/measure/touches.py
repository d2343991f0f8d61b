"""What an event becomes: the row of an answer, and the touch that its customer's state takes in.

Structs are built by position here: by name costs several times as much, and this runs for every event.
"""

from __future__ import annotations

import msgspec

from streams.customers import Touch
from streams.events import Feedback, Interaction
from streams.grades import Graded
from streams.scales import Scale
from streams.settings import Survey
from streams.store.feedback import FeedbackRow


def feedback_row(
    event: Feedback, key: bytes, partition: int, token: str | None, survey: Survey | None, scale: Scale, live: bool
) -> FeedbackRow:
    """The answer as its table holds it; of a forgotten customer (`token`) without words and attributes."""
    return FeedbackRow(
        key=key,
        source=event.source,
        id=event.id,
        partition=partition,
        time_ms=event.time_ms,
        customer=token or event.customer,
        channel=event.channel,
        stage=event.stage,
        metric=scale.name,
        survey_kind=survey.kind if survey is not None else "hot",
        survey=event.survey,
        score=event.score,
        bad=scale.outcomes[event.score] == "bad",
        revision=event.revision,
        comment=None if token else event.comment,
        reasons=msgspec.json.encode(event.reasons).decode() if event.reasons else "[]",
        attributes="{}" if token or not event.attributes else msgspec.json.encode(event.attributes).decode(),
        live=live,
    )


def answer_touch(row: FeedbackRow, at_moment_of_truth: bool) -> Touch:
    """An answer, from its row: also of one that a revision takes out again."""
    return Touch(
        row.time_ms,
        row.source,
        row.id,
        row.channel,
        row.stage,
        "feedback",
        row.metric,
        row.score,
        row.bad,
        row.live,
        row.survey_kind,
        False,
        at_moment_of_truth,
        row.comment is not None,
    )


def interaction_touch(
    event: Interaction, graded: Graded | None, at_moment_of_truth: bool, live: bool, anonymous: bool
) -> Touch:
    """An interaction, graded or not."""
    seconds = event.duration_seconds
    return Touch(
        event.time_ms,
        event.source,
        event.id,
        event.channel,
        event.stage,
        "interaction",
        event.interaction,
        0 if graded is None else graded.grade,
        graded is not None and graded.bad,
        live,
        "",
        graded is not None,
        at_moment_of_truth or (graded is not None and graded.moment_of_truth),
        False,
        None if anonymous else event.contact_id,
        event.outcome,
        None if seconds is None else seconds / 60,
    )
