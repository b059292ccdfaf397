"""The senders' page: by what an administrator elsewhere recognises our mail, on a page and as plain text."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from newsletter.kit.database import Database
from newsletter.kit.templating import environment
from newsletter.publications import Access, every
from newsletter.web.archive import PAGE_POLICY, PUBLIC


@dataclass(frozen=True, slots=True)
class Sender:
    """One newsletter as a mail's header shows it; ``name`` and ``list_id`` are empty where it is not open to all."""

    address: str
    name: str = ""
    list_id: str = ""


@dataclass(frozen=True, slots=True)
class Handover:
    """What an installation's mails have in common on their way."""

    link_host: str
    mail_servers: tuple[str, ...]
    """Host names; empty as long as nothing leaves this machine."""
    bounce_domain: str
    """Domain of the envelope senders (RFC 5321 §2.3.1); empty: that of each From address."""
    dkim_domain: str
    """What mails are signed for here (RFC 6376, d=); empty: they are signed, if at all, by the mail server."""
    dkim_selector: str


def router(database: Database, handover: Handover) -> APIRouter:
    """Return the routes of the page; closed newsletters show their address alone."""
    routes = APIRouter()

    def values() -> dict[str, object]:
        with database.read() as session:
            profiles = [publication.profile for publication in every(session)]
        senders = {
            Sender(one.from_address, one.name, one.list_id) if one.access is Access.OPEN else Sender(one.from_address)
            for one in profiles
        }
        return {
            "senders": sorted(senders, key=lambda sender: (sender.address, sender.name)),
            "envelope_domains": sorted(
                {handover.bounce_domain or one.from_address.partition("@")[2] for one in profiles}
            ),
            "way": handover,
            "language": profiles[0].language if profiles else "en",
            "publisher": profiles[0].masthead.publisher if profiles else "",
        }

    @routes.api_route("/senders", methods=["GET", "HEAD"])
    def page(request: Request) -> Response:
        body = environment("archive").get_template("senders.html")
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": PUBLIC}
        return HTMLResponse(body.render(root=request.scope.get("root_path", ""), **values()), headers=headers)

    @routes.api_route("/senders.txt", methods=["GET", "HEAD"])
    def text() -> Response:
        body = environment("archive", autoescape=False).get_template("senders.txt")
        return PlainTextResponse(body.render(**values()), headers={"Cache-Control": PUBLIC})

    return routes
