"""Style and script of the pages, from the package; their address carries a hash, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any

from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

TYPES = {"app.css": "text/css", "live.js": "text/javascript", "keys.js": "text/javascript"}
KEEP = "public, max-age=31536000, immutable"


class Assets:
    """The files, read once."""

    def __init__(self) -> None:
        folder = files("dashboards") / "static"
        self._bodies = {name: (folder / name).read_bytes() for name in TYPES}
        self._hashes = {name: hashlib.sha256(body).hexdigest()[:12] for name, body in self._bodies.items()}

    def url(self, name: str) -> str:
        """The address of the file as it is now."""
        return f"/static/{name}?v={self._hashes[name]}"

    def router(self) -> Router:
        """GET /static/NAME, open to everybody: nothing secret is in there."""

        @get("/static/{name:str}", include_in_schema=False)
        async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
            body = self._bodies.get(name)
            if body is None:
                raise NotFoundException(detail=f"There is no file named {name[:80]}.")
            current = request.query_params.get("v") == self._hashes[name]
            headers = {
                "Cache-Control": KEEP if current else "no-cache",
                "X-Content-Type-Options": "nosniff",
                "ETag": f'"{self._hashes[name]}"',
            }
            return Response(body, media_type=TYPES[name], headers=headers)

        return Router(path="/", route_handlers=[asset])
