"""Log lines: one event a line on stderr, with fields; readable in a terminal, JSON where a machine reads."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

QUIET = ("aiokafka", "faust", "mode", "uvicorn", "httpx", "httpcore", "litestar", "slack_sdk", "aiohttp", "asyncio")


def set_up_logs() -> None:
    """Ours from info on, libraries from warning on: what they log below may hold addresses and bodies."""
    terminal = sys.stderr.isatty()
    last: Any = structlog.dev.ConsoleRenderer(colors=terminal) if terminal else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=last))
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("asyncio").setLevel(logging.ERROR)


def only_warnings() -> None:
    """Of ours nothing below a warning: for commands whose incidents are not real."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
