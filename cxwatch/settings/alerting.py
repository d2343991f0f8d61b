"""[detection], [alerts], [cases] and [[route]]: what is noticed, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from alerting.records import SEVERITIES
from alerting.settings import CUSTOMER, AlertSettings, Mode, Route
from alerting.waiting import WEBHOOK
from cxwatch.settings.hours import business_hours
from cxwatch.settings.reader import Table
from cxwatch.settings.records import Secrets
from detectors.settings import DETECTORS, DetectionSettings

ROUTES_MAX = 100
CRM_EXAMPLE = "https://crm.example.com/customers/{customer}"
MINUTES_MAX = 366 * 24 * 60
MODES: tuple[Mode, ...] = ("shadow", "live")
ABOUT: tuple[Literal["all", "incident", "case"], ...] = ("all", "incident", "case")


def detection_settings(table: Table, timezone: str) -> DetectionSettings:
    """What is looked for, and how often the product may be wrong."""
    default = DetectionSettings()
    detectors = table.names("detectors", default.detectors)
    unknown = [name for name in detectors if name not in DETECTORS]
    if unknown or not detectors:
        table.wrong("detectors", f"must name at least one of {', '.join(DETECTORS)}, and nothing else")
    settings = DetectionSettings(
        false_alerts_per_week=table.number("false_alerts_per_week", default.false_alerts_per_week, 0.01, 1_000),
        least_evidence=table.whole("least_evidence", default.least_evidence, 1, 1_000_000),
        detectors=detectors,
        assumed_bad_share=table.number("assumed_bad_share", default.assumed_bad_share, 0.001, 0.999),
        timezone=timezone,
    )
    table.finish()
    return settings


def alert_settings(top: Table, timezone: str, public_url: str, secrets: Secrets) -> AlertSettings:
    """Messages, cases and where they go."""
    answered = secrets.slack_app_token is not None or secrets.slack_signing_secret is not None
    default = AlertSettings()
    alerts, cases = top.table("alerts"), top.table("cases")
    minutes = _by_tier(cases.table("first_contact_minutes"), MINUTES_MAX)
    resolution = _by_tier(cases.table("resolution_minutes"), MINUTES_MAX)
    webhooks = _webhooks(top.table("webhook"), secrets)
    settings = AlertSettings(
        mode=alerts.choice("mode", "shadow", MODES) if alerts.given("mode") else None,
        hold_off_seconds=alerts.whole("hold_off_seconds", default.hold_off_seconds, 0, 3_600),
        routes=_routes(top.array("route"), webhooks),
        webhooks=webhooks,
        webhook_secret=secrets.webhook_secret,
        incidents_to=alerts.text("incidents_to", default.incidents_to, 80),
        cases_to=alerts.text("cases_to", default.cases_to, 80),
        reopen_minutes=alerts.whole("reopen_minutes", default.reopen_minutes, 0, MINUTES_MAX),
        quotes_max=alerts.whole("quotes_max", default.quotes_max, 0, 5),
        slack_url=_address(alerts, "slack_url", default.slack_url),
        cases_open_from=cases.whole("open_from", default.cases_open_from, 0, 100),
        first_contact_minutes_default=minutes.pop("default", default.first_contact_minutes_default),
        first_contact_minutes=minutes,
        resolution_minutes_default=resolution.pop("default", default.resolution_minutes_default),
        resolution_minutes=resolution,
        next_contact_minutes=cases.whole("next_contact_minutes", default.next_contact_minutes, 1, MINUTES_MAX),
        contacts_max=cases.whole("contacts_max", default.contacts_max, 1, 1_000),
        contacts_days=cases.whole("contacts_days", default.contacts_days, 1, 365),
        hours=business_hours(top.table("business_hours"), timezone),
        tier_value=_by_tier(cases.table("tier_value"), 25) or default.tier_value,
        crm_url=_crm_url(cases),
        value_for_full=cases.number("value_for_full", default.value_for_full, 0.01, 1e12),
        public_url=public_url,
        timezone=timezone,
        buttons=answered,  # only links where nothing would answer
        slack_token=secrets.slack_bot_token,
        slack_app_token=secrets.slack_app_token,
        slack_signing_secret=secrets.slack_signing_secret,
    )
    alerts.finish()
    cases.finish()
    return settings


def _crm_url(table: Table) -> str | None:
    """The CRM's page of a customer. Only the place of the key may change with the customer, never the host."""
    value = table.optional("crm_url")
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    safe = value.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]"))
    if not safe or not host or CUSTOMER in parts.netloc or "@" in parts.netloc or value.count(CUSTOMER) != 1:
        table.wrong("crm_url", f'must be an https:// address with {CUSTOMER} once, such as "{CRM_EXAMPLE}"')
        return None
    return value


def _webhooks(table: Table, secrets: Secrets) -> dict[str, str]:
    found = {}
    for name, one in table.tables():
        if not one.given("url"):
            one.wrong("url", 'is missing: the address that takes the messages, such as "https://example.com/hook"')
        else:
            found[name] = _address(one, "url", "")
        if secrets.webhook_secret is None:
            table.wrong(name, "needs a secret that both sides know: set WEBHOOK_SECRET")
        one.finish()
    table.finish()
    return found


def _routes(tables: list[Table], webhooks: Mapping[str, str]) -> tuple[Route, ...]:
    found = []
    for table in tables[:ROUTES_MAX]:
        if not table.given("to"):
            table.wrong("to", 'is missing: name a Slack channel, such as to = "#cx-checkout"')
        to = table.text("to", "#cx-alerts", 80)
        if to.startswith(WEBHOOK) and to.removeprefix(WEBHOOK) not in webhooks:
            table.wrong(
                "to", f"names a webhook that is not here: add [webhook.{to.removeprefix(WEBHOOK)}] with its url"
            )
        found.append(
            Route(
                to=to,
                about=table.choice("about", "all", ABOUT),
                channels=table.names("channels", ()),
                stages=table.names("stages", ()),
                severity_from=table.choice("severity_from", "minor", SEVERITIES),
            )
        )
        table.finish()
    if len(tables) > ROUTES_MAX:
        tables[ROUTES_MAX].wrong("to", f"is one route too many: at most {ROUTES_MAX} are read")
    return tuple(found)


def _by_tier(table: Table, high: int) -> dict[str, int]:
    return {tier.lower(): table.whole(tier, 0, 0, high) for tier, _ in table.items()}


def _address(table: Table, key: str, default: str) -> str:
    value = table.text(key, default)
    if not value.startswith(("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")):
        table.wrong(key, "must start with https:// (http:// only on this machine): a token is sent there")
        return default
    return value
