"""The edge: what holds for every request that comes in and every answer that goes out."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    # Links into closed newsletters hold a reader's token, and nobody need know which issue a reader came from.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Edge:
    """Puts ``EVERY_ANSWER`` on each answer that does not say otherwise itself, and says where our pages begin.

    They begin below *root*, the public URL's path; it does not matter whether a proxy in front takes that path away.
    """

    def __init__(self, app: ASGIApp, *, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, the start of an answer with the headers."""
        scope["root_path"] = self._root
        if scope["type"] == "http":
            # PostgreSQL stores no text with a NUL: it becomes what HTML makes of it (U+FFFD), which nothing is called.
            # Forms and JSON with one are refused where they are read.
            scope["path"] = scope["path"].replace("\0", "\ufffd")
            scope["query_string"] = scope["query_string"].replace(b"%00", b"%EF%BF%BD")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in EVERY_ANSWER.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
