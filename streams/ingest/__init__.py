"""Events over HTTP: POST /api/v1/events, answered once they are durable in the log.

    body (bounded, inflated) -> split into events -> decode or refuse -> dead letters -> log -> answer

`router` is the route, `pressure` says when no more is taken, `contract` describes it all in the OpenAPI document.
"""

from __future__ import annotations

from streams.ingest.router import ingest_router

__all__ = ["ingest_router"]
