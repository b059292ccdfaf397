"""Forged requests: what changes something at the desk must come from the desk's own pages."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from newsletter.web.workplace import SAFE_METHODS

REFUSED = "This request did not come from a page of the desk. Please go back, load the page again and try once more.\n"


class SameOrigin:
    """Refuses every changing request under *path* that another site could have sent (403).

    Browsers say where a request comes from and no page can change what they say: Sec-Fetch-Site (Fetch Metadata),
    else Origin (RFC 6454 §7). Who says neither is no browser that the desk's pages run in.
    """

    def __init__(self, app: ASGIApp, *, path: str, public_url: str) -> None:
        self._app = app
        self._path = path
        parts = urlsplit(public_url)
        self._origin = f"{parts.scheme}://{parts.netloc}".lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or answer it."""
        if scope["type"] == "http" and self._guards(scope) and not self._is_ours(Headers(scope=scope)):
            await PlainTextResponse(REFUSED, 403, headers={"Cache-Control": "no-store"})(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _guards(self, scope: Scope) -> bool:
        # Whether a proxy in front takes the public URL's path away or not.
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return scope["method"] not in SAFE_METHODS and (path == self._path or path.startswith(self._path + "/"))

    def _is_ours(self, headers: Headers) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin", "").lower()
        return origin == self._origin or (origin != "" and urlsplit(origin).netloc == headers.get("host", "").lower())
