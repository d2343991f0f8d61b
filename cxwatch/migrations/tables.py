"""Every room's tables: what the migrated database must be equal to."""

from __future__ import annotations

from sqlalchemy import MetaData

from alerting.store import metadata as alerting_tables
from cxwatch.access.tables import metadata as access_tables
from cxwatch.decide.tables import metadata as decide_tables
from dashboards.changes.tables import metadata as change_tables
from detectors.store import metadata as detector_tables
from streams.store.tables import metadata as stream_tables

ALL_TABLES: tuple[MetaData, ...] = (
    stream_tables,
    detector_tables,
    alerting_tables,
    change_tables,
    decide_tables,
    access_tables,
)
