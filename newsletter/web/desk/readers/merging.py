"""Merging at the desk: two readers side by side, and what becomes of them when they are one."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from newsletter.delivery import merging
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.mail.address import address_key
from newsletter.web.auth import VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.readers.listing import STATES
from newsletter.web.desk.readers.person import person_page
from newsletter.web.desk.readers.scope import ScopeDep, governed, ties
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.workplace import SessionDep, WorkplaceDep
from subscribers.models import Subscriber

router = APIRouter()
NOBODY = N_("There is no other reader of yours at this address.")


@router.post("/{reader_id}/merge")
def merge(
    request: Request, visitor: VisitorDep, scope: ScopeDep, reader_id: int, place: WorkplaceDep, form: FormDep,
    session: SessionDep,
) -> Response:  # fmt: skip
    """Show both first; with the word that they are one, make them one. It cannot be undone."""
    kept = governed(session, visitor, scope, reader_id)
    try:
        key = address_key(form.get("address").strip())
        found = session.scalar(select(Subscriber.id).where(Subscriber.address_key == key))
        if found is None:
            raise BadInput(NOBODY)
        other = governed(session, visitor, scope, found)
        if form.get("act") == "merge":
            merging.merge(session, kept.id, other.id, by=visitor.address, now=place.clock())
            said = words_of(request, visitor)(N_("The two are one reader now."))
            return back_to(request, f"{scope.path}/{kept.id}", said)
        if other.id == kept.id:
            raise BadInput(N_("That is the same reader."))
    except NotFound:
        return person_page(request, visitor, session, scope, kept, sentence=NOBODY)
    except (BadInput, Conflict) as error:
        return person_page(request, visitor, session, scope, kept, sentence=str(error))
    return page(
        request, visitor, "desk/readers/merge.html", publication=scope.publication, scope=scope, zone=scope.zone,
        kept=kept, other=other, both=[(each, ties(session, each)) for each in (kept, other)], states=STATES,
    )  # fmt: skip
