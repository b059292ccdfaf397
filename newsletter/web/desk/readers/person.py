"""One reader at the desk: what is held about the person, in one timeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery import dossier
from newsletter.delivery.consent_pages import KINDS, consent_page
from newsletter.delivery.states import DeliveryState, DispatchKind, EventKind, SkipReason
from newsletter.delivery.timeline import timeline
from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_, spoken
from newsletter.kit.errors import BadInput, Conflict
from newsletter.publications import Publication
from newsletter.rendering.consent_pdf import consent_pdf
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import PAGE_HEADERS, page, words_of
from newsletter.web.desk.readers.listing import STATES
from newsletter.web.desk.readers.scope import Scope, ScopeDep, governed, governs, reader, ties
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.workplace import SessionDep, TurnDep, WorkplaceDep
from subscribers import choices, evidence, merging, own_fields, tagging
from subscribers.models import ConsentBasis, Format, Subscriber, SubscriptionState, Suppression, SuppressionReason

router = APIRouter()
BASES = {
    ConsentBasis.DOUBLE_OPT_IN: N_("asked and confirmed by mail"),
    ConsentBasis.SOFT_OPT_IN: N_("customer, told when buying"),
    ConsentBasis.CONTRACT: N_("part of what was agreed"),
    ConsentBasis.IMPORTED_WITH_EVIDENCE: N_("agreed elsewhere; the proof is kept there"),
}
REASONS = {
    SuppressionReason.DEAD_MAILBOX: N_("no such mailbox"),
    SuppressionReason.BOUNCING: N_("came back too often"),
    SuppressionReason.COMPLAINT: N_("marked a mail as spam"),
    SuppressionReason.REQUEST: N_("asked not to be written to"),
    SuppressionReason.ERASED: N_("erased"),
    SuppressionReason.IMPORTED: N_("from another system’s list"),
    SuppressionReason.MERGED: N_("gets mail at another address"),
}
FORMATS = {
    Format.HTML: N_("Web mail with pictures"),
    Format.TEXT: N_("Text alone"),
    Format.NOTICE: N_("A short note with links"),
    Format.PDF: N_("With the PDF attached"),
}
ENDINGS = {
    "one_click": N_("with one click in the mail program"),
    "page": N_("on our page"),
    "all": N_("left everything"),
    "complaint": N_("marked a mail as spam"),
    "lapsed": N_("the membership ended"),
    "team": N_("taken off by the team"),
    "objected": N_("objected to any mail"),
    "erased": N_("erased"),
    "unconfirmed": N_("never confirmed"),
}
MAILS = {
    DispatchKind.ISSUE: N_("Issue"),
    DispatchKind.CORRECTION: N_("Correction"),
    DispatchKind.TEST: N_("Test"),
    DispatchKind.DIGEST: N_("Digest"),
    DispatchKind.NOTICE: N_("Letter"),
    DispatchKind.WELCOME: N_("Welcome with the latest issue"),
}
DELIVERIES = {
    DeliveryState.PLANNED: N_("waits to be sent"),
    DeliveryState.CLAIMED: N_("waits to be sent"),
    DeliveryState.SENDING: N_("is being sent"),
    DeliveryState.ACCEPTED: N_("handed to the mail server"),
    DeliveryState.REFUSED: N_("returned"),
    DeliveryState.EXPIRED: N_("given up after four days"),
    DeliveryState.CANCELLED: N_("not sent: the sending was ended"),
    DeliveryState.SKIPPED: N_("not sent"),
    DeliveryState.HELD: N_("in doubt; may have arrived"),
}
SKIPS = {
    SkipReason.UNSUBSCRIBED: N_("had left"),
    SkipReason.SUPPRESSED: N_("is on the do-not-mail list"),
    SkipReason.PAUSED: N_("had paused"),
    SkipReason.LAPSED: N_("the membership had ended"),
}
EVENTS = {
    EventKind.BOUNCED: N_("The mail came back"),
    EventKind.COMPLAINED: N_("Marked the mail as spam"),
    EventKind.UNSUBSCRIBED: N_("Left through this mail"),
}
WORDS: dict[str, object] = {
    "states": STATES, "bases": BASES, "reasons": REASONS, "endings": ENDINGS, "kinds": KINDS, "mails": MAILS,
    "deliveries": DELIVERIES, "skips": SKIPS, "events": EVENTS, "ended": SubscriptionState.ENDED,
}  # fmt: skip
NOTHING_CHANGED = N_("Nothing was changed.")


@router.get("/{reader_id}")
def show(request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, session: SessionDep) -> Response:
    """Show the person."""
    return person_page(request, visitor, session, scope, reader(session, scope, reader_id))


@router.post("/{reader_id}/corrections")
def correct(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Correct name, language and format; each change is sealed into the consent record."""
    person = reader(session, scope, reader_id)
    said = {name: form.get(name).strip() for name in ("name", "language", "format")}
    source = f"desk: {visitor.address}"
    try:
        with session.begin_nested():  # all or nothing
            changed = choices.set_name(session, person.id, said["name"], now=place.clock(), source=source)
            changed |= choices.set_language(session, person.id, said["language"], now=place.clock(), source=source)
            if said["format"] not in set(Format):
                raise BadInput(N_("Choose how the issues are to arrive."))
            changed |= choices.set_format(session, person.id, Format(said["format"]), now=place.clock(), source=source)
    except BadInput as error:
        return person_page(request, visitor, session, scope, person, typed=said, sentence=str(error))
    if changed:
        _audit(session, visitor, place.clock(), "reader.correct", person)
    return _back(request, visitor, scope, person, N_("Corrected.") if changed else NOTHING_CHANGED)


@router.post("/{reader_id}/record.json")
def take_along(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """Hand out everything that is held about the person as JSON (GDPR 15 and 20)."""
    person = governed(session, visitor, scope, reader_id)
    _audit(session, visitor, place.clock(), "reader.disclose", person, form="json")
    everything = dossier.dossier(session, person.id, now=place.clock())
    return _download(json.dumps(everything, ensure_ascii=False, indent=2).encode(), "application/json", person, "json")


@router.post("/{reader_id}/record.pdf")
def consent_record(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, _turn: TurnDep
) -> Response:
    """Hand out the consent record as a PDF, rendered with no session open."""
    now = place.clock()
    with place.database.write() as session:
        person = governed(session, visitor, scope, reader_id)
        publication = scope.publication or _any_publication(session, person)
        language = spoken(words_of(request, visitor).language)
        content = consent_page(session, person.id, publication.profile, language=language, now=now)
        _audit(session, visitor, now, "reader.disclose", person, form="pdf")
    return _download(consent_pdf(content), "application/pdf", person, "pdf")


def person_page(
    request: Request, visitor: Visitor, session: Session, scope: Scope, person: Subscriber, *,
    typed: Mapping[str, str] | None = None, sentence: str = "", status: int = 422, **more: object,
) -> Response:  # fmt: skip
    """Return the page of a reader; *typed* and *sentence* are of a form that could not be taken."""
    tied = ties(session, person)
    whole = governs(visitor, tied)
    seen = None if whole else {each.id for _, each in tied if visitor.may(Permission.READERS, each.id)}
    moments, is_longer = timeline(session, person.id, seen=seen)
    said = words_of(request, visitor)(sentence)
    formats = [(form.value, words_of(request, visitor)(name)) for form, name in FORMATS.items()]
    noted = {f"field-{field}": shown for field, shown in own_fields.values_of(session, person.id).items()}
    values = (
        noted | {"name": person.name, "language": person.language, "format": person.format.value} | dict(typed or {})
    )
    return page(
        request, visitor, "desk/readers/person.html", status=status if sentence else 200, publication=scope.publication,
        scope=scope, zone=scope.zone, person=person, whole=whole,
        tied=[(tie, each) for tie, each in tied if seen is None or each.id in seen],
        others=0 if seen is None else len(tied) - len(seen),
        barred=session.scalar(select(Suppression).where(Suppression.address_key == person.address_key)),
        sound=evidence.verify_chain(session, person.id), moments=moments, is_longer=is_longer,
        form=filled(values, wrong={"": said} if said else None, summary=said), formats=formats,
        tags=tagging.of_reader(session, person.id), known_tags=tagging.every(session),
        fields=own_fields.every(session), alike=merging.alike(session, person, scope.publication_id), **WORDS, **more,
    )  # fmt: skip


def _any_publication(session: Session, person: Subscriber) -> Publication:
    """Return a newsletter in whose name a record can be handed out."""
    tied = ties(session, person)
    found = tied[0][1] if tied else session.scalar(select(Publication).order_by(Publication.id).limit(1))
    if found is None:
        raise Conflict(N_("There is no newsletter in whose name the record could be handed out."))
    return found


def _audit(session: Session, visitor: Visitor, now: datetime, deed: str, person: Subscriber, **details: object) -> None:
    record(session, at=now, actor=visitor.address, deed=deed, subject=f"subscriber:{person.id}", **details)


def _back(request: Request, visitor: Visitor, scope: Scope, person: Subscriber, sentence: str) -> Response:
    return back_to(request, f"{scope.path}/{person.id}", words_of(request, visitor)(sentence))


def _download(data: bytes, media_type: str, person: Subscriber, ending: str) -> Response:
    headers = {
        **PAGE_HEADERS,
        "Content-Disposition": f'attachment; filename="reader-{person.id}.{ending}"',
    }
    return Response(data, media_type=media_type, headers=headers)
