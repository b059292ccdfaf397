"""The pages behind a mail's links: leaving (RFC 8058) and choosing. A GET shows, a POST acts, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from sqlalchemy.orm import Session

from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import BadToken
from newsletter.kit.templating import bundled, environment
from newsletter.kit.tokens import LinkClaims
from newsletter.publications import Publication
from newsletter.web.problems import PAGE_HEADERS, BadForm
from newsletter.web.readers.forms import NOT_WHOLE, Form, read_form
from newsletter.web.readers.views import ReaderPage, leaving, with_language
from subscribers import preferences, subscriptions
from subscribers.links import ReaderLinks
from subscribers.models import Format, Subscriber
from subscribers.preferences import Changes

OnUnsubscribed = Callable[[Session, int, datetime], object]
"""Told in the same transaction that the reader left through a delivery (0: from none)."""
STYLESHEET_CACHE = "public, max-age=3600"


def router(
    *, database: Database, links: ReaderLinks, clock: Clock, on_unsubscribed: OnUnsubscribed = lambda *_: None
) -> APIRouter:
    """Return the readers' routes. Their errors are answered by ``problems.install``."""
    # Each endpoint opens its session itself and leaves it before it answers. A session handed in by a dependency would
    # be waited for in one thread and used in another: forty waiting for the one writer could block the one who has it.
    routes = APIRouter()
    pages = environment("readers")

    def show(page: ReaderPage) -> Response:
        return HTMLResponse(pages.get_template(page.template).render(page=page, root=links.root), headers=PAGE_HEADERS)

    @routes.api_route("/u/{token}", methods=["GET", "HEAD"])
    def ask_whether_to_leave(token: str) -> Response:
        claims = links.read_unsubscribe(token)
        with database.read() as session:
            person, publication = _whose(session, claims)
            page = leaving(session, person, publication, links=links, claims=claims)
        return show(page)

    @routes.post("/u/{token}")
    def leave(token: str, form: Form = Depends(read_form)) -> Response:
        claims = links.read_unsubscribe(token)
        if not form.is_one_click and form.get("act") != "leave":
            return ask_whether_to_leave(token)
        reason = "one_click" if form.is_one_click else "page"
        now = clock()
        with database.write() as session:
            person, publication = _whose(session, claims)
            news = subscriptions.unsubscribe(
                session, person.id, publication.id, now=now, reason=reason, delivery_id=claims.delivery_id
            )
            if news:
                on_unsubscribed(session, claims.delivery_id, now)
            page = leaving(session, person, publication, links=links, claims=claims, just_left=True)
        if form.is_one_click:
            done = page.words.one_click_done.format(publication=page.publication)
            return PlainTextResponse(done + "\n", headers=PAGE_HEADERS)
        return show(page)

    @routes.api_route("/p/{token}", methods=["GET", "HEAD"])
    def show_choices(token: str) -> Response:
        claims = links.read_preferences(token)
        with database.read() as session:
            person, publication = _whose(session, claims)
            view = preferences.look_up(session, person.id, now=clock())
            language = publication.profile.language
        return show(with_language(view, language, links=links, claims=claims))

    @routes.post("/p/{token}")
    def change_choices(token: str, form: Form = Depends(read_form)) -> Response:
        claims = links.read_preferences(token)
        if form.get("act") not in {"save", "leave-all"}:
            return show_choices(token)
        now = clock()
        with database.write() as session:
            person, publication = _whose(session, claims)
            changes = _carry_out(session, claims, form, now=now)
            if publication.id in changes.left_ids:
                on_unsubscribed(session, claims.delivery_id, now)
            view = preferences.look_up(session, person.id, now=now)
            language = publication.profile.language
        return show(with_language(view, language, links=links, claims=claims, changes=changes))

    @routes.options("/u/{token}")
    @routes.options("/p/{token}")
    def options(token: str) -> Response:
        return Response(status_code=204, headers={**PAGE_HEADERS, "Allow": "GET, HEAD, OPTIONS, POST"})

    @routes.api_route("/readers.css", methods=["GET", "HEAD"])
    def stylesheet(request: Request) -> Response:
        css = (bundled("templates") / "readers" / "readers.css").read_bytes()
        return Response(
            css,
            media_type="text/css",
            headers={"Cache-Control": STYLESHEET_CACHE},
        )

    return routes


def _whose(session: Session, claims: LinkClaims) -> tuple[Subscriber, Publication]:
    """Return who and what a link is about; a deleted reader's link is answered like a forged one."""
    person = session.get(Subscriber, claims.subscriber_id)
    publication = session.get(Publication, claims.publication_id)
    if person is None or publication is None:
        raise BadToken
    return person, publication


def _carry_out(session: Session, claims: LinkClaims, form: Form, *, now: datetime) -> Changes:
    reader, delivery = claims.subscriber_id, claims.delivery_id
    if form.get("act") == "leave-all":
        return preferences.leave_all(session, reader, now=now, delivery_id=delivery)
    wanted = form.get("format")
    if wanted and wanted not in set(Format):
        raise BadForm(NOT_WHOLE)
    return preferences.save(
        session, reader, shown=form.numbers("shown"), ticked=form.numbers("take"),
        wanted=Format(wanted) if wanted else None, now=now, delivery_id=delivery,
    )  # fmt: skip
