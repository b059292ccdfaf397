"""Previews beside the text: an issue by the very pipeline that sends it, as a chosen reader gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from newsletter.delivery.messages import carries_pdf, short_note
from newsletter.delivery.states import Variant
from newsletter.issues import signoff
from newsletter.issues.models import Issue
from newsletter.issues.signoff import Proofs
from newsletter.kit.catalogue import N_, Words
from newsletter.kit.errors import BadInput, RenderingError
from newsletter.publications import Publication
from newsletter.rendering.edition import Medium
from newsletter.rendering.email_html import email_html
from newsletter.rendering.preview import for_screen, with_urls
from newsletter.rendering.slots import Slot
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep, issue_numbered, needs, publication_called
from newsletter.web.desk import previews
from newsletter.web.desk.editor import issue_path
from newsletter.web.desk.forms import FilledForm, filled
from newsletter.web.desk.onlookers import SAMPLES, Onlooker, chosen, number_of, urls_of
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.posted import FieldsDep
from newsletter.web.workplace import TurnDep, Workplace, WorkplaceDep

router = APIRouter(prefix="/p/{label}/i/{number}/preview")
MEDIA = (
    (Medium.HTML, N_("Email")), (Medium.TEXT, N_("Text")), (Medium.PDF, N_("PDF")), (Medium.WEB, N_("Web")),
)  # fmt: skip
ReaderQuery = Annotated[str, Query(max_length=20)]
LOOKS = (("desktop", N_("Desktop")), ("phone", N_("Phone")), ("dark", N_("Dark")), ("phone-dark", N_("Phone, dark")))
"""On what a mail or a page is looked at; text and paper are the same everywhere."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What somebody wants to see, as the address of the page says it."""

    medium: Medium = Medium.HTML
    look: str = "desktop"
    reader: str = ""

    def query(self, **other: str) -> str:
        """Return it as the end of an address, with *other* wishes in place of some."""
        wanted = {"medium": self.medium.value, "look": self.look, "reader": self.reader} | other
        usual = {"medium": Medium.HTML.value, "look": "desktop", "reader": ""}
        said = urlencode({name: value for name, value in wanted.items() if value != usual[name]})
        return f"?{said}" if said else ""


def _glance(medium: Medium = Medium.HTML, look: str = "desktop", reader: ReaderQuery = "") -> Glance:
    return Glance(medium, look if look in dict(LOOKS) else "desktop", reader)


GlanceDep = Annotated[Glance, Depends(_glance)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a preview shows, taken out of the database so that no session is held while it is rendered."""

    publication: Publication
    issue: Issue
    onlooker: Onlooker
    proofs: Proofs
    urls: Mapping[Slot, str]


@router.get("", dependencies=[needs(Permission.READ)])
def beside(
    request: Request, label: str, number: int, visitor: VisitorDep, glance: GlanceDep, place: WorkplaceDep,
    turn: TurnDep,
) -> Response:  # fmt: skip
    """Show one preview with the head of the mail, its size, and the ways to see it otherwise."""
    return _page(request, visitor, _seen(place, visitor, label, number, glance.reader), glance)


@router.post("/reader", dependencies=[needs(Permission.READERS)])
def choose(
    request: Request, fields: FieldsDep, label: str, number: int, visitor: VisitorDep, place: WorkplaceDep,
    turn: TurnDep,
) -> Response:  # fmt: skip
    """Find a reader by address, which stands in no address of a page and in no log; then show what they get."""
    medium, address = fields.get("medium", ""), fields.get("address", "").strip()
    glance = _glance(Medium(medium) if medium in set(Medium) else Medium.HTML, fields.get("look", ""))
    seen = _seen(place, visitor, label, number, "")
    words = words_of(request, visitor)
    try:
        with place.database.read() as session:
            found = number_of(session, seen.publication, address)
        wrong = words(N_("No reader of this newsletter has this address."))
    except BadInput as error:
        found, wrong = None, words(error.sentence)
    if found is None:
        form = filled({"address": address}, wrong={"address": wrong})
        return _page(request, visitor, seen, glance, status=422, form=form)
    to = f"{request.scope.get('root_path', '')}{issue_path(seen.publication, seen.issue)}preview"
    return RedirectResponse(to + glance.query(reader=str(found)), 303, headers={"Cache-Control": "no-store"})


@router.get("/size", dependencies=[needs(Permission.READ)])
def size(
    request: Request, label: str, number: int, visitor: VisitorDep, place: WorkplaceDep, turn: TurnDep
) -> Response:
    """Say in JSON how large the newest revision's mail is, beside Gmail's limit."""
    weight = _weight(_seen(place, visitor, label, number, ""), words_of(request, visitor))
    return JSONResponse(weight, headers={"Cache-Control": "no-store"})


@router.get("/{medium}", dependencies=[needs(Permission.READ)])
def edition(
    request: Request, label: str, number: int, medium: Medium, visitor: VisitorDep, place: WorkplaceDep, turn: TurnDep,
    look: str = "", reader: ReaderQuery = "",
) -> Response:  # fmt: skip
    """Answer with one edition of the newest revision, rendered now."""
    seen = _seen(place, visitor, label, number, reader)
    proofs, variant, urls = seen.proofs, seen.onlooker.variant, seen.urls
    if medium is Medium.HTML and seen.onlooker.words_only:
        medium = Medium.TEXT
    try:
        if medium is Medium.TEXT and variant is Variant.NOTICE:
            return previews.words_alone(with_urls(short_note(proofs.document.title, proofs.document.language), urls))
        if medium is Medium.HTML:  # the archive has no such issue yet; these lead to the other previews
            urls = {**urls, Slot.WEB_URL: Medium.WEB.value, Slot.PDF_URL: Medium.PDF.value}
        return previews.preview(
            medium, proofs.document, proofs.profile.masthead, pictures=proofs.pictures,
            mail_format=proofs.mailing.format, preheader=proofs.mailing.preheader, urls=urls,
            dark=look.endswith("dark") if look else None,
        )  # fmt: skip
    except RenderingError as error:
        return previews.unrendered(words_of(request, visitor).language, words_of(request, visitor)(error.sentence))


def _seen(place: Workplace, visitor: Visitor, label: str, number: int, reader: str) -> Seen:
    """Take out what is to be seen; raises ``NotFound`` and ``NotPermitted`` as ``onlookers.chosen`` does."""
    with place.database.read() as session:
        publication = publication_called(session, label)
        issue = issue_numbered(session, label, number)
        onlooker = chosen(session, visitor, publication, reader, now=place.clock())
        proofs = signoff.proofs_of(session, issue)
    return Seen(publication, issue, onlooker, proofs, urls_of(place.settings, publication, number))


def _weight(seen: Seen, words: Words) -> dict[str, object]:
    """Return how many bytes of HTML the mail has and what that means in Gmail."""
    proofs, limit = seen.proofs, previews.CLIPPED_AT
    try:
        mail = email_html(
            proofs.document, proofs.profile.masthead, pictures=proofs.pictures, mail_format=proofs.mailing.format,
            preheader=proofs.mailing.preheader,
        )  # fmt: skip
    except RenderingError:  # the frame says why
        return {"octets": 0, "limit": limit, "clipped": False, "said": ""}
    octets = len(for_screen(mail, {}, seen.urls).encode())
    said = words(
        N_("%(size)s of HTML; Gmail cuts a mail off after %(limit)s."), size=words.size(octets), limit=words.size(limit)
    )
    return {"octets": octets, "limit": limit, "clipped": octets > limit, "said": said}


def _page(
    request: Request, visitor: Visitor, seen: Seen, glance: Glance, *, status: int = 200,
    form: FilledForm | None = None,
) -> Response:  # fmt: skip
    profile, mailing, onlooker = seen.proofs.profile, seen.proofs.mailing, seen.onlooker
    weighs = glance.medium is Medium.HTML and not onlooker.words_only
    return page(
        request, visitor, "desk/preview.html", status=status, publication=seen.publication, issue=seen.issue,
        glance=glance, media=MEDIA, looks=LOOKS, samples=SAMPLES, onlooker=onlooker, profile=profile, mailing=mailing,
        with_pdf=carries_pdf(profile, mailing.format, onlooker.variant), form=form or filled(),
        weight=_weight(seen, words_of(request, visitor)) if weighs else None,
        chooses=visitor.may(Permission.READERS, seen.publication.id), path=issue_path(seen.publication, seen.issue),
    )  # fmt: skip
