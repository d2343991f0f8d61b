"""What the journey's page says of each place and stage, put together from what was read of all customers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from dashboards.beyond_chance import LEAST_USUAL_N, Sample, discoveries, p_value
from dashboards.journey_readings import JourneyBoard, Place
from dashboards.outcomes import sample
from dashboards.pages.render import Share
from streams.cxscore import CxScore
from streams.journeys import StageEffort
from streams.panes import Sketch
from streams.records import Segment, WindowSnapshot
from streams.scales import scale_named
from streams.settings import OTHER

State = Literal["scored", "few", "blind", "none", "absent"]
REPLY_SHARES = (0.5, 0.9)
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PlaceCell:
    """One channel of one stage. `blind`: people come, and nothing they do there is graded."""

    place: Place
    state: State
    score: CxScore | None
    contacts: int
    incident: int | None


@dataclass(frozen=True, slots=True)
class Promises:
    """Promises of a stage: the share kept, and by how long nine of ten late ones were late, at most."""

    kept: Share
    late_seconds: float | None


@dataclass(frozen=True, slots=True)
class Replies:
    """First replies of a stage in seconds: half within, nine of ten within, and the channel that takes longest."""

    half: float
    most: float
    slowest: str


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything about one stage. `worse` names the rows in which it is worse than the other stages, beyond chance."""

    name: str
    score: CxScore | None
    gap: tuple[str, str, float] | None
    gap_real: bool
    effort_ok: WindowSnapshot | None
    effort: StageEffort | None
    alone: Share | None
    promises: Promises | None
    replies: Replies | None
    worse: frozenset[str]


@dataclass(frozen=True, slots=True)
class Blind:
    """Where nobody can tell how it goes: nothing graded, nobody answers, or nothing comes at all."""

    kind: Literal["nothing graded", "no answers", "silent"]
    name: str
    n: int


def stage_names(configured: Sequence[str], board: JourneyBoard) -> list[str]:
    """The stages in the settings' order; "other" where something was counted there."""
    met = {stage for _, stage in board.traffic} | set(board.journeys.effort)
    return [*configured, *([OTHER] if OTHER in met and OTHER not in configured else [])]


def channel_names(configured: Sequence[str], board: JourneyBoard) -> list[str]:
    """As for stages."""
    met = {channel for channel, _ in board.traffic}
    return [*configured, *([OTHER] if OTHER in met and OTHER not in configured else [])]


def cell_of(board: JourneyBoard, place: Place, alive: set[Place], incidents: Mapping[Segment, int]) -> PlaceCell:
    """What stands in one cell."""
    score, traffic = board.journeys.places.get(place), board.traffic.get(place)
    state: State = "absent"
    if score is not None and score.n:
        state = "few" if score.mean is None else "scored"
    elif traffic is not None and traffic.contacts and not traffic.graded:
        state = "blind"
    elif traffic is not None or place in alive:
        state = "none"
    return PlaceCell(place, state, score, 0 if traffic is None else traffic.contacts, incidents.get(Segment(*place)))


def blind_spots(board: JourneyBoard, channels: Sequence[str], stages: Sequence[str]) -> list[Blind]:
    """Places with traffic and nothing graded, or nobody's answer; channels and stages from which nothing comes."""
    found = []
    for (channel, stage), traffic in board.traffic.items():
        name = Segment(channel, stage).label
        if traffic.contacts and not traffic.graded:
            found.append(Blind("nothing graded", name, traffic.contacts))
        elif traffic.graded and not traffic.answers:
            found.append(Blind("no answers", name, traffic.contacts + traffic.graded))
    found.sort(key=lambda blind: (blind.kind != "nothing graded", -blind.n))
    heard = {name for place in board.traffic for name in place}
    return [*found, *(Blind("silent", name, 0) for name in (*channels, *stages) if name not in heard)]


def promises_of(sketch: Sketch) -> Promises | None:
    """Of the promises whose end is known."""
    if not sketch.count:
        return None
    late = Sketch()
    late.bins = sketch.bins
    return Promises(Share.of(sketch.zeros, sketch.count), late.quantile(0.9))


def replies_of(board: JourneyBoard, stage: str) -> Replies | None:
    """Waits for a first reply over the channels of a stage."""
    waits = {channel: times.waits for (channel, at), times in board.times.items() if at == stage and times.waits.count}
    if not waits:
        return None
    every = Sketch()
    for sketch in waits.values():
        every.merge(sketch)
    half, most = (every.quantile(share) or 0.0 for share in REPLY_SHARES)
    slowest = max(sorted(waits), key=lambda channel: waits[channel].quantile(REPLY_SHARES[1]) or 0.0)
    return Replies(half, most, slowest)


def below_the_rest(samples: Mapping[K, Sample]) -> set[K]:
    """Which of these are worse than all the others together, beyond chance among all that were looked at."""
    tested, direction = {}, {}
    for key, here in samples.items():
        others = [one for other, one in samples.items() if other != key]
        rest = Sample(sum(o.n for o in others), sum(o.total for o in others), sum(o.squares for o in others))
        if here.n >= LEAST_USUAL_N and rest.n >= LEAST_USUAL_N:
            tested[key] = p_value(here, rest)
            direction[key] = here.total / here.n < rest.total / rest.n
    return {key for key in discoveries(tested) if direction[key]}


def read_stages(board: JourneyBoard, names: Sequence[str]) -> list[Stage]:
    """Every stage with all its rows."""
    overruns: dict[str, Sketch] = {}
    for (_, stage), times in board.times.items():
        overruns.setdefault(stage, Sketch()).merge(times.overruns)
    promises = {stage: promises_of(sketch) for stage, sketch in overruns.items()}
    efforts = board.journeys.effort
    samples: dict[tuple[str, str], Sample] = {}
    worse: set[tuple[str, str]] = set()
    for row, found in (
        ("effort_ok", {stage: sample(scale_named(w.metric), w.counts) for stage, w in board.effort_ok.items()}),
        ("promises", {s: _share(p.kept.part, p.kept.whole) for s, p in promises.items() if p is not None}),
        ("alone", {s: _share(e.alone, e.customers) for s, e in efforts.items()}),
    ):
        samples = {(row, stage): one for stage, one in found.items()}
        worse |= below_the_rest(samples)
    return [
        Stage(
            name,
            board.journeys.scores.stages.get(name),
            board.journeys.gap(name),
            _apart(board, name),
            board.effort_ok.get(name),
            efforts.get(name),
            Share.of(efforts[name].alone, efforts[name].customers) if name in efforts else None,
            promises.get(name),
            replies_of(board, name),
            frozenset(row for row, stage in worse if stage == name),
        )
        for name in names
    ]


def _share(part: int, whole: int) -> Sample:
    return Sample.of_worth({1.0: part, 0.0: whole - part})


def _apart(board: JourneyBoard, stage: str) -> bool:
    """Whether even the intervals of the best and the worst channel do not touch."""
    gap = board.journeys.gap(stage)
    if gap is None:
        return False
    best, worst = board.journeys.places[gap[0], stage], board.journeys.places[gap[1], stage]
    return (best.low or 0.0) > (worst.high or 0.0)
