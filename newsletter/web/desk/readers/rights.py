"""What the team does for a reader who asks for it: end a subscription, note an objection, erase, never write again."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from newsletter.delivery import forgetting
from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import NotFound
from newsletter.team.roles import Permission
from newsletter.web.auth import NOTHING_HERE, VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import words_of
from newsletter.web.desk.readers.person import person_page
from newsletter.web.desk.readers.scope import ScopeDep, governed, reader, ties
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.workplace import SessionDep, WorkplaceDep
from subscribers import erasure, subscriptions, suppression
from subscribers.models import SuppressionReason

router = APIRouter()
UNSURE = N_("Tick that you are sure; what is erased cannot be brought back.")
NO_REASON = N_("Say in a few words why this address must not be written to.")


@router.post("/{reader_id}/subscriptions/{publication_id}/end")
def end(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, publication_id: int, place: WorkplaceDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """End one subscription; only the reader can begin it again."""
    person = reader(session, scope, reader_id)
    tied = {each.id: each for _, each in ties(session, person) if visitor.may(Permission.READERS, each.id)}
    if publication_id not in tied:
        raise NotFound(NOTHING_HERE)
    now, publication = place.clock(), tied[publication_id]
    ended = subscriptions.unsubscribe(
        session, person.id, publication_id, now=now, reason="team", source=f"desk: {visitor.address}"
    )
    if ended:
        record(session, at=now, actor=visitor.address, deed="reader.unsubscribe", subject=f"subscriber:{person.id}",
               newsletter=publication.label)  # fmt: skip
    said = N_("The subscription to %(name)s has ended.") if ended else N_("It had ended already.")
    return back_to(request, f"{scope.path}/{person.id}", words_of(request, visitor)(said, name=publication.name))


@router.post("/{reader_id}/object")
def note_objection(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, session: SessionDep
) -> Response:
    """End everything and never write to the person again (GDPR 21)."""
    person = governed(session, visitor, scope, reader_id)
    now = place.clock()
    erasure.object_to_mail(session, person.id, now=now, source=f"desk: {visitor.address}")
    record(session, at=now, actor=visitor.address, deed="reader.object", subject=f"subscriber:{person.id}")
    said = N_("Noted. This person gets no mail any more.")
    return back_to(request, f"{scope.path}/{person.id}", words_of(request, visitor)(said))


@router.post("/{reader_id}/suppress")
def suppress(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Put the address on the do-not-mail list, with a reason in the team's words."""
    person = governed(session, visitor, scope, reader_id)
    reason, now = " ".join(form.get("reason").split()), place.clock()
    if not reason:
        return person_page(request, visitor, session, scope, person, sentence=NO_REASON)
    added = suppression.suppress(session, person.address, reason=SuppressionReason.REQUEST, now=now, details=reason)
    record(session, at=now, actor=visitor.address, deed="reader.suppress", subject=f"subscriber:{person.id}",
           reason=reason)  # fmt: skip
    said = N_("It is on the do-not-mail list.") if added else N_("It was on the do-not-mail list already.")
    return back_to(request, f"{scope.path}/{person.id}", words_of(request, visitor)(said))


@router.post("/{reader_id}/erase")
def erase(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Forget the person for good (GDPR 17); what stays is a keyed hash, so that no import brings the address back."""
    person = governed(session, visitor, scope, reader_id)
    if form.get("sure") != "yes":
        return person_page(request, visitor, session, scope, person, sentence=UNSURE)
    forgetting.erase(session, person.id, keyring=place.settings.keyring, now=place.clock(), by=visitor.address)
    said = N_("The person is erased. The do-not-mail list remembers a hash, so that no import brings the address back.")
    return back_to(request, scope.path, words_of(request, visitor)(said))
