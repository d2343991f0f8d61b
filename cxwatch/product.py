"""The composition root: every room opened over one log and one database, in one process.

product = Product(settings, SystemClock(), on_fatal)
await product.start(measure=True, decide=True, web=True)
...
await product.stop()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from litestar import Litestar
from sqlalchemy import Engine

from alerting.punctuality import Punctuality
from cxwatch.database import open_state
from cxwatch.decide.lease import Lease
from cxwatch.decide.rounds import Decider
from cxwatch.deciding import Deciding
from cxwatch.exporting import Exporting
from cxwatch.hearing import Hearing
from cxwatch.logs import AnyLog, new_log, wait_for_log
from cxwatch.measuring import Measuring
from cxwatch.messaging import Messaging
from cxwatch.server import WebServer
from cxwatch.settings import Settings
from cxwatch.upkeep import Upkeep
from cxwatch.webapp import build_health, build_web
from dashboards.changes.cursor import unsent_panes
from detectors.kinds import HoursOfKind, Watches
from streams.clock import Clock
from streams.decode import Decoder
from streams.measure.committing import ResponseKey
from streams.signal import Signal
from streams.store.minutes import leaf_hours


class Product:
    """One process's parts. `clock` is the product's time and `speed` how fast it runs; `hours` feeds baselines."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        on_fatal: Callable[[BaseException], None],
        *,
        speed: float = 1.0,
        hours: HoursOfKind = leaf_hours,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.speed = speed
        self.changed = Signal()  # rings with both of these: pages have something new to show
        self.measured = Signal(self.changed)  # rings after commits of MEASURE, on the event loop
        self.decided = Signal(self.changed)  # rings when there is something to deliver or to show
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        # MEASURE's rows can be measured again from the log; what people decided cannot.
        self.measure_database: Engine = open_state(settings, durable=False)
        self.database: Engine = open_state(settings, durable=True)
        self.log: AnyLog = new_log(settings, clock)
        self.decoder = Decoder(settings.measure)
        self._on_fatal = on_fatal
        self._hours = hours
        self._upkeep: asyncio.Task[None] | None = None
        self.messaging: Messaging | None = None
        self.exporting: Exporting | None = None
        self._hearing: asyncio.Task[None] | None = None
        self.measuring: Measuring | None = None
        self.deciding: Deciding | None = None
        self.web: WebServer | None = None

    async def start(self, *, measure: bool = True, decide: bool = True, web: bool = True, health: bool = False) -> None:
        """Start the parts asked for, in the order in which they need each other. May be called again for more.

        `health` serves /healthz, /readyz and /metrics only, and does so from the first moment on: a process that
        waits for its topic says so.
        """
        if health:
            await self._serve(await asyncio.to_thread(build_health, self))
        await wait_for_log(self.log)
        if measure:
            self.measuring = Measuring(
                self.log,
                self.measure_database,
                self.settings.measure,
                decoder=self.decoder,
                committed=self.measured,
                on_fatal=self._on_fatal,
            )
            await self.measuring.start()
        if decide:
            self._start_deciding(alone=self.measuring is not None and self.settings.embedded_log)
        if web:
            await self._serve(await asyncio.to_thread(build_web, self))
            if not self.settings.embedded_log:
                self._hearing = asyncio.get_running_loop().create_task(Hearing(self.database, self.changed).run())
                self._hearing.add_done_callback(self._ended)

    async def stop(self) -> None:
        """Stop in the opposite order; every part finishes what it has in hand."""
        if self.web is not None:
            await self.web.stop()
        if self._hearing is not None:
            self._hearing.cancel()
            await asyncio.gather(self._hearing, return_exceptions=True)
        if self._upkeep is not None:
            self._upkeep.cancel()
            await asyncio.gather(self._upkeep, return_exceptions=True)
        if self.exporting is not None:
            await self.exporting.stop()
        if self.messaging is not None:
            await self.messaging.stop()
        if self.deciding is not None:
            await self.deciding.stop()
        if self.measuring is not None:
            await self.measuring.stop()
        await self.log.close()
        self.measure_database.dispose()
        self.database.dispose()

    def responses(self) -> dict[ResponseKey, int]:
        """Live answers that this process has committed."""
        return {} if self.measuring is None else self.measuring.responses()

    def delivery_times(self) -> dict[str, Punctuality]:
        """How late messages of this process were, by where they went."""
        return {} if self.messaging is None else self.messaging.delivery_times.read()

    def owned(self) -> frozenset[int] | None:
        """The partitions that this process measures, None for all."""
        if self.measuring is None:
            return frozenset()
        owned = self.measuring.owned()
        return None if len(owned) == self.log.partitions else owned

    def why_not_ready(self) -> str | None:
        """Why nothing is measured or decided here, None if all is well or another process does it."""
        reason = None if self.measuring is None else self.measuring.why_not()
        if reason is None and self.deciding is not None:
            reason = self.deciding.lagging_reason
        return reason

    async def _serve(self, app: Litestar) -> None:
        self.web = WebServer(app, self.settings.web.host, self.settings.web.port)
        await self.web.start()

    def _start_deciding(self, *, alone: bool) -> None:
        lease = Lease("decide")
        decider = Decider(
            engine=self.database,
            watch=Watches(self.settings.detection, self._hours),
            alerts=self.settings.alerts,
            lateness_seconds=self.settings.measure.lateness_seconds,
            lease=lease,
            seize=alone,  # who holds the lock file is the only process that could hold the lease
        )
        self.deciding = Deciding(
            decider,
            self.log,
            self.clock,
            measured=self.measured,
            decided=self.decided,
            on_fatal=self._on_fatal,
            alone=self.settings.embedded_log,
        )
        self.deciding.start()
        self.messaging = Messaging(self.settings, self.database, self.clock, self.decided, lease.held)
        self.messaging.start(self._on_fatal)
        settings = self.settings
        if settings.export is not None:
            self.exporting = Exporting(settings, settings.export, self.database, self.clock, lease.held)
            self.exporting.start(self._on_fatal)
        needed = None if settings.export is None else unsent_panes
        upkeep = Upkeep(self.database, self.log, self.clock, settings.measure, settings.log_days, needed)
        self._upkeep = asyncio.get_running_loop().create_task(upkeep.run())
        self._upkeep.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._on_fatal(error)
