"""The body of a request: read and inflated, never more of it in memory than may be."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

from litestar import Request

from streams.ingest.pressure import Held
from streams.ingest.problems import NotTaken, too_large, unreadable

BODY_BYTES_MAX = 10_000_000  # as sent, and inflated
GZIP_MEMBERS_MAX = 1_000
_PIECE_BYTES = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS  # zlib's word for a gzip header
_TOO_LARGE = f"The body has more than {BODY_BYTES_MAX // 1_000_000} MB"
_BROKEN_WAY_OUT = "Compress the events again, or send them as they are, without Content-Encoding."


class BodyReader:
    """Reads bodies. Two are inflated at once: what they grow to is known only afterwards."""

    def __init__(self) -> None:
        self._inflating = asyncio.Semaphore(2)

    async def read(self, request: Request[Any, Any, Any], held: Held) -> bytes:
        """The whole body, as it was before it was compressed. Raises NotTaken."""
        gzipped = _is_gzip(request.headers.get("content-encoding", ""))
        announced = request.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit():
            if len(announced) > 18 or int(announced) > BODY_BYTES_MAX:
                raise too_large(_TOO_LARGE)
            held.grow_to(int(announced))
        body = await _receive(request, held)
        if not gzipped or not body:
            return body
        async with self._inflating:
            inflated = await asyncio.to_thread(inflate, body)
            held.grow_to(len(body) + len(inflated))
        return inflated


async def _receive(request: Request[Any, Any, Any], held: Held) -> bytes:
    """The bytes as they come; a body without a length, or one that lies about it, is cut off at the bound."""
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise unreadable("must be sent to its end", "The connection was closed before: send it again.")
        piece = message.get("body", b"")  # ASGI lets it be left out
        size += len(piece)
        if size > BODY_BYTES_MAX:
            raise too_large(_TOO_LARGE)
        held.grow_to(size)
        pieces.append(piece)
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _is_gzip(encoding: str) -> bool:
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return False
    if name in ("gzip", "x-gzip"):
        return True
    raise NotTaken(
        415,
        "This encoding is not read",
        f"Content-Encoding {encoding[:64]!r} is not read: use gzip, or send the body as it is.",
        headers={"Accept-Encoding": "gzip, identity"},
    )


def inflate(packed: bytes) -> bytes:
    """What was compressed with gzip, in one member or several. Stops at the bound. Raises NotTaken."""
    found: list[bytes] = []
    room = BODY_BYTES_MAX
    members = 1
    stream = zlib.decompressobj(_GZIP)
    for start in range(0, len(packed), _PIECE_BYTES):
        waiting = packed[start : start + _PIECE_BYTES]
        while waiting:
            if stream.eof:
                if not waiting.strip(b"\0"):  # gzip itself ignores zeros after the end
                    break
                members += 1
                stream = zlib.decompressobj(_GZIP)
            if members > GZIP_MEMBERS_MAX:
                raise unreadable(f"must be at most {GZIP_MEMBERS_MAX:,} gzip members", "Compress it in one go.")
            try:
                piece = stream.decompress(waiting, room + 1)
            except zlib.error:
                raise unreadable("must be valid gzip", _BROKEN_WAY_OUT) from None
            room -= len(piece)
            if room < 0:
                raise too_large(f"{_TOO_LARGE} when inflated")
            found.append(piece)
            waiting = stream.unused_data if stream.eof else stream.unconsumed_tail
    if not stream.eof:
        raise unreadable("must be valid gzip, and ends too early", _BROKEN_WAY_OUT)
    return b"".join(found)
