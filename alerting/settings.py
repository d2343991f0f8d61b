"""What this room needs to know, as frozen records. cxwatch/settings builds them from cxwatch.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from alerting.hours import BusinessHours
from alerting.records import SEVERITIES, Severity, Subject
from streams.measure.erased import is_token
from streams.records import Segment

CUSTOMER = "{customer}"
Mode = Literal["shadow", "live"]


class Secret:
    """A token that shows itself to nobody who prints or logs it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The token itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class Route:
    """Where messages about some places go. The first route that fits wins.

    `to` is a Slack channel, by id (C0123ABCD, always right) or by name (#cx-alerts, looked up once), or
    "webhook:NAME".
    """

    to: str
    about: Subject | Literal["all"] = "all"
    channels: tuple[str, ...] = ()  # none = all channels of the journey
    stages: tuple[str, ...] = ()
    severity_from: Severity = "minor"  # incidents only

    def fits(self, about: Subject, segment: Segment, severity: Severity) -> bool:
        """Whether this route takes a message about that place."""
        if self.about not in ("all", about):
            return False
        if self.channels and segment.channel not in self.channels:
            return False
        if self.stages and segment.stage not in self.stages:
            return False
        return about != "incident" or SEVERITIES.index(severity) >= SEVERITIES.index(self.severity_from)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Everything that alerting depends on. `mode` None leaves the choice to `cxwatch live` and `pause`."""

    mode: Mode | None = None
    hold_off_seconds: int = 60  # product time between an incident and its message; moments of truth do not wait
    routes: tuple[Route, ...] = ()
    incidents_to: str = "#cx-alerts"  # where no route fits
    cases_to: str = "#cx-recovery"
    cases_open_from: int = 60  # priority from which any flag opens a case
    first_contact_minutes: Mapping[str, int] = field(default_factory=dict)  # tier -> minutes, names in lower case
    first_contact_minutes_default: int = 240
    resolution_minutes: Mapping[str, int] = field(default_factory=dict)
    resolution_minutes_default: int = 1_440
    next_contact_minutes: int = 240  # after somebody was not reached
    hours: BusinessHours = field(default_factory=BusinessHours)  # in which all these minutes are counted
    contacts_max: int = 3  # attempts to reach one customer
    contacts_days: int = 7
    tier_value: Mapping[str, int] = field(default_factory=lambda: {"platinum": 25, "gold": 25, "silver": 15})
    value_for_full: float = 5_000.0  # a customer's yearly value that earns all 25 points
    reopen_minutes: int = 30
    reminder_minutes: tuple[int, ...] = (15, 60, 240)  # while nobody has taken an incident
    public_url: str | None = None
    timezone: str = "UTC"  # of times in messages
    buttons: bool = True  # False when nothing answers clicks: then only links are shown
    slack_token: Secret | None = None
    slack_app_token: Secret | None = None  # buttons over Socket Mode
    slack_signing_secret: Secret | None = None  # buttons over HTTP
    webhooks: Mapping[str, str] = field(default_factory=dict)  # name -> address; routes go to "webhook:NAME"
    webhook_secret: Secret | None = None
    slack_url: str = "https://slack.com/api/"
    slack_timeout_seconds: int = 10
    quotes_max: int = 2
    crm_url: str | None = None  # where the CRM shows a customer; {customer} stands for their key

    def crm_address(self, customer: str) -> str | None:
        """Where the CRM shows this customer; None without a CRM, and for somebody who was forgotten."""
        if self.crm_url is None or is_token(customer):
            return None
        return self.crm_url.replace(CUSTOMER, quote(customer, safe=""))

    def target(self, about: Subject, segment: Segment, severity: Severity = "minor") -> str:
        """The channel that a message about this place goes to."""
        for route in self.routes:
            if route.fits(about, segment, severity):
                return route.to
        return self.incidents_to if about == "incident" else self.cases_to
