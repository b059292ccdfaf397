"""Signing up by program, held to the same limits as the form and answering as little."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from newsletter.kit.catalogue import languages, spoken, words
from newsletter.kit.errors import BadInput, NotFound, TooMany
from newsletter.mail.address import address_key
from newsletter.publications import Access, Publication
from newsletter.web.problems import PAGE_HEADERS
from newsletter.web.readers.forms import BODY_LIMIT, json_of
from newsletter.web.readers.joining import AGAIN_AFTER, is_refused, taken_in
from newsletter.web.readers.site import Site
from newsletter.web.workplace import TurnDep
from subscribers import wording
from subscribers.models import WishForm, WishKind
from subscribers.wishes import Asking

MOST = 50
"""Publications in one sign-up."""


class SignUp(BaseModel):
    """What a program says about somebody who wants to join."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=254)]
    publications: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=MOST)]
    """Labels."""
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str, Field(max_length=16)] = ""
    latest_issue: bool = False


read_sign_up = json_of(SignUp, limit=BODY_LIMIT)


def router(site: Site) -> APIRouter:
    """Return the routes of ``/api/join``."""
    routes = APIRouter()

    @routes.post("/api/join")
    def sign_up(request: Request, wanted: SignUp = Depends(read_sign_up), turn: TurnDep = None) -> Response:
        found = _publications(site, wanted.publications)
        language = wanted.language or found[0].profile.language
        if wanted.language and wanted.language not in languages():
            raise BadInput(f"There are no pages in {wanted.language!r}; there are {', '.join(languages())}.")
        address_key(wanted.address)
        if is_refused(found, wanted.address):
            raise BadInput("This newsletter takes no throw-away addresses.")
        shown = _consent(found, spoken(language))
        asking = Asking(
            WishKind.JOIN, wanted.address, found, spoken(language), WishForm.API, shown, name=wanted.name,
            latest_issue=wanted.latest_issue, cost=2, own_wording=wording.own_of(found, spoken(language)),
        )  # fmt: skip
        if not taken_in(site, request, asking):
            raise TooMany("This has been asked for too often; please try again in an hour.", wait=AGAIN_AFTER)
        said = {"message": "A mail with a link to confirm is on its way, if the address can have one."}
        return JSONResponse(said, 202, headers=PAGE_HEADERS)

    @routes.get("/api/join/{label}")
    def what_is_agreed_to(label: str, language: str = "") -> Response:
        """The sentence that a program has to show before it signs somebody up."""
        found = _publications(site, [label])
        chosen = spoken(language, found[0].profile.language)
        said = {
            "wording": _consent(found, chosen),
            "version": wording.version(chosen, own=wording.own_of(found, chosen)),
            "language": chosen,
        }
        return JSONResponse(said, headers=PAGE_HEADERS)

    return routes


def _consent(publications: tuple[Publication, ...], language: str) -> str:
    names = words(language).spell(publication.name for publication in publications)
    own = wording.own_of(publications, language)
    return wording.consent(language, publications[0].profile.masthead.publisher, names, own=own)


def _publications(site: Site, labels: list[str]) -> tuple[Publication, ...]:
    with site.database.read() as session:
        query = select(Publication).where(Publication.access == Access.OPEN, Publication.label.in_(labels))
        found = {publication.label: publication for publication in session.scalars(query)}
    missing = [label for label in labels if label not in found]
    if missing:
        raise NotFound(f"There is no newsletter {missing[0]!r} that one can sign up for.")
    return tuple(found[label] for label in dict.fromkeys(labels))
