"""What `cxwatch doctor` looks at outside: whether Prometheus reads metrics and rules, and Grafana has the boards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from cxwatch.checking import Check
from cxwatch.settings import Settings

TIMEOUT_S = 3.0
GROUP = "cxwatch "  # how the groups of `cxwatch rules` begin


def examine_boards(settings: Settings) -> Iterator[Check]:
    """Prometheus' scrape and rules, then Grafana's boards."""
    yield from _prometheus(settings)
    yield _grafana(settings)


def _prometheus(settings: Settings) -> Iterator[Check]:
    url, job = settings.boards.prometheus.url, settings.boards.prometheus.job
    try:
        targets = _asked(url, "targets?state=active")["activeTargets"]
        groups = _asked(url, "rules")["groups"]
        ours = [target for target in targets if target["labels"].get("job") == job]
        down = [target for target in ours if target["health"] == "down"]
        loaded = sum(len(group["rules"]) for group in groups if str(group["name"]).startswith(GROUP))
    except httpx.HTTPError as error:
        yield Check("prometheus", "note", f"{url} does not answer ({type(error).__name__}): fine without Prometheus")
        return
    except (ValueError, KeyError, TypeError, AttributeError):
        yield Check("prometheus", "note", f"{url} is answered by another program: set [prometheus] url")
        return
    yield _scrape(job, ours, down)
    if loaded:
        yield Check("rules", "ok", f"{loaded} of ours are loaded")
    else:
        yield Check("rules", "note", "none of ours are loaded: cxwatch rules > cxwatch-rules.yml, see docs/grafana.md")


def _scrape(job: str, ours: list[Any], down: list[Any]) -> Check:
    if not ours:
        return Check(
            "prometheus", "failed", f'it scrapes no job "{job}": add it to prometheus.yml, see docs/grafana.md'
        )
    if down:
        why = str(down[0].get("lastError") or "no reason given")[:200]
        way = "create a token with --scope read" if "401" in why or "403" in why else "is `cxwatch run` running there?"
        return Check("prometheus", "failed", f"{len(down)} of {len(ours)} scrapes fail ({why}): {way}")
    return Check("prometheus", "ok", f'it reads {len(ours)} processes as job "{job}"')


def _asked(url: str, path: str) -> Any:
    answer = httpx.get(f"{url}/api/v1/{path}", timeout=TIMEOUT_S, trust_env=False)
    return answer.raise_for_status().json()["data"]


def _grafana(settings: Settings) -> Check:
    token = settings.secrets.grafana_token
    if token is None:
        return Check("grafana", "note", "no GRAFANA_TOKEN: boards can still be provisioned by `cxwatch grafana build`")
    from dashboards.grafana.client import FaceClient
    from dashboards.grafana.port import GrafanaError

    client = FaceClient(settings.boards.grafana.url, token, TIMEOUT_S)
    try:
        version = client.version()
        wall = client.board("cxwatch-wall")
    except GrafanaError as error:
        return Check("grafana", "failed", str(error))
    if wall is None:
        return Check(
            "grafana", "note", f"Grafana {version} takes the token, and has no boards yet: cxwatch grafana push"
        )
    return Check("grafana", "ok", f"Grafana {version} has the boards; what differs: cxwatch grafana push --dry-run")
