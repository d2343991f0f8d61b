"""What `cxwatch budget` prints: a line a place with what would be noticed there, and last the rate of false alerts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from alerting.wire import Place
from cxwatch.budget.past import Past
from cxwatch.budget.simulate import SIZES, Power, Simulated
from detectors.chance import rate_interval, wilson
from detectors.settings import DetectionSettings

FALSE_SHOWN = 5


class SpikeRow(Struct, frozen=True):
    """Spikes of one size at one place: how many, how many were noticed within a day, and after how long (median)."""

    size: str
    spikes: int
    noticed: int
    low: float
    high: float
    hours: float | None
    events: float | None

    @property
    def cell(self) -> str:
        """As people read it."""
        if not self.spikes:
            return "-"
        after = "" if self.hours is None else f", {self.hours:.0f} h"
        return f"{self.noticed}/{self.spikes} ({self.low * 100:.0f}..{self.high * 100:.0f}\u2009%){after}"


class PlaceRow(Struct, frozen=True, kw_only=True):
    """One place and kind, with its usual bad share (0..1)."""

    type: str = "place"
    kind: str
    channel: str
    stage: str
    events_a_day: float
    bad_share: float
    spikes: list[SpikeRow]

    def cells(self) -> tuple[object, ...]:
        """As people read it."""
        share = "-" if self.kind == "contacts" else f"{self.bad_share * 100:.0f}\u2009%"
        spikes = [one.cell for one in self.spikes]
        return (self.kind, self.channel, self.stage, f"{self.events_a_day:.0f}", share, *spikes)


class FalseRow(Struct, frozen=True):
    """How many false alerts a place named."""

    segment: Place
    alerts: int


class SummaryRow(Struct, frozen=True, kw_only=True):
    """The last line. Rates are a week over everything; low..high is Garwood's 95 % interval of it."""

    type: str = "summary"
    seed: int
    quiet_days: int
    left_out_days: int
    weeks: float
    false_alerts: int
    false_alerts_per_week: float | None
    low: float | None
    high: float | None
    promised: float
    spike_weeks: float
    spikes: int
    false_by_place: list[FalseRow]

    def lines(self) -> list[str]:
        """The same in words."""
        said = [
            f"Simulated from {self.quiet_days} quiet days of yours ({self.left_out_days} left out), seed {self.seed}: "
            f"{self.weeks:.1f} calm weeks, and {self.spike_weeks:.1f} weeks with {self.spikes} spikes of a day in them."
        ]
        said.append(
            "Spikes (share of bad ones up by so many points, that many times as many events): how many were noticed "
            "within a day, with the 95\u2009% interval of that share, and after how many hours (median)."
        )
        if self.false_alerts_per_week is None or self.low is None or self.high is None:
            return [*said, "No calm week could be simulated in that time: give it more --seconds."]
        said.append(
            f"{self.false_alerts} false alerts, {self.false_alerts_per_week:.2f} a week "
            f"({self.low:.2f}..{self.high:.2f}); promised: {self.promised:g}."
        )
        if self.low > self.promised:
            said.append("That is more than promised: lower [detection] false_alerts_per_week, and try again.")
        elif self.high > self.promised:
            said.append("Too little was simulated to say that the promise holds: give it more --seconds.")
        return said


COLUMNS = ("what", "channel", "stage", "a day", "usual bad", *(size.label for size in SIZES))


def place_rows(past: Past, result: Simulated) -> list[PlaceRow]:
    """The busiest place first."""
    return [
        PlaceRow(
            kind=kind,
            channel=channel,
            stage=stage,
            events_a_day=past.a_day[kind, channel, stage],
            bad_share=past.usual[kind, channel, stage],
            spikes=[_spikes(size.label, result.power[(kind, channel, stage), at]) for at, size in enumerate(SIZES)],
        )
        for kind, channel, stage in sorted(past.usual, key=lambda place: (-past.a_day[place], place))
    ]


def _spikes(label: str, power: Power) -> SpikeRow:
    found = len(power.hours)
    low, high = wilson(found, power.spikes)
    hours, events = (median(power.hours), median(power.events)) if found else (None, None)
    return SpikeRow(label, power.spikes, found, low, high, hours, events)


def summary_row(past: Past, result: Simulated, settings: DetectionSettings, seed: int) -> SummaryRow:
    """The rate of false alerts beside the promise."""
    weeks, count = result.calm_days / 7, len(result.false)
    low, high = rate_interval(count, weeks) if weeks else (None, None)
    named: Sequence[tuple[Place, int]] = [
        (Place(segment.channel, segment.stage), n) for segment, n in Counter(result.false).most_common(FALSE_SHOWN)
    ]
    return SummaryRow(
        seed=seed,
        quiet_days=len(past.days),
        left_out_days=past.left_out,
        weeks=weeks,
        false_alerts=count,
        false_alerts_per_week=count / weeks if weeks else None,
        low=low,
        high=high,
        promised=settings.false_alerts_per_week,
        spike_weeks=result.spike_days / 7,
        spikes=sum(power.spikes for power in result.power.values()),
        false_by_place=[FalseRow(*pair) for pair in named],
    )
