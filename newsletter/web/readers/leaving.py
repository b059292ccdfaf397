"""Leaving: the page and the one-click POST behind a mail's unsubscribe link (RFC 8058), and the question why."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import spoken, words
from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import LinkClaims
from newsletter.mail.address import masked
from newsletter.publications import Publication
from newsletter.web.problems import PAGE_HEADERS, BadForm
from newsletter.web.readers.forms import NOT_WHOLE, Form, read_form
from newsletter.web.readers.site import Site, cited
from newsletter.web.workplace import TurnDep
from subscribers import erasure, goodbyes, merging, subscriptions
from subscribers.models import LeavingReason, Subscriber, Subscription, SubscriptionState


def router(site: Site) -> APIRouter:
    """Return the routes of ``/u/``."""
    routes = APIRouter()

    @routes.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask_whether_to_leave(token: str) -> Response:
        claims = site.links.read_unsubscribe(token)
        with site.database.read() as session:
            person, publication = whose(session, claims)
            state = _state(session, person, publication)
        gone = state in {None, SubscriptionState.ENDED}
        return _show(site, "not_reading.html" if gone else "unsubscribe.html", person, publication, claims)

    @routes.post("/u/{token}")
    def leave(token: str, form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        claims = site.links.read_unsubscribe(token)
        if form.get("act") == "why":
            return _keep_reason(site, claims, form)
        if not form.is_one_click and form.get("act") != "leave":
            return ask_whether_to_leave(token)
        now = site.clock()
        with site.database.write() as session:
            person, publication = whose(session, claims)
            news = subscriptions.unsubscribe(
                session, person.id, publication.id, now=now, reason="one_click" if form.is_one_click else "page",
                delivery_id=claims.delivery_id,
            )  # fmt: skip
            if news:
                site.on_unsubscribed(session, claims.delivery_id, now)
                goodbyes.say_goodbye(
                    session, person.id, [publication.id], links=site.links, keyring=site.keyring, now=now
                )
        if form.is_one_click:
            _ = words(spoken(person.language, publication.profile.language))
            done = _("You are unsubscribed from %(name)s.", name=publication.name)
            return PlainTextResponse(done + "\n", headers=PAGE_HEADERS)
        return _show(site, "left.html", person, publication, claims, tuple(LeavingReason))

    return routes


def whose(session: Session, claims: LinkClaims) -> tuple[Subscriber, Publication]:
    """Return who and what a link is about, for a merged reader the one there is now.

    A deleted or erased reader's link is answered like a forged one.
    """
    person = merging.followed(session, claims.subscriber_id)
    publication = session.get(Publication, claims.publication_id)
    if person is None or publication is None or erasure.is_erased(person):
        raise BadToken
    return person, publication


def _keep_reason(site: Site, claims: LinkClaims, form: Form) -> Response:
    given = form.get("reason")
    if given and given not in set(LeavingReason):
        raise BadForm(NOT_WHOLE)
    with site.database.write() as session:
        person, publication = whose(session, claims)
        goodbyes.say_why(
            session, person.id, publication.id, reason=LeavingReason(given) if given else None,
            words=form.get("words"),
        )  # fmt: skip
    return _show(site, "left.html", person, publication, claims, thanked=True)


def _state(session: Session, person: Subscriber, publication: Publication) -> SubscriptionState | None:
    return session.scalar(
        select(Subscription.state).where(
            Subscription.subscriber_id == person.id, Subscription.publication_id == publication.id
        )
    )


def _show(
    site: Site, template: str, person: Subscriber, publication: Publication, claims: LinkClaims,
    reasons: Sequence[LeavingReason] = (), *, thanked: bool = False,
) -> Response:  # fmt: skip
    return site.show(
        template, spoken(person.language, publication.profile.language), address=masked(person.address),
        publication=publication, name=cited(publication), action=site.links.unsubscribe_path(claims),
        preferences=site.links.preferences_path(claims), reasons=reasons, thanked=thanked,
    )  # fmt: skip
