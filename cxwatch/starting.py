"""`cxwatch init`: a first cxwatch.toml, every setting at its default and explained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from cxwatch.errors import CannotStart
from cxwatch.settings.load import FILE_NAME
from streams.settings import DEFAULT_CHANNELS, DEFAULT_STAGES

TEXT = """\
# cxwatch's settings. What is commented out shows the default. Docs: README.md. Secrets belong into the environment.

# The places on your customers' journey. Events of any other channel or stage count as "other".
channels = [{channels}]
stages = [{stages}]

# timezone = "UTC"          # of baseline hours, business hours and times shown, such as "Europe/Berlin"
# kpi = "nps"               # nps, csat, ces, stars or thumbs: the one main figure
# data_dir = "cxwatch-data"  # relative to this file
# log = "sqlite"            # for many workers "kafka://h1:9092,h2:9092/cx.events"
# database = "sqlite"       # for many workers "postgresql+psycopg://cxwatch@db.example.com/cxwatch"

# At a moment of truth one bad event flags the customer at once.
# [stage.{stage}]
# moment_of_truth = true
# label = "{stage}"

# How each survey was asked: hot (right after the contact) or cold (about the relation). They never share a window.
# [survey.after_contact]
# kind = "hot"
# scale = "1-5"             # of CSAT questions on another scale than 1-5
# ces_version = 2           # 1: the older effort question, 1-5, where 5 is bad

# What a touchpoint ("name" or "name:outcome") is worth; below 0 is bad.
# [framework.grades]
# "payment:failed" = {{ grade = -4, moment_of_truth = true }}
# "delivery:on_time" = 2
# [framework.waits]         # seconds (`wait_seconds`) after which it is bad, whatever its outcome
# "call" = 120
# [framework.promises]      # worth that when `actual_at` is later than `promised_at`
# "delivery" = -3

# [windows]
# min_n = 10                # fewer answers have no score

# [detection]
# false_alerts_per_week = 2.0
# least_evidence = 30

# [alerts]                  # Slack: set SLACK_BOT_TOKEN, look at /preview for a while, then `cxwatch live`
# hold_off_seconds = 60

# [[route]]
# to = "#cx-alerts"
# about = "incident"        # incident, case or all

# [cases]                   # customers to contact: whoever was hurt at a moment of truth, or says so
# open_from = 60            # the priority from which any flag opens a case
# contacts_max = 3          # attempts to reach one customer, in
# contacts_days = 7
# crm_url = "https://crm.example.com/customers/{{customer}}"   # a case links to it; without it, there is no link
# [cases.first_contact_minutes]
# default = 240             # by tier, such as gold = 60
# [cases.resolution_minutes]
# default = 1440

# [business_hours]          # in which these minutes are counted; without it, round the clock
# mon = "08:00-18:00"       # tue, wed, thu, fri, sat, sun; a day left out is closed
# holidays = ["2026-12-25"]

# [web]
# host = "127.0.0.1"        # another address needs a token first: cxwatch token create NAME
# port = 8000

# [objectives]              # per cent of answers that must be fine; alerts of `cxwatch rules` come from them
# nps = 85                  # no detractor's
# csat = 85
# ces = 80
# target = 60               # a line for the main figure

# [prometheus]
# url = "http://127.0.0.1:9090"
# job = "cxwatch"           # what Prometheus calls the scrape

# [alertmanager]            # incidents are told there too, once `cxwatch live` is on
# url = "http://127.0.0.1:9093"

# [grafana]                 # the token comes from GRAFANA_TOKEN; see docs/grafana.md
# url = "http://127.0.0.1:3000"
# folder = "Customer experience"
# datasource = "cxwatch-prometheus"

# [kafka]                   # see docs/operations.md
# partitions = 12           # of the topic, where `cxwatch migrate` creates it
# security = "PLAINTEXT"    # SASL_SSL: with KAFKA_USERNAME and KAFKA_PASSWORD

# [export]                  # every change of a window or an incident, as records on Kafka; see docs/export.md
# topic = "kafka://h1:9092,h2:9092/cx.changes"
# every_seconds = 5         # at most so often

# [retention]
# feedback_days = 400
# log_days = 400
"""


def write(folder: Path, channels: Sequence[str], stages: Sequence[str]) -> Path:
    """Write the file. Raises CannotStart where one is there already, or the folder cannot be written to."""
    path = folder / FILE_NAME
    names = stages or DEFAULT_STAGES
    bare = next((name for name in names if name.replace("_", "").replace("-", "").isalnum() and name.isascii()), "buy")
    text = TEXT.format(channels=_listed(channels or DEFAULT_CHANNELS), stages=_listed(names), stage=bare)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise CannotStart(f"{FILE_NAME} is here already and stays as it is: edit it, or move it away first") from None
    except OSError as error:
        raise CannotStart(f"{path} cannot be written ({error.strerror}): check the folder's permissions") from error
    return path


def _listed(names: Sequence[str]) -> str:
    """As TOML: its basic strings are JSON's."""
    return ", ".join(msgspec.json.encode(name).decode() for name in names)
