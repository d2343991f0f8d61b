"""The list of incidents as its page shows it: groups, filters, and the small drawings of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from dashboards.incident_list import Listed

SPARK_WIDTH, SPARK_HEIGHT = 130, 28
BAR_LEFT, BAR_WIDTH = 4, 152  # of the scale 0..100 % in a drawing 160 wide
STATES = ("open", "spam", "notices", "resolved")
NOBODY = "-"  # "taken by: nobody" in the query string


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the query string asks for; empty means any."""

    state: str = ""
    channel: str = ""
    stage: str = ""
    taken: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Wanted:
        """Read it; a state that is none counts as left out."""
        state = query.get("state", "")
        return cls(
            state if state in STATES else "",
            query.get("channel", "")[:64],
            query.get("stage", "")[:64],
            query.get("taken", "")[:128],
        )

    def url(self, state: str) -> str:
        """The list with another state chosen and the rest kept."""
        chosen = {"state": state, "channel": self.channel, "stage": self.stage, "taken": self.taken}
        query = urlencode({name: value for name, value in chosen.items() if value})
        return f"/incidents?{query}" if query else "/incidents"

    def admits(self, one: Listed) -> bool:
        """Whether an incident is wanted, its state apart. One that spans all channels is in each of them."""
        named, by = one.incident.named, one.incident.acknowledged_by or ""
        return (
            self.channel in ("", named.channel or self.channel)
            and self.stage in ("", named.stage or self.stage)
            and (not self.taken or (by if self.taken != NOBODY else by or NOBODY) == self.taken)
        )


@dataclass(frozen=True, slots=True)
class Groups:
    """Incidents as the list shows them: what nobody has taken comes first."""

    untaken: list[Listed]
    taken: list[Listed]
    spam: list[Listed]
    notices: list[Listed]
    resolved: list[Listed]

    @classmethod
    def of(cls, lines: Sequence[Listed]) -> Groups:
        """Sort the lines, in their order within a group."""
        going_on = [line for line in lines if line.incident.state != "resolved"]
        real = [line for line in going_on if line.incident.page and not line.incident.spam]
        return cls(
            untaken=[line for line in real if line.incident.acknowledged_ms is None],
            taken=[line for line in real if line.incident.acknowledged_ms is not None],
            spam=[line for line in going_on if line.incident.spam],
            notices=[line for line in going_on if not line.incident.page and not line.incident.spam],
            resolved=[line for line in lines if line.incident.state == "resolved"],
        )


@dataclass(frozen=True, slots=True)
class Spark:
    """The bad share of hour after hour as a path, and the dot at its end."""

    path: str
    x: float
    y: float


def spark(hours: Sequence[tuple[int, int]]) -> Spark | None:
    """The drawing; an hour without answers is a gap. None without any."""
    step = SPARK_WIDTH / max(1, len(hours) - 1)
    path, gap, x, y = "", True, 0.0, 0.0
    for place, (n, bad) in enumerate(hours):
        if n:
            x, y = round(place * step, 1), round(SPARK_HEIGHT - 3 - (SPARK_HEIGHT - 6) * bad / n, 1)
            path += f"{'M' if gap else 'L'}{x} {y}{'h.1' if gap else ''}"
        gap = not n
    return Spark(path, x, y) if path else None


def bar_x(share: float) -> float:
    """Where a share stands in the drawing of its interval."""
    return round(BAR_LEFT + BAR_WIDTH * min(1.0, max(0.0, share)), 1)
