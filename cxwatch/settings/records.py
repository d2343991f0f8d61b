"""Everything cxwatch was told, as frozen records. Only load.py makes them from a file; tests make their own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from alerting.channels.alertmanager import AlertmanagerSettings
from alerting.settings import AlertSettings, Secret
from dashboards.changes.settings import ChangeSettings
from dashboards.settings import BoardSettings, Configuration
from detectors.settings import DetectionSettings
from streams.logs.kafka_settings import KafkaSettings
from streams.settings import MeasureSettings

Kpi = Literal["nps", "csat", "ces", "stars", "thumbs"]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the web server listens. `public_url` is how people reach it, where that differs (a proxy, a name).

    Behind a proxy that signs people in, `user_header` names the header with their name; it counts only from addresses
    in `trusted_proxies`. Whoever is no user of ours gets `proxy_role`.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()  # networks, such as 10.0.0.0/8
    user_header: str | None = None
    proxy_role: Literal["viewer", "agent", "admin"] = "viewer"

    @property
    def url(self) -> str:
        """The address to hand to people, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Secrets:
    """From the environment, or from files that it names; never from cxwatch.toml. Shown to nobody who prints them."""

    slack_bot_token: Secret | None = None
    slack_app_token: Secret | None = None
    slack_signing_secret: Secret | None = None
    webhook_secret: Secret | None = None
    grafana_token: Secret | None = None
    alertmanager_token: Secret | None = None
    kafka_username: Secret | None = None
    kafka_password: Secret | None = None
    database_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """The topic of changes of windows and incidents, and what goes there."""

    kafka: KafkaSettings
    changes: ChangeSettings = field(default_factory=ChangeSettings)


@dataclass(frozen=True, slots=True)
class Settings:
    """One record for the composition root; each room gets only its own part.

    `names_given` says which of "channels" and "stages" somebody chose; for the others, commands that read a whole
    file take the names they find in it.
    """

    source: Path | None = None  # the file, None when there is none
    kpi: Kpi = "nps"
    data_dir: Path = Path("cxwatch-data")
    log: str = "sqlite"
    database: str = "sqlite"
    log_days: int = 400  # how long the embedded log keeps records, by append time
    measure: MeasureSettings = field(default_factory=MeasureSettings)
    detection: DetectionSettings = field(default_factory=DetectionSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    web: WebSettings = field(default_factory=WebSettings)
    boards: BoardSettings = field(default_factory=BoardSettings)
    alertmanager: AlertmanagerSettings | None = None  # None: incidents are not told there
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    export: ExportSettings | None = None  # None: changes are not sent anywhere
    secrets: Secrets = field(default_factory=Secrets)
    names_given: frozenset[str] = frozenset()
    configuration: Configuration = field(default_factory=Configuration, compare=False)  # in words, for its page

    @property
    def embedded_log(self) -> bool:
        """Whether the log is a file of ours, and not a Kafka topic."""
        return self.log == "sqlite"

    @property
    def log_path(self) -> Path:
        """The embedded log's file."""
        return self.data_dir / "log.db"

    @property
    def state_path(self) -> Path:
        """The embedded database's file."""
        return self.data_dir / "state.db"

    @property
    def lock_path(self) -> Path:
        """What the measuring process holds."""
        return self.log_path.with_suffix(".lock")
