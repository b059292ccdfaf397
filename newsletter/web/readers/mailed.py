"""Mailed links: the page behind a link that works once: undo, a new address, one's own data."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Response

from newsletter.delivery import forgetting
from newsletter.kit.catalogue import spoken
from newsletter.kit.errors import BadToken
from newsletter.mail.address import masked
from newsletter.publications import Publication
from newsletter.web.readers import own_data
from newsletter.web.readers.forms import Form, read_form
from newsletter.web.readers.site import Site, cited_all
from newsletter.web.workplace import TurnDep
from subscribers import goodbyes, mailed_links, readdressing
from subscribers.models import LinkKind, MailedLink, Subscriber


def router(site: Site) -> APIRouter:
    """Return the routes of ``/m/``."""
    routes = APIRouter()

    @routes.api_route("/m/{token}", methods=["GET", "HEAD"])
    def show_button(token: str) -> Response:
        claims = site.links.read_mailed(token)
        with site.database.read() as session:
            link = mailed_links.look_at(session, claims, now=site.clock())
            person = session.get_one(Subscriber, link.subscriber_id)
            publication = session.get_one(Publication, link.publication_id)
            left = goodbyes.undoable(session, link) if link.kind is LinkKind.UNDO else ()
        return site.show(
            f"{link.kind.value}.html", spoken(person.language, publication.profile.language),
            action=site.links.mailed_path(claims), address=masked(person.address), names=cited_all(left), left=left,
            new=str(link.values.get("address", "")),
        )  # fmt: skip

    @routes.post("/m/{token}")
    def act(token: str, form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        claims = site.links.read_mailed(token)
        now = site.clock()
        match form.get("act"):
            case "open":
                with site.database.write() as session:
                    link = mailed_links.use(session, claims, now=now)
                    _require(link, LinkKind.RIGHTS)
                return own_data.page(site, claims)
            case "undo":
                with site.database.write() as session:
                    back = goodbyes.undo(session, claims, now=now)
                    person = session.get_one(Subscriber, claims.subscriber_id)
                    publication = session.get_one(Publication, claims.publication_id)
                language = spoken(person.language, publication.profile.language)
                return site.show("undone.html", language, names=cited_all(back), back=back)
            case "move":
                with site.database.write() as session:
                    moved = readdressing.move(session, claims, keyring=site.keyring, now=now)
                    forgetting.readdress(session, moved.subscriber_id, moved.address)
                    person = session.get_one(Subscriber, moved.subscriber_id)
                    publication = session.get_one(Publication, moved.publication_id)
                language = spoken(person.language, publication.profile.language)
                return site.show("moved.html", language, new=moved.address)
            case _:
                return show_button(token)

    return routes


def _require(link: MailedLink, kind: LinkKind) -> None:
    if link.kind is not kind:
        raise BadToken
