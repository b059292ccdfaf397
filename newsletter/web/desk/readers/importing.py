"""Imports at the desk: a list is handed in, its columns are named, tried out and brought in, with a report."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict
from newsletter.publications import Publication
from newsletter.team.sessions import Visitor
from newsletter.web.auth import PublicationDep, VisitorDep, publication_called
from newsletter.web.desk.flash import back_to
from newsletter.web.desk.forms import filled
from newsletter.web.desk.page import PAGE_HEADERS, page, words_of
from newsletter.web.desk.readers.person import BASES
from newsletter.web.desk.readers.scope import Scope
from newsletter.web.desk.signing_in import FormDep
from newsletter.web.problems import BadForm, FormTooLong
from newsletter.web.readers.forms import Form
from newsletter.web.workplace import SessionDep, TurnDep, Workplace, WorkplaceDep
from subscribers import import_jobs, own_fields
from subscribers.columns import WITHOUT_HEADER
from subscribers.import_jobs import FIELD, MOST_BYTES, TAGS, Settings
from subscribers.import_preview import Preview, guessed, preview
from subscribers.import_tables import ImportJob, ImportStage, PartKind
from subscribers.list_file import ENCODINGS, Row, look_at
from subscribers.models import ConsentBasis
from subscribers.noting import Noting

router = APIRouter(prefix="/import")
SHOWN_ROWS = 4
LISTED = 20
STAGES = {
    ImportStage.UPLOADED: (N_("Waits for you"), "warn"),
    ImportStage.WAITING: (N_("Waits for its turn"), "waits"),
    ImportStage.RUNNING: (N_("Comes in"), "waits"),
    ImportStage.FINISHED: (N_("Finished"), "good"),
    ImportStage.FAILED: (N_("Broken off"), "bad"),
    ImportStage.CANCELLED: (N_("Given up"), ""),
}
COLUMNS = {
    "address": N_("Address"),
    "name": N_("Name"),
    "first_name": N_("First name"),
    "last_name": N_("Last name"),
    "language": N_("Language"),
    "format": N_("Arrives as"),
    "last_day": N_("Member until"),
    TAGS: N_("Tags, with commas between"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file, as the page shows it."""

    rows: tuple[Row, ...]
    encoding: str
    guessed: dict[int, str]
    has_header: bool


@router.get("")
def every(request: Request, visitor: VisitorDep, publication: PublicationDep, session: SessionDep) -> Response:
    """Show the form that takes a file, and the imports that there were."""
    return _every(request, visitor, session, publication)


@router.post("")
async def hand_in(request: Request, visitor: VisitorDep, place: WorkplaceDep, label: str) -> Response:
    """Take a file; asynchronous, since a slow sender must hold neither a thread nor a session."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise BadForm("The form did not say how long it is; please try again.")
    if int(length) > MOST_BYTES:
        raise FormTooLong("That is more than any list of readers; save the list alone as CSV.")
    async with request.form(max_files=1, max_fields=5) as form:
        given = form.get("file")
        if not isinstance(given, UploadFile) or not given.filename:
            return await run_in_threadpool(_refused, request, visitor, place, label, N_("Choose a file first."))
        return await run_in_threadpool(_keep, request, visitor, place, label, given.filename, given.file)


@router.get("/{job_id}")
def show(
    request: Request, visitor: VisitorDep, label: str, job_id: int, place: WorkplaceDep, _turn: TurnDep
) -> Response:
    """Show the columns to be named, or how far the import has come."""
    with place.database.read() as session:
        publication = publication_called(session, label)
        job = import_jobs.get(session, publication.id, job_id)
        if job.stage is not ImportStage.UPLOADED:
            return page(
                request, visitor, "desk/readers/import_progress.html", publication=publication,
                scope=Scope(publication), job=job, stages=STAGES, so_far=import_jobs.progress_of(session, job),
                ended=job.ended_at is not None,
            )  # fmt: skip
    return _columns(request, visitor, place, publication, job)


@router.post("/{job_id}")
def press(
    request: Request, visitor: VisitorDep, label: str, job_id: int, place: WorkplaceDep, form: FormDep, _turn: TurnDep
) -> Response:
    """Read the file again in another encoding, try it out, have it brought in, or give it up."""
    with place.database.read() as session:
        publication = publication_called(session, label)
        job = import_jobs.get(session, publication.id, job_id)
    path, act = f"{Scope(publication).path}/import", form.get("act")
    _ = words_of(request, visitor)
    try:
        if act == "cancel":
            with place.database.write() as session:
                import_jobs.cancel(session, session.get_one(ImportJob, job.id), now=place.clock())
            return back_to(request, path, _(N_("The import is given up; nothing came in.")))
        if job.stage is not ImportStage.UPLOADED:
            raise Conflict(N_("This import has gone on in the meantime; look at it again."))
        if act == "order":
            with place.database.write() as session:
                import_jobs.order(
                    session, session.get_one(ImportJob, job.id), _settings(form), by=visitor.address, now=place.clock()
                )
            return back_to(request, f"{path}/{job.id}")
        tried = _try_out(place, publication, job, form) if act == "try" else None
        return _columns(request, visitor, place, publication, job, form=form, tried=tried)
    except BadInput as error:
        return _columns(request, visitor, place, publication, job, form=form, sentence=str(error))


@router.get("/{job_id}/report")
def report(publication: PublicationDep, job_id: int, place: WorkplaceDep, session: SessionDep) -> Response:
    """Hand out what became of each row, as CSV."""
    job = import_jobs.get(session, publication.id, job_id)
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="import-{job.id}-report.csv"'}
    body = import_jobs.pieces(place.database, job.id, PartKind.REPORT)
    return StreamingResponse(body, media_type="text/csv; charset=utf-8", headers=headers)


def _keep(request: Request, visitor: Visitor, place: Workplace, label: str, name: str, file: IO[bytes]) -> Response:
    """Look at the file before anything is kept of it; a file that is no list is refused in a sentence."""
    own_name = name.replace("\\", "/").rpartition("/")[2][-120:] or "list"
    with tempfile.TemporaryDirectory(prefix="newsletter-import-") as folder:
        path = import_jobs.path_in(folder, own_name)
        with path.open("wb") as out:
            shutil.copyfileobj(file, out, import_jobs.PIECE)
        try:
            if next(look_at(path).rows(), None) is None:
                raise BadInput(N_("There are no rows in this file."))
        except BadInput as error:
            return _refused(request, visitor, place, label, str(error))
        with place.database.write() as session:
            publication = publication_called(session, label)
            job = import_jobs.begin(
                session, publication.id, file_name=own_name, size=path.stat().st_size, by=visitor.address,
                now=place.clock(),
            )  # fmt: skip
        with path.open("rb") as kept:
            import_jobs.keep(place.database, job.id, kept)
    return back_to(request, f"{Scope(publication).path}/import/{job.id}")


def _refused(request: Request, visitor: Visitor, place: Workplace, label: str, sentence: str) -> Response:
    with place.database.read() as session:
        return _every(request, visitor, session, publication_called(session, label), sentence=sentence)


def _every(
    request: Request, visitor: Visitor, session: Session, publication: Publication, *, sentence: str = ""
) -> Response:
    said = words_of(request, visitor)(sentence)
    jobs = session.scalars(
        select(ImportJob).where(ImportJob.publication_id == publication.id).order_by(ImportJob.id.desc()).limit(LISTED)
    ).all()
    return page(
        request, visitor, "desk/readers/imports.html", status=422 if sentence else 200, publication=publication,
        scope=Scope(publication), jobs=jobs, stages=STAGES,
        form=filled(wrong={"file": said} if said else None, summary=said),
    )  # fmt: skip


def _columns(
    request: Request, visitor: Visitor, place: Workplace, publication: Publication, job: ImportJob, *,
    form: Form = Form(), tried: Preview | None = None, sentence: str = "",
) -> Response:  # fmt: skip
    """Return the page on which the columns are named."""
    _ = words_of(request, visitor)
    with place.database.read() as session:
        fields = own_fields.every(session)
        members = import_jobs.members_only(session, publication.id)
    sample = _sample(place, job, form.get("encoding"), {each.name_key: each.id for each in fields})
    width = max(len(row.cells) for row in sample.rows)
    named = {at: form.get(f"column-{at}") if form.fields else sample.guessed.get(at, "") for at in range(width)}
    offered = [(name, _(word)) for name, word in COLUMNS.items() if members or name != "last_day"]
    offered += [(f"{FIELD}{each.id}", each.name) for each in fields]
    values: dict[str, str] = {"basis": ConsentBasis.IMPORTED_WITH_EVIDENCE.value, "language": "", "evidence": ""}
    values |= {"encoding": sample.encoding, **dict(form.fields)}
    said = _(sentence)
    return page(
        request, visitor, "desk/readers/import.html", status=422 if sentence else 200, publication=publication,
        scope=Scope(publication), job=job, sample=sample, width=width, named=named, offered=offered, tried=tried,
        has_header=form.has("header") if form.fields else sample.has_header,
        bases=[(basis.value, _(word), "") for basis, word in BASES.items()],
        encodings=[(name, name) for name in dict.fromkeys([sample.encoding, "utf-8", "utf-16", *ENCODINGS])],
        form=filled(values, wrong={"": said} if said else None, summary=said),
    )  # fmt: skip


def _sample(place: Workplace, job: ImportJob, encoding: str, fields: dict[str, int]) -> Sample:
    """Return the first rows of the file; raise ``BadInput`` if they cannot be read."""
    with import_jobs.unpacked(place.database, job.id, job.file_name) as path:
        looked_at = look_at(path, encoding=encoding if encoding in {"utf-8", "utf-16", *ENCODINGS} else "")
        rows = tuple(islice(looked_at.rows(), SHOWN_ROWS + 1))
    found, has_header = guessed(rows[0], fields)
    if not has_header and not found:
        found = dict(enumerate(WITHOUT_HEADER))
    return Sample(rows, looked_at.encoding, found, has_header)


def _try_out(place: Workplace, publication: Publication, job: ImportJob, form: Form) -> Preview:
    settings = _settings(form)
    with place.database.read() as session:
        columns = import_jobs.columns_of(session, settings.mapping, has_header=settings.has_header)
        fields = {field.id: field for field in own_fields.every(session)}
        noting = Noting({number: fields[number] for number, _ in columns.fields}, settings.tags, columns.tags >= 0)
        with import_jobs.unpacked(place.database, job.id, job.file_name) as path:
            return preview(
                session, look_at(path, encoding=settings.encoding), columns, publication_id=publication.id,
                keyring=place.settings.keyring, noting=noting,
            )  # fmt: skip


def _settings(form: Form) -> Settings:
    """Return what the form says; raise ``BadInput`` for what cannot be."""
    basis, encoding = form.get("basis"), form.get("encoding")
    if basis not in set(ConsentBasis):
        raise BadInput(N_("Say on what ground these people may be written to."))
    given: Any = {
        name.removeprefix("column-"): value for name, value in form.fields if name.startswith("column-") and value
    }
    return Settings(
        mapping=given, has_header=form.has("header"), basis=ConsentBasis(basis), evidence=form.get("evidence"),
        language=form.get("language").strip(),
        tags=tuple(filter(None, (tag.strip() for tag in form.get("everybody").split(",")))),
        encoding=encoding if encoding in {"utf-8", "utf-16", *ENCODINGS} else "",
    )  # fmt: skip
