"""What each channel and each of its targets tolerates now. In memory only, because forgetting it is harmless."""

from __future__ import annotations

from dataclasses import dataclass

from alerting.channels.protocol import Ambiguous, Channel, DeliveryError, Reach, Refused
from streams.clock import Clock

CHANNEL_WAIT_MAX_MS = 60_000
TARGET_WAIT_MAX_MS = 300_000


@dataclass(slots=True)
class _Rest:
    until_ms: int = 0
    failures: int = 0

    def longer(self, now_ms: int, longest_ms: int) -> None:
        """1, 2, 4 s ... after each failure in a row."""
        self.failures += 1
        self.until_ms = now_ms + min(longest_ms, 500 << min(self.failures, 12))


class Pace:
    """Lets a channel, or one target, rest after failures, and keeps the distance between two calls for one target."""

    def __init__(self, real: Clock) -> None:
        self._real = real
        self._channels: dict[str, _Rest] = {}
        self._targets: dict[tuple[str, str], _Rest] = {}
        self._free_ms: dict[tuple[str, str], int] = {}

    def shut(self) -> frozenset[str]:
        """Channels that rest."""
        now_ms = self._real.now_ms()
        return frozenset(name for name, rest in self._channels.items() if now_ms < rest.until_ms)

    def busy(self) -> frozenset[tuple[str, str]]:
        """Targets that rest, or had a call just now."""
        now_ms = self._real.now_ms()
        self._free_ms = {key: until_ms for key, until_ms in self._free_ms.items() if now_ms < until_ms}
        resting = {key for key, rest in self._targets.items() if now_ms < rest.until_ms}
        return frozenset(resting | set(self._free_ms))

    @property
    def waiting_turns(self) -> bool:
        """Whether some target is only kept at a distance, so that looking again soon is worth it."""
        return bool(self._free_ms)

    def called(self, channel: Channel, target: str) -> None:
        """A call is about to be made."""
        if channel.gap_s:
            self._free_ms[(channel.name, target)] = self._real.now_ms() + int(channel.gap_s * 1_000)

    def failed(self, channel: Channel, target: str, error: DeliveryError) -> Reach:
        """A call failed; how much of the channel is not well."""
        if not isinstance(error, Refused | Ambiguous) or error.reach == "message":
            return "message"
        now_ms = self._real.now_ms()
        if error.reach == "target":
            rest = self._targets.setdefault((channel.name, target), _Rest())
            rest.longer(now_ms, TARGET_WAIT_MAX_MS)
        else:
            rest = self._channels.setdefault(channel.name, _Rest())
            rest.longer(now_ms, CHANNEL_WAIT_MAX_MS)
        if isinstance(error, Refused) and error.retry_after_s is not None:
            rest.until_ms = now_ms + int(error.retry_after_s * 1_000)
        return error.reach

    def worked(self, channel: Channel, target: str) -> None:
        """A call went through."""
        self._channels.pop(channel.name, None)
        self._targets.pop((channel.name, target), None)
