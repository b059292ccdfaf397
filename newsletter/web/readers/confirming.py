"""Confirming: the page with the button behind a confirmation mail, and the welcome after it."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from newsletter.delivery import dossier, forgetting, welcomes
from newsletter.issues.places import publication_path
from newsletter.kit.tokens import LinkClaims
from newsletter.mail.address import masked
from newsletter.web.readers.forms import Form, read_form
from newsletter.web.readers.site import Site, cited_all
from newsletter.web.workplace import TurnDep
from subscribers import confirmations
from subscribers.models import WishKind


def router(site: Site) -> APIRouter:
    """Return the routes of ``/c/``."""
    routes = APIRouter()

    @routes.api_route("/c/{token}", methods=["GET", "HEAD"])
    def show_button(token: str) -> Response:
        claims = site.links.read_confirm(token)
        with site.database.read() as session:
            asked = confirmations.look_at(session, claims, now=site.clock())
        return site.show(
            "confirm.html", asked.wish.language, address=masked(asked.wish.address),
            names=cited_all(asked.publications), wording=asked.wish.wording, done=asked.wish.confirmed_at is not None,
            invited=asked.wish.kind is WishKind.INVITATION,
            action=site.links.confirm_path(asked.wish.id, claims.publication_id),
        )  # fmt: skip

    @routes.post("/c/{token}")
    def confirm(token: str, form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        claims = site.links.read_confirm(token)
        if form.get("act") != "confirm":
            return show_button(token)
        now = site.clock()
        with site.database.write() as session:
            asked = confirmations.look_at(session, claims, now=now)
            language, address = asked.wish.language, masked(asked.wish.address)
            mail = dossier.confirmation_mail(session, asked.wish.notice_id, keyring=site.keyring)
            done = confirmations.confirm(session, claims, keyring=site.keyring, now=now, mail=mail)
            forgetting.adopt(session, asked.wish.notice_id, done.subscriber_id)
            coming = []
            if done.news and done.latest_issue:
                for publication in done.joined:
                    routes_ = site.routes_of(publication.profile)
                    if welcomes.send_latest(session, publication.id, done.subscriber_id, routes=routes_, now=now):
                        coming.append(publication)
        own = LinkClaims(claims.publication_id, done.subscriber_id)
        return site.show(
            "welcome.html", language, address=address, names=cited_all(done.joined), joined=done.joined,
            coming=bool(coming), preferences=site.links.preferences_path(own),
            archives=[
                (publication, site.links.root + publication_path(publication.label))
                for publication in done.joined
                if publication.access.value == "open"
            ],
        )  # fmt: skip

    return routes
