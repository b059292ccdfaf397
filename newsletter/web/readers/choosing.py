"""Choosing: the page of everything a reader may choose, behind a mail's link, and the way to a lost link."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import languages, preferred, spoken, words
from newsletter.kit.errors import BadInput
from newsletter.kit.tokens import LinkClaims
from newsletter.publications import every
from newsletter.web.problems import BadForm
from newsletter.web.readers.forms import NOT_WHOLE, Form, read_form
from newsletter.web.readers.joining import enough, taken_in
from newsletter.web.readers.leaving import whose
from newsletter.web.readers.site import Site
from newsletter.web.workplace import TurnDep
from subscribers import goodbyes, letters, limits, mailed_links, preferences, suppression
from subscribers.models import Format, LinkKind, Rhythm, Subscriber, WishForm, WishKind
from subscribers.preferences import Changes, Choice, Wanted
from subscribers.subscriptions import LONGEST_PAUSE
from subscribers.wishes import Asking

MAIL_LINK = "mail-link"


def router(site: Site) -> APIRouter:
    """Return the routes of ``/p/`` and ``/link/``."""
    routes = APIRouter()

    @routes.api_route("/p/{token}", methods=["GET", "HEAD"])
    def show_choices(token: str) -> Response:
        return _page(site, site.links.read_preferences(token))

    @routes.post("/p/{token}")
    def change_choices(token: str, form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        claims = site.links.read_preferences(token)
        act = form.get("act")
        if act == MAIL_LINK:
            _mail_link(site, claims)
            return _page(site, claims, mailed=True)
        if act not in {"save", "leave-all"}:
            return _page(site, claims)
        now = site.clock()
        try:
            with site.database.write() as session:
                person, publication = whose(session, claims)
                changes = _carry_out(session, person.id, claims.delivery_id, form, now=now)
                if publication.id in changes.left_ids:
                    site.on_unsubscribed(session, claims.delivery_id, now)
                goodbyes.say_goodbye(
                    session, person.id, changes.left_ids, links=site.links, keyring=site.keyring, now=now
                )
        except BadInput as error:
            if isinstance(error, BadForm):
                raise
            return _page(site, claims, wrong=True, status=422)
        return _page(site, claims, changes=changes)

    @routes.api_route("/link/", methods=["GET", "HEAD"])
    def ask_for_link(request: Request, lang: str = "") -> Response:
        return site.show("lost_link.html", _language(request, lang), wrong=False, address="")

    @routes.post("/link/")
    def mail_lost_link(request: Request, form: Form = Depends(read_form), turn: TurnDep = None) -> Response:
        language = _language(request, form.get("lang"))
        address = form.get("address").strip()
        with site.database.read() as session:
            publications = every(session)[:1]
        if not publications or form.get("website"):
            return site.show("asked_for_link.html", language)
        asking = Asking(WishKind.LINK, address, tuple(publications), language, WishForm.PAGE, "")
        try:
            fits = taken_in(site, request, asking)
        except BadInput:
            return site.show("lost_link.html", language, status=422, wrong=True, address=address[:254])
        return site.show("asked_for_link.html", language) if fits else enough(site, language)

    return routes


def _language(request: Request, wanted: str) -> str:
    return spoken(wanted) if wanted else preferred(request.headers.get("accept-language", ""))


def _page(
    site: Site, claims: LinkClaims, *, changes: Changes | None = None, mailed: bool = False, wrong: bool = False,
    status: int = 200,
) -> Response:  # fmt: skip
    now = site.clock()
    with site.database.read() as session:
        person, publication = whose(session, claims)
        view = preferences.look_up(session, person.id, now=now)
    language = spoken(view.language, publication.profile.language)
    tomorrow = now.date() + timedelta(days=1)
    return site.show(
        "preferences.html", language, status=status, view=view, action=site.links.preferences_path(claims),
        news=None if changes is None else _news(language, changes), mailed=mailed, wrong=wrong,
        formats=list(Format), rhythms=list(Rhythm), zone=ZoneInfo(publication.profile.time_zone),
        languages=[(code, Locale.parse(code).display_name) for code in languages()],
        first_day=tomorrow.isoformat(), last_day=(now + LONGEST_PAUSE - timedelta(days=1)).date().isoformat(),
    )  # fmt: skip


def _carry_out(session: Session, reader: int, delivery: int, form: Form, *, now: datetime) -> Changes:
    if form.get("act") == "leave-all":
        return preferences.leave_all(session, reader, now=now, delivery_id=delivery)
    view = preferences.look_up(session, reader, now=now)
    return preferences.save(
        session, reader, shown=form.numbers("shown"), ticked=form.numbers("take"), wanted=_wanted(form, view.choices),
        now=now, delivery_id=delivery,
    )  # fmt: skip


def _wanted(form: Form, choices: tuple[Choice, ...]) -> Wanted:
    """Return what the form says beside ticks; what is not in it stays as it is. Raises ``BadForm`` and ``BadInput``."""
    format_, language = form.get("format"), form.get("language")
    rhythms, pauses = {}, {}
    for choice in choices:
        rhythm, pause = f"rhythm-{choice.publication_id}", f"pause-{choice.publication_id}"
        if form.has(rhythm):
            if form.get(rhythm) not in set(Rhythm):
                raise BadForm(NOT_WHOLE)
            rhythms[choice.publication_id] = Rhythm(form.get(rhythm))
        if form.has(pause):
            pauses[choice.publication_id] = _until(form.get(pause), choice.time_zone)
    if (format_ and format_ not in set(Format)) or (language and language not in languages()):
        raise BadForm(NOT_WHOLE)
    return Wanted(
        format=Format(format_) if format_ else None,
        language=language if form.has("language") else None,
        rhythms=rhythms,
        pauses=pauses,
    )


def _until(day: str, time_zone: str) -> datetime | None:
    """Return the morning on which a pause ends, on the publication's clocks; None: no pause."""
    if not day.strip():
        return None
    try:
        parsed = datetime.strptime(day.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  # a day on a calendar
    except ValueError as error:
        raise BadInput("This is no day.") from error
    return datetime.combine(parsed, time(), ZoneInfo(time_zone))


def _mail_link(site: Site, claims: LinkClaims) -> None:
    """Mail the reader a link to the data; beyond a handful a day nothing is mailed, and the page says the same."""
    now = site.clock()
    with site.database.write() as session:
        person, publication = whose(session, claims)
        # Mail for somebody who wants no mail would be one too many, but the data are theirs: only they can ask.
        if not limits.take(
            session, limits.PERSON, limits.hidden(site.keyring, "person", str(person.id)), now=now
        ) or _is_dead(session, person):
            return
        made = mailed_links.make(
            session, LinkKind.RIGHTS, subscriber_id=person.id, publication_id=publication.id, now=now
        )
        letter = letters.rights_link(spoken(person.language, publication.profile.language), url=site.links.mailed(made))
        letter.send(session, publication, person.address, now=now, subscriber_id=person.id)


def _is_dead(session: Session, person: Subscriber) -> bool:
    reason = suppression.reason_for(session, person.address_key)
    return reason in suppression.UNREACHABLE


def _news(language: str, changes: Changes) -> list[str]:
    _ = words(language)
    sentences = []
    if changes.joined:
        sentences.append(_("You now receive: %(names)s.", names=_.spell(changes.joined)))
    if changes.left:
        sentences.append(_("You no longer receive: %(names)s.", names=_.spell(changes.left)))
    if changes.paused:
        sentences.append(_("Paused: %(names)s.", names=_.spell(changes.paused)))
    if changes.resumed:
        sentences.append(_("Comes again: %(names)s.", names=_.spell(changes.resumed)))
    if changes.others:
        sentences.append(_("Your wishes hold from the next issue on."))
    return sentences or [_("Nothing has changed.")]
