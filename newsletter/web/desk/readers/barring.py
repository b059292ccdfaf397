"""The do-not-mail list at the desk: seen, searched, added to; taking somebody off is for the reader alone."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import VisitorDep
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import page, words_of
from newsletter.web.desk.readers.person import REASONS
from newsletter.web.desk.readers.scope import Scope, ScopeDep, governs, ties
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.problems import BadForm, FormTooLong
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, Workplace, WorkplaceDep
from subscribers import barred, suppression
from subscribers.list_file import look_at
from subscribers.models import Subscriber, SuppressionReason

router = APIRouter(prefix="/do-not-mail")
MOST_BYTES = 50_000_000
TAKEN_OVER = N_(
    "%(added)s addresses are new on the list, %(known)s were on it; %(wrong)s entries with an @ are no address."
)
NOT_YOURS = N_("There is no reader at this address whose newsletters are all yours to look after.")
FOR_ALL = N_("The list holds for all newsletters; whoever looks after all readers can take over another system’s.")
NO_REASON = N_("Say in a few words why this address must not be written to.")


@router.get("")
def show(
    request: Request, visitor: VisitorDep, scope: ScopeDep, session: SessionDep,
    q: Annotated[str, Query(max_length=254)] = "",
    before: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> Response:  # fmt: skip
    """Show fifty addresses, the newest first."""
    return _page(request, visitor, session, scope, words=q, before=before)


@router.post("")
def add(
    request: Request, visitor: VisitorDep, scope: ScopeDep, place: WorkplaceDep, form: FormDep, session: SessionDep
) -> Response:
    """Put one address on the list, with a reason in the team's words."""
    reason, now = " ".join(form.get("reason").split()), place.clock()
    try:
        if not reason:
            raise BadInput(NO_REASON)
        _check_reader(session, visitor, form.get("address").strip())
        added = suppression.suppress(
            session, form.get("address").strip(), reason=SuppressionReason.REQUEST, now=now, details=reason
        )
    except BadInput as error:
        return _page(request, visitor, session, scope, typed=form, sentence=str(error))
    record(session, at=now, actor=visitor.address, deed="reader.suppress", subject="suppression", reason=reason)
    said = N_("It is on the do-not-mail list.") if added else N_("It was on the do-not-mail list already.")
    return back_to(request, f"{scope.path}/do-not-mail", words_of(request, visitor)(said))


@router.post("/import")
async def take_over(request: Request, visitor: VisitorDep, scope: ScopeDep, place: WorkplaceDep) -> Response:
    """Take over another system's list: a file whose cells hold addresses, whatever else they hold."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise BadForm("The form did not say how long it is; please try again.")
    if int(length) > MOST_BYTES:
        raise FormTooLong("That is more than any list of addresses.")
    async with request.form(max_files=1, max_fields=5) as form:
        given, source = form.get("file"), form.get("source")
        file = given.file if isinstance(given, UploadFile) and given.filename else None
        return await run_in_threadpool(
            _take_over, request, visitor, scope, place, file, source if isinstance(source, str) else ""
        )


def _take_over(
    request: Request, visitor: Visitor, scope: Scope, place: Workplace, file: IO[bytes] | None, source: str
) -> Response:
    said, now = " ".join(source.split()), place.clock()
    _ = words_of(request, visitor)
    try:
        if not visitor.may(Permission.READERS, None):
            raise BadInput(FOR_ALL)
        if file is None or not said:
            raise BadInput(N_("Choose a file, and say which system its list is from."))
        addresses = _addresses(file)
        with place.database.write() as session:
            added, known, wrong = barred.add_all(session, addresses, now=now, details=said)
            if not added + known:
                raise BadInput(N_("There is no address in this file."))
            record(session, at=now, actor=visitor.address, deed="readers.suppress", subject="suppression",
                   source=said, added=added, known=known)  # fmt: skip
    except BadInput as error:
        with place.database.read() as session:
            return _page(request, visitor, session, scope, sentence=str(error))
    sentence = _(
        TAKEN_OVER, added=_.number(added), known=_.number(known), wrong=_.number(len(wrong)),
    )  # fmt: skip
    return back_to(request, f"{scope.path}/do-not-mail", sentence)


def _check_reader(session: Session, visitor: Visitor, address: str) -> None:
    """Raise ``BadInput`` unless *visitor* looks after all that whoever has *address* reads: it stops all of that.

    The same of an address that nobody has, so that nobody finds out who reads other newsletters.
    """
    if visitor.may(Permission.READERS, None):
        return
    person = session.scalar(select(Subscriber).where(Subscriber.address_key == address_key(address)))
    if person is None or not governs(visitor, ties(session, person)):
        raise BadInput(NOT_YOURS)


def _addresses(file: IO[bytes]) -> list[str]:
    """Return every cell with an @; raise ``BadInput`` for what is no table."""
    with tempfile.TemporaryDirectory(prefix="newsletter-import-") as folder:
        path = Path(folder) / "list"
        with path.open("wb") as out:
            shutil.copyfileobj(file, out)
        return [cell.strip() for row in look_at(path).rows() for cell in row.cells if "@" in cell]


def _page(
    request: Request, visitor: Visitor, session: Session, scope: Scope, *, words: str = "", before: int = 0,
    typed: Form = Form(), sentence: str = "",
) -> Response:  # fmt: skip
    entries, onward = barred.listed(session, scope.publication_id, words=words, before=before)
    said = words_of(request, visitor)(sentence)
    return page(
        request, visitor, "desk/readers/barred.html", status=422 if sentence else 200, publication=scope.publication,
        scope=scope, zone=scope.zone, entries=entries, onward=onward, words=words.strip(), before=before,
        reasons=REASONS, total=barred.count(session, scope.publication_id),
        takes_lists=visitor.may(Permission.READERS, None),
        form=filled(dict(typed.fields), wrong={"": said} if said else None, summary=said),
    )  # fmt: skip
