"""The outbox: what the built-in catcher caught, as pages; only with the catcher and only for this machine."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse

from newsletter.kit.errors import NotFound
from newsletter.kit.templating import bundled, environment
from newsletter.mail.maildir import Maildir

PAGE_SIZE = 50
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
"""A caught mail is foreign HTML: it may show itself and open its links in a new tab, nothing else."""
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]"}


def router(maildir: Maildir) -> APIRouter:
    """Return the outbox's routes over *maildir*; each answers 404 to whoever is not on this machine."""
    routes = APIRouter(dependencies=[Depends(_only_from_here)])
    pages = environment("outbox")

    @routes.api_route("/outbox.css", methods=["GET", "HEAD"])
    def stylesheet() -> Response:
        return Response(
            (bundled("templates") / "outbox" / "outbox.css").read_text(encoding="utf-8"), media_type="text/css"
        )

    @routes.api_route("/outbox/", methods=["GET", "HEAD"])
    @routes.api_route("/outbox", methods=["GET", "HEAD"])
    def listing(page: int = Query(1, ge=1, le=1_000_000)) -> Response:
        total = len(maildir.keys())
        last = max(1, -(-total // PAGE_SIZE))
        page = min(page, last)
        mails = maildir.newest(PAGE_SIZE, skip=(page - 1) * PAGE_SIZE)
        return _page(pages.get_template("list.html").render(mails=mails, total=total, page=page, pages=last))

    @routes.api_route("/outbox/{key}/", methods=["GET", "HEAD"])
    def mail(key: str) -> Response:
        return _page(pages.get_template("mail.html").render(mail=maildir.read(key)))

    @routes.api_route("/outbox/{key}/html", methods=["GET", "HEAD"])
    def as_html(key: str) -> Response:
        html = maildir.read(key).html
        if html is None:
            raise NotFound("This mail has no HTML part.")
        # Links open beside the outbox, not inside the frame.
        framed = html.replace("<head>", '<head><base target="_blank">', 1)
        return HTMLResponse(framed, headers={"Content-Security-Policy": MAIL_POLICY})

    @routes.api_route("/outbox/{key}/source", methods=["GET", "HEAD"])
    def source(key: str) -> Response:
        return PlainTextResponse(maildir.read(key).source)

    @routes.api_route("/outbox/{key}/attachments/{position}", methods=["GET", "HEAD"])
    def attachment(key: str, position: int) -> Response:
        attachments = maildir.read(key).attachments
        if not 0 <= position < len(attachments):
            raise NotFound("This mail has no such attachment.")
        found = attachments[position]
        shown = found.media_type == "application/pdf"
        headers = {
            "Content-Disposition": f"{'inline' if shown else 'attachment'}; filename*=UTF-8''{quote(found.file_name)}",
        }
        return Response(
            found.data, media_type=found.media_type if shown else "application/octet-stream", headers=headers
        )

    return routes


def _page(body: str) -> Response:
    return HTMLResponse(body, headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"})


def _only_from_here(request: Request) -> None:
    """Let nobody else in: not over the network, not through a proxy, not by a name that an attacker points at us."""
    peer = request.client.host if request.client else ""
    host = re.sub(r":\d+$", "", request.headers.get("host", ""))
    proxied = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    if proxied or host.lower() not in LOCAL_HOSTS or not _is_loopback(peer):
        raise NotFound("There is no page at this address.")


def _is_loopback(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False
