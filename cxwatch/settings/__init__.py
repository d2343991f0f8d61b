"""The product's settings: cxwatch.toml and the environment, checked and handed to each room as its own record."""

from cxwatch.settings.load import load_settings
from cxwatch.settings.problems import Problem, SettingsError
from cxwatch.settings.records import ExportSettings, Secrets, Settings, WebSettings
from streams.logs.kafka_settings import KafkaSettings

__all__ = [
    "ExportSettings",
    "KafkaSettings",
    "Problem",
    "Secrets",
    "Settings",
    "SettingsError",
    "WebSettings",
    "load_settings",
]
