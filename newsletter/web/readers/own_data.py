"""Own data: everything held about a reader, to see, take along, correct, object to and erase, for half an hour.

A mailed link opens it once; from then on its forms carry a key that stands in no address, so that nothing a gateway, a
browser's history or a forwarded mail holds opens it again.
"""

from __future__ import annotations

import json
from datetime import datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from newsletter.delivery import dossier, forgetting
from newsletter.delivery.consent_pages import KINDS, consent_page
from newsletter.kit.catalogue import spoken, words
from newsletter.kit.errors import BadInput
from newsletter.kit.tokens import LinkClaims, Purpose
from newsletter.publications import Publication
from newsletter.rendering.consent_pdf import consent_pdf
from newsletter.web.problems import PAGE_HEADERS
from newsletter.web.readers.forms import Form, read_form
from newsletter.web.readers.site import Site
from newsletter.web.workplace import TurnDep
from subscribers import choices, erasure, mailed_links, readdressing
from subscribers.models import MailedLink, Subscriber

SOURCE = "own data"


def router(site: Site) -> APIRouter:
    """Return the routes of ``/data``."""
    routes = APIRouter()

    @routes.api_route("/data", methods=["GET", "HEAD"])
    def nothing_without_a_link() -> Response:
        return RedirectResponse(site.links.lost_link_path, 303, headers=PAGE_HEADERS)

    @routes.post("/data")
    def act(form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        claims = site.keyring.read_link(Purpose.OPENED, form.get("key"))
        with site.database.read() as session:
            _opened(site, session, claims)
        match form.get("act"):
            case "json":
                return _download(_json(site, claims), "application/json", "my-data.json")
            case "pdf":
                return _download(_pdf(site, claims), "application/pdf", "consent-record.pdf")
            case "name" | "address":
                return _correct(site, claims, form)
            case "object":
                with site.database.write() as session:
                    _opened(site, session, claims)
                    erasure.object_to_mail(session, claims.subscriber_id, now=site.clock(), source=SOURCE)
                return page(site, claims, said="objected")
            case "erase":
                return _erase(site, claims) if form.get("sure") == "yes" else page(site, claims, said="unsure")
            case _:
                return page(site, claims)

    return routes


def page(site: Site, claims: LinkClaims, *, said: str = "", status: int = 200) -> Response:
    """Return the page of everything; *said* names what was just done."""
    now = site.clock()
    with site.database.read() as session:
        _, person, publication = _opened(site, session, claims)
        everything = dossier.dossier(session, person.id, now=now)
    language = spoken(person.language, publication.profile.language)
    _ = words(language)
    return site.show(
        "own_data.html", language, status=status, all=everything,
        person=person, key=site.keyring.link(Purpose.OPENED, claims), action=site.links.root + "/data", said=said,
        minutes=int(mailed_links.OPENED.total_seconds() // 60), kinds={kind: _(name) for kind, name in KINDS.items()},
        when=lambda at: _.moment(datetime.fromisoformat(at), publication.profile.zone),
    )  # fmt: skip


def _opened(site: Site, session: Session, claims: LinkClaims) -> tuple[MailedLink, Subscriber, Publication]:
    link = mailed_links.opened(session, claims, now=site.clock())
    person = session.get_one(Subscriber, link.subscriber_id, populate_existing=True)
    return link, person, session.get_one(Publication, link.publication_id)


def _json(site: Site, claims: LinkClaims) -> bytes:
    with site.database.read() as session:
        everything = dossier.dossier(session, claims.subscriber_id, now=site.clock())
    return json.dumps(everything, ensure_ascii=False, indent=2).encode()


def _pdf(site: Site, claims: LinkClaims) -> bytes:
    with site.database.read() as session:
        _, person, publication = _opened(site, session, claims)
        language = spoken(person.language, publication.profile.language)
        content = consent_page(session, person.id, publication.profile, language=language, now=site.clock())
    return consent_pdf(content)


def _correct(site: Site, claims: LinkClaims, form: Form) -> Response:
    try:
        with site.database.write() as session:
            _, person, publication = _opened(site, session, claims)
            if form.get("act") == "name":
                choices.set_name(session, person.id, form.get("name"), now=site.clock(), source=SOURCE)
                said = "corrected"
            else:
                readdressing.ask_new(
                    session, person.id, form.get("address").strip(), publication_id=publication.id, links=site.links,
                    keyring=site.keyring, now=site.clock(),
                )  # fmt: skip
                said = "asked_address"
    except BadInput:
        return page(site, claims, said="wrong", status=422)
    return page(site, claims, said=said)


def _erase(site: Site, claims: LinkClaims) -> Response:
    with site.database.write() as session:
        _, person, publication = _opened(site, session, claims)
        language = spoken(person.language, publication.profile.language)
        forgetting.erase(session, person.id, keyring=site.keyring, now=site.clock(), by="reader")
    return site.show("erased.html", language)


def _download(data: bytes, media_type: str, name: str) -> Response:
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
