"""`cxwatch backtest --compare`: the product's default beside each detector chosen alone, on the same stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from msgspec import Struct

from cxwatch.backtest import Rules, Timed, run_stream
from cxwatch.backtest_report import SummaryRow, alert_row, summary_row
from detectors.backtest import Mark
from detectors.river_models import DETECTORS


class ComparedRow(Struct, frozen=True, kw_only=True):
    """What one choice of detectors would have done. Rates and delays are null where nothing was marked."""

    type: str = "compared"
    detectors: list[str]
    alerts: int
    notices: int
    false_alerts_per_week: float | None
    events_marked: int
    events_noticed: int
    delay_hours: float | None  # median over the marked events that were noticed
    delay_events: float | None

    def cells(self) -> tuple[object, ...]:
        """As people read it."""
        rate = "-" if self.false_alerts_per_week is None else f"{self.false_alerts_per_week:.2f}"
        found = f"{self.events_noticed} of {self.events_marked}" if self.events_marked else "-"
        hours = "-" if self.delay_hours is None else f"{self.delay_hours:.1f}"
        events = "-" if self.delay_events is None else f"{self.delay_events:.0f}"
        return (", ".join(self.detectors), self.alerts, self.notices, rate, found, hours, events)


COLUMNS = ("detectors", "alerts", "notices", "false a week", "events noticed", "delay, hours", "delay, events")


async def compare(events: Sequence[Timed], rules: Rules, marks: Sequence[Mark]) -> list[ComparedRow]:
    """Run the stream once with the settings' detectors and once with each alone."""
    chosen = [
        rules.detection.detectors,
        *((name,) for name in sorted(DETECTORS) if (name,) != rules.detection.detectors),
    ]
    rows = []
    for names in chosen:
        found = await run_stream(events, replace(rules, detection=replace(rules.detection, detectors=names)))
        rows.append(_row(names, summary_row([alert_row(incident) for incident in found], events, marks)))
    return rows


def _row(names: Sequence[str], summary: SummaryRow) -> ComparedRow:
    noticed = [delay for delay in summary.delays if delay.hours is not None]
    return ComparedRow(
        detectors=list(names),
        alerts=summary.alerts,
        notices=summary.notices,
        false_alerts_per_week=summary.false_alerts_per_week,
        events_marked=len(summary.delays),
        events_noticed=len(noticed),
        delay_hours=median(delay.hours or 0.0 for delay in noticed) if noticed else None,
        delay_events=median(delay.events or 0 for delay in noticed) if noticed else None,
    )
