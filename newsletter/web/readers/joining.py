"""Joining: the sign-up page of one publication or of all, and the form that others put on their sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_, preferred, spoken, words
from newsletter.kit.errors import BadInput, BadToken, NotFound
from newsletter.kit.tokens import LinkClaims, Purpose
from newsletter.mail.address import address_key, domain_of
from newsletter.publications import Access, Publication
from newsletter.web.readers.forms import Form, read_form
from newsletter.web.readers.site import Site, cited
from newsletter.web.workplace import TurnDep
from subscribers import limits, mail_domains, wishes, wording
from subscribers.models import WishForm, WishKind
from subscribers.wishes import Asking

TOO_FAST = timedelta(seconds=2)
"""Nobody reads a form, types an address and presses the button in less; programs do."""
AGAIN_AFTER = timedelta(hours=1)
"""Said to whoever has asked too often (RFC 9110 §10.2.3)."""
STALE = timedelta(days=1)
"""A form left open overnight is shown once more, with today's wording."""
NO_NEWSLETTER = N_("There is no newsletter at this address that one can sign up for.")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form when it is shown."""

    address: str = ""
    ticked: frozenset[int] = frozenset()
    latest: bool = True
    wrong: str = ""
    """What is the matter with it, in a sentence."""
    meant: str = ""
    """The address that was perhaps meant."""


def router(site: Site) -> APIRouter:
    """Return the routes of ``/join/``."""
    routes = APIRouter()

    @routes.api_route("/join/", methods=["GET", "HEAD"])
    @routes.api_route("/join/{label}", methods=["GET", "HEAD"])
    def show_form(request: Request, label: str = "", lang: str = "") -> Response:
        with site.database.read() as session:
            offered = offered_by(session, label)
        return _form(site, offered, _language(request, lang, offered, label), label, Typed())

    @routes.post("/join/")
    @routes.post("/join/{label}")
    def sign_up(request: Request, label: str = "", form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        with site.database.read() as session:
            offered = offered_by(session, label)
        language = _language(request, form.get("lang"), offered, label)
        return _sign_up(site, request, form, offered, language, label)

    @routes.api_route("/join/{label}/form", methods=["GET", "HEAD"])
    def embeddable(request: Request, label: str, lang: str = "") -> Response:
        with site.database.read() as session:
            offered = offered_by(session, label)
        language = _language(request, lang, offered, label)
        return site.show(
            "embedding.html", language, publication=offered[0], name=cited(offered[0]), action=site.links.join(label),
            consent=_consent(offered, language), sign_up=site.links.join_path(label),
        )  # fmt: skip

    return routes


def offered_by(session: Session, label: str) -> tuple[Publication, ...]:
    """Return what the form at *label* (empty: for all) offers; raise ``NotFound`` if that is nothing."""
    query = select(Publication).where(Publication.access == Access.OPEN).order_by(Publication.name)
    found = tuple(session.scalars(query.where(Publication.label == label) if label else query))
    if not found:
        raise NotFound(NO_NEWSLETTER)
    return found


def taken_in(site: Site, request: Request, asking: Asking) -> bool:
    """Check the address and write the wish down; tell whether its network has not asked too often.

    Takes as long for an address we know as for any other: nobody is looked up. Raises ``BadInput``.
    """
    address_key(asking.address)
    if not site.domains.takes_mail(domain_of(asking.address)):
        raise BadInput("There is no mail at this domain; please look at the address once more.")
    host = request.client.host if request.client else ""
    placed = replace(asking, network=limits.network_of(host), keep_network=site.keep_networks)
    with site.database.write() as session:
        return wishes.ask(session, placed, keyring=site.keyring, now=site.clock())


def enough(site: Site, language: str) -> Response:
    """Answer whoever has asked too often."""
    answer = site.show("too_many.html", language, status=429)
    answer.headers["Retry-After"] = str(int(AGAIN_AFTER.total_seconds()))
    return answer


def is_refused(publications: tuple[Publication, ...], address: str) -> bool:
    """Tell whether any of *publications* refuses throw-away addresses and this is one."""
    wary = any(publication.profile.refuse_disposable for publication in publications)
    return wary and mail_domains.is_disposable(domain_of(address))


def _sign_up(
    site: Site, request: Request, form: Form, offered: tuple[Publication, ...], language: str, label: str
) -> Response:
    _ = words(language)
    picked = form.get("pick")
    typed = Typed((picked or form.get("address")).strip()[:254], form.numbers("take"), form.has("latest"))
    wanted = offered if label else tuple(one for one in offered if one.id in typed.ticked)
    embedded, ripe = _pace(site, form)
    if form.get("website"):  # a field that people do not see
        return _sent(site, language, typed.address, offered[0])
    wrong = "" if wanted else _("Please tick a newsletter.")
    meant = ""
    try:
        if typed.address == "":
            wrong = wrong or _("Please type your address.")
        else:
            address_key(typed.address)
            meant = "" if picked or wrong else mail_domains.meant(typed.address)
            if is_refused(wanted, typed.address):
                wrong = _("Please take an address that stays: this one is made to be thrown away.")
    except BadInput:
        wrong = _("This is no address that we could write to. It should look like ada@example.org.")
    if not (wrong or meant or ripe):
        wrong = _("That was quick. Please press the button once more.")
    if wrong or meant:
        return _form(site, offered, language, label, replace(typed, wrong=wrong, meant=meant), status=422)
    asking = Asking(
        WishKind.JOIN, typed.address, wanted, language, WishForm.EMBEDDED if embedded else WishForm.PAGE,
        _consent(offered if label else (), language),
        latest_issue=typed.latest, cost=2 if embedded else 1,
        own_wording=wording.own_of(offered, language) if label else "",
    )  # fmt: skip
    try:
        fits = taken_in(site, request, asking)
    except BadInput:
        wrong = _("There is no mail at this domain. Please look at the address once more.")
        return _form(site, offered, language, label, replace(typed, wrong=wrong), status=422)
    return _sent(site, language, typed.address, wanted[0]) if fits else enough(site, language)


def _pace(site: Site, form: Form) -> tuple[bool, bool]:
    """Tell whether the form is one on another site, and whether it was looked at as long as people need."""
    if not form.has("stamp"):
        return True, True
    try:
        shown = site.keyring.read_link(Purpose.FORM, form.get("stamp")).delivery_id
    except BadToken:
        return False, False
    age = site.clock().timestamp() - shown
    return False, TOO_FAST.total_seconds() <= age <= STALE.total_seconds()


def _form(
    site: Site, offered: tuple[Publication, ...], language: str, label: str, typed: Typed, *, status: int = 200
) -> Response:
    return site.show(
        "join.html", language, status=status, offered=offered, one=offered[0] if label else None,
        name=cited(offered[0]), typed=typed, action=site.links.join_path(label), stamp=_stamp(site, site.clock()),
        consent=_consent(offered if label else (), language), imprint=offered[0].profile.imprint,
        lost_link=site.links.lost_link_path,
    )  # fmt: skip


def _stamp(site: Site, now: datetime) -> str:
    return site.keyring.link(Purpose.FORM, LinkClaims(0, 0, int(now.timestamp())))


def _consent(publications: tuple[Publication, ...], language: str) -> str:
    """Return the sentence that pressing the button means, for what the form itself names."""
    if not publications:
        return wording.consent_to_ticked(language)
    _ = words(language)
    names = _.spell(publication.name for publication in publications)
    own = wording.own_of(publications, language)
    return wording.consent(language, publications[0].profile.masthead.publisher, names, own=own)


def _sent(site: Site, language: str, address: str, publication: Publication) -> Response:
    return site.show("sent.html", language, address=address, name=cited(publication), days=wishes.UNCONFIRMED.days)


def _language(request: Request, wanted: str, offered: tuple[Publication, ...], label: str) -> str:
    if wanted:
        return spoken(wanted)
    return spoken(offered[0].profile.language) if label else preferred(request.headers.get("accept-language", ""))
