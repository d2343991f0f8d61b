"""The whole rule file."""

from __future__ import annotations

from dashboards.rules.burn import burn_alerts, burn_records
from dashboards.rules.ours import own_alerts
from dashboards.rules.records import Group, to_yaml
from dashboards.rules.scores import score_groups
from dashboards.settings import BoardSettings


def rule_groups(settings: BoardSettings) -> list[Group]:
    """Scores first, then burn rates, then the alerts that use them."""
    return [
        *score_groups(settings.min_n),
        burn_records(settings),
        Group("cxwatch objectives", list(burn_alerts(settings))),
        Group("cxwatch itself", list(own_alerts(settings))),
    ]


def rule_file(settings: BoardSettings) -> str:
    """The file as `cxwatch rules` prints it."""
    return to_yaml([group for group in rule_groups(settings) if group.rules])
