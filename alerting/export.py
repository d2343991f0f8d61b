"""Cases as CSV for a spreadsheet. A cell that a spreadsheet would take for a formula begins with an apostrophe."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from alerting.case_wire import CaseRow

COLUMNS = (
    "id",
    "customer",
    "tier",
    "state",
    "kind",
    "channel",
    "stage",
    "incident",
    "priority",
    "severity",
    "value",
    "repeats",
    "time",
    "reason",
    "opened_at",
    "first_contact_due",
    "contacted_at",
    "next_contact_due",
    "resolution_due",
    "claimed_by",
    "closed_at",
    "main_reason",
    "closed_reason",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_BOM = "\ufeff"  # spreadsheets take a file without it for their own old code page


def csv_lines(rows: Iterable[CaseRow]) -> Iterator[str]:
    """The file's lines, the header first."""
    yield _BOM + _line(COLUMNS)
    for row in rows:
        yield _line([cell(value) for value in _values(row)])


def cell(value: object) -> str:
    """A value as a spreadsheet reads it: as text, whatever a customer or a colleague wrote."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _values(row: CaseRow) -> list[object]:
    p = row.priority
    return [
        row.id,
        row.customer,
        row.tier,
        row.state,
        row.kind,
        row.segment.channel,
        row.segment.stage,
        row.incident,
        p.total,
        p.severity,
        p.value,
        p.repeats,
        p.time,
        row.reason,
        row.opened_at,
        row.first_contact_due,
        row.contacted_at,
        row.next_contact_due,
        row.resolution_due,
        row.claimed_by,
        row.closed_at,
        row.main_reason,
        row.closed_reason,
    ]


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
