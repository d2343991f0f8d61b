"""`cxwatch forget`: an erasure through the log like any event, then its receipt."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import msgspec
from sqlalchemy import Engine

from cxwatch.database import open_state
from cxwatch.erasing import erase_pending
from cxwatch.errors import CannotStart, CxwatchError
from cxwatch.importing.local import append
from cxwatch.importing.waiting import Measurer
from cxwatch.logs import open_log
from cxwatch.settings import Settings
from streams.clock import Clock, rfc3339
from streams.decode import Decoder
from streams.events import Refused
from streams.logs.protocol import Record
from streams.measure.erased import ErasedCustomers
from streams.store.erasures import receipt_of
from streams.store.identity import read_identity

LOOK_S = 0.2
RECEIPT_TRIES = 150  # half a minute


class NoReceipt(CxwatchError):
    """The erasure is in the log, and nobody has finished it in time."""


async def forget_customer(settings: Settings, customer: str, clock: Clock) -> dict[str, Any]:
    """Append the erasure, have it measured and carried out, and return the receipt.

    Where no other process runs, this one does the work. Raises CannotStart for a key that no event can have, and
    NoReceipt when the process that measures does not finish it within half a minute.
    """
    asked_ms = clock.now_ms()
    number = secrets.token_hex(12)
    raw = msgspec.json.encode(
        {"id": number, "source": "cxwatch", "type": "erasure", "time": rfc3339(asked_ms), "customer": customer}
    )
    found = Decoder(settings.measure).decode(raw, asked_ms)
    if isinstance(found, Refused):
        raise CannotStart(f"{found.field} {found.rule}")
    engine = open_state(settings)
    log = await asyncio.to_thread(open_log, settings, clock)
    measurer = Measurer(settings, log)
    try:
        alone = await measurer.try_start()
        await append(log, [Record(customer.encode(), raw)], f"forget-{number}")
        await measurer.wait_for(engine, f"forget-{number}", 1, lambda _: None)
        for _ in range(RECEIPT_TRIES):
            if alone:
                await asyncio.to_thread(erase_pending, engine, log, clock.now_ms())
            receipt = await asyncio.to_thread(_receipt, engine, customer, asked_ms)
            if receipt is not None:
                return receipt
            await asyncio.sleep(LOOK_S)
    finally:
        await measurer.stop()
        await log.close()
        engine.dispose()
    raise NoReceipt("the erasure is in the log and waits for the process that measures: run this again to see it done")


def _receipt(engine: Engine, customer: str, asked_ms: int) -> dict[str, Any] | None:
    with engine.connect() as conn:
        identity = read_identity(conn)
        if identity is None:
            return None
        return receipt_of(conn, ErasedCustomers(identity.secret).hash_of(customer), asked_ms)
