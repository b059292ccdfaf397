"""The roof over the web: one FastAPI application, built from an installation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from urllib.parse import urlsplit

from fastapi import FastAPI

from newsletter import __version__, examination
from newsletter.delivery import feedback
from newsletter.delivery.orders import CATCHER
from newsletter.issues.link_hosts import Reach
from newsletter.web import archive, desk, outbox, problems, readers, reviewing, senders
from newsletter.web.csrf import SameOrigin
from newsletter.web.edge import Edge
from newsletter.web.workplace import Workplace
from newsletter.worker import Installation
from subscribers.mail_domains import MailDomains


def create_app(
    here: Installation,
    *,
    alongside: Callable[[], AbstractContextManager[object]] = nullcontext,
    domains: MailDomains | None = None,
    reach: Reach | None = None,
) -> FastAPI:
    """Build the web application; *alongside* runs as long as it does, as the dispatcher of ``serve`` does.

    *domains* says which take mail; None asks the name servers of this machine. *reach* says how far the link check
    goes; None: the public web.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with alongside():
            yield

    app = FastAPI(
        title="Newsletter Desk", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url=None, redirect_slashes=False,
    )  # fmt: skip
    app.state.workplace = Workplace(
        here.settings, here.database, here.clock, here.provider, routes=here.routes, receivers=here.receivers,
        reach=reach or Reach(), examine=lambda: examination.at_the_desk(here),
        ask_mail_servers=lambda: examination.mail_servers(here.settings),
    )  # fmt: skip
    app.add_middleware(SameOrigin, path="/desk", public_url=here.settings.public_url)
    app.add_middleware(Edge, root=here.settings.public_path)
    problems.install(app)
    app.include_router(
        readers.router(
            database=here.database,
            links=here.links,
            clock=here.clock,
            on_unsubscribed=lambda session, delivery_id, now: feedback.record_unsubscribed(
                session, delivery_id, now=now
            ),
            domains=domains or MailDomains.of_this_machine(),
            routes_of=here.routes_for,
            keep_networks=here.settings.keep_networks,
        )
    )
    app.include_router(desk.router)
    app.include_router(desk.icon)
    app.include_router(reviewing.router)
    app.include_router(
        archive.router(
            here.database, keyring=here.settings.keyring, public_url=here.settings.public_url, clock=here.clock
        )
    )
    app.include_router(senders.router(here.database, handover_of(here)))
    if here.outbox is not None:
        app.include_router(outbox.router(here.outbox))
    return app


def handover_of(here: Installation) -> senders.Handover:
    """Return what the senders' page says of every mail's way."""
    settings = here.settings
    return senders.Handover(
        link_host=urlsplit(settings.public_url).hostname or "",
        mail_servers=tuple(dict.fromkeys(route.server.host for route in here.routes if route.name != CATCHER)),
        bounce_domain=settings.bounce_domain,
        dkim_domain=settings.dkim_domain,
        dkim_selector=settings.dkim_selector,
    )
