"""The readers' routes, put together. A GET shows, a POST acts, nothing else does."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Response

from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.templating import bundled
from newsletter.publications import Profile
from newsletter.web.api import joining as api_joining
from newsletter.web.api import members
from newsletter.web.problems import PAGE_HEADERS
from newsletter.web.readers import choosing, confirming, joining, leaving, mailed, own_data, shelf
from newsletter.web.readers.site import OnUnsubscribed, Site
from subscribers.links import ReaderLinks
from subscribers.mail_domains import MailDomains

STYLESHEET_CACHE = "public, max-age=3600"


def router(
    *,
    database: Database,
    links: ReaderLinks,
    clock: Clock,
    on_unsubscribed: OnUnsubscribed = lambda *_: None,
    domains: MailDomains | None = None,
    routes_of: Callable[[Profile], Sequence[str]] = lambda profile: ("smtp",),
    keep_networks: bool = False,
) -> APIRouter:
    """Return the readers' routes. Their errors are answered by ``problems.install``.

    Without *domains* nobody asks DNS about addresses.
    """
    site = Site(database, links, clock, on_unsubscribed, domains or MailDomains(None), routes_of, keep_networks)
    routes = APIRouter()
    for part in (leaving, choosing, joining, confirming, mailed, own_data, shelf, api_joining, members):
        routes.include_router(part.router(site))

    @routes.options("/u/{token}")
    @routes.options("/p/{token}")
    @routes.options("/c/{token}")
    @routes.options("/m/{token}")
    def options(token: str) -> Response:
        return Response(status_code=204, headers={**PAGE_HEADERS, "Allow": "GET, HEAD, OPTIONS, POST"})

    @routes.api_route("/readers.css", methods=["GET", "HEAD"])
    def stylesheet() -> Response:
        css = (bundled("templates") / "readers" / "readers.css").read_bytes()
        return Response(css, media_type="text/css", headers={"Cache-Control": STYLESHEET_CACHE})

    return routes
