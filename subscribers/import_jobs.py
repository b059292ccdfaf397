"""Imports at the desk: a file handed in and kept, its columns named, its import ordered or given up."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.publications import Access, Publication
from subscribers import own_fields, tagging
from subscribers.columns import HEADERS, Columns, clean_name, language_tag
from subscribers.import_tables import IMPORT_TRANSITIONS, ImportJob, ImportPart, ImportStage, PartKind
from subscribers.models import ConsentBasis, ImportRun
from subscribers.roster import EVIDENCE_LIMIT

PIECE = 1 << 20
"""Octets of a file in one row of the database."""
MOST_BYTES = 300_000_000
"""A list of a million readers with a dozen columns has half of it."""
KEPT = timedelta(days=30)
"""How long a report can be downloaded: it names people, and whoever wants it longer has it by then."""
FORGOTTEN = timedelta(days=2)
"""How long a file waits for somebody to say what its columns are."""
NAME_OCTETS = 200
"""Of a file's name, its end; file systems take 255."""
FIELD, TAGS = "field:", "tags"


@dataclass(frozen=True, slots=True)
class Settings:
    """What somebody says of a file before it is brought in."""

    mapping: Mapping[str, str]
    """The number of a column → ``address``, ``name``…, ``tags``, ``field:3``."""
    has_header: bool
    basis: ConsentBasis
    evidence: str
    language: str = ""
    tags: tuple[str, ...] = ()
    encoding: str = ""


def begin(session: Session, publication_id: int, *, file_name: str, size: int, by: str, now: datetime) -> ImportJob:
    """Write an upload down; its pieces follow."""
    job = ImportJob(
        publication_id=publication_id, file_name=clean_name(file_name)[:255] or "list", size=size,
        stage=ImportStage.UPLOADED, mapping={}, tags=[], uploaded_by=by, uploaded_at=now,
    )  # fmt: skip
    session.add(job)
    session.flush()
    return job


def keep(database: Database, job_id: int, file: IO[bytes]) -> None:
    """Keep the bytes of *file*, a few pieces a transaction."""
    position = 0
    while pieces := [piece for piece in (file.read(PIECE) for _ in range(8)) if piece]:
        with database.write() as session:
            for piece in pieces:
                session.add(ImportPart(job_id=job_id, kind=PartKind.FILE, position=position, data=piece))
                position += 1


@contextmanager
def unpacked(database: Database, job_id: int, file_name: str) -> Iterator[Path]:
    """Have the file as a file while the block runs, under its own name so that complaints name it."""
    with tempfile.TemporaryDirectory(prefix="newsletter-import-") as folder:
        path = path_in(folder, file_name)
        with path.open("wb") as out:
            out.writelines(pieces(database, job_id, PartKind.FILE))
        yield path


def path_in(folder: str, file_name: str) -> Path:
    """Return where a file of that name lies in *folder*, and nowhere else."""
    name = Path(file_name.replace("\0", "")).name.encode()[-NAME_OCTETS:].decode(errors="ignore")
    return Path(folder) / (name if name.strip(".") else "list")


def pieces(database: Database, job_id: int, kind: PartKind) -> Iterator[bytes]:
    """Yield the pieces of a file or a report in order, each with a short look at the database."""
    last = -1
    while True:
        with database.read() as session:
            found = session.execute(
                select(ImportPart.position, ImportPart.data)
                .where(ImportPart.job_id == job_id, ImportPart.kind == kind, ImportPart.position > last)
                .order_by(ImportPart.position)
                .limit(1)
            ).first()
        if found is None:
            return
        last = found.position
        yield found.data


def get(session: Session, publication_id: int, job_id: int) -> ImportJob:
    """Return an import of the newsletter; raise ``NotFound``."""
    job = session.get(ImportJob, job_id)
    if job is None or job.publication_id != publication_id:
        raise NotFound(f"There is no import {job_id}.")
    return job


def order(session: Session, job: ImportJob, given: Settings, *, by: str, now: datetime) -> None:
    """Have a worker bring the file in; raise ``BadInput`` for what is not said, ``Conflict`` if it was ordered."""
    evidence = " ".join(given.evidence.split())[:EVIDENCE_LIMIT]
    if not evidence:
        raise BadInput(
            N_("Say where the proof of these people’s consent is kept; without it nobody may write to them.")
        )
    if given.language and language_tag(given.language) != given.language:
        raise BadInput(N_("A language is a code such as en or de."))
    for tag in given.tags:
        tagging.ensure(session, tag, now=now)
    columns_of(session, given.mapping, has_header=given.has_header)
    move(session, job, ImportStage.WAITING, now=now)
    job.mapping = {"columns": dict(given.mapping), "header": given.has_header, "encoding": given.encoding}
    job.tags, job.basis, job.evidence, job.language = list(given.tags), given.basis, evidence, given.language
    session.flush()
    record(session, at=now, actor=by, deed="readers.order_import", subject=f"publication:{job.publication_id}",
           file=job.file_name, basis=given.basis.value, evidence=evidence)  # fmt: skip


def cancel(session: Session, job: ImportJob, *, now: datetime) -> None:
    """Give an import up that has not begun; raise ``Conflict`` if it has."""
    move(session, job, ImportStage.CANCELLED, now=now)


def move(session: Session, job: ImportJob, stage: ImportStage, *, now: datetime) -> None:
    """Take *job* to *stage* if it may go there and is where it was; raise ``Conflict``."""
    before = job.stage
    moved = None
    if stage in IMPORT_TRANSITIONS[before]:
        ended = now if not IMPORT_TRANSITIONS[stage] else None
        moved = session.scalar(
            update(ImportJob)
            .where(ImportJob.id == job.id, ImportJob.stage == before)
            .values(stage=stage, ended_at=ended)
            .returning(ImportJob.id)
        )
    if moved is None:
        raise Conflict(N_("This import has gone on in the meantime; look at it again."))
    if not IMPORT_TRANSITIONS[stage]:
        session.execute(delete(ImportPart).where(ImportPart.job_id == job.id, ImportPart.kind == PartKind.FILE))
    session.refresh(job)


def columns_of(session: Session, mapping: Mapping[str, str], *, has_header: bool) -> Columns:
    """Return where things stand in a row; raise ``BadInput`` for no address, or two columns for one thing."""
    places: dict[str, int] = {}
    fields: list[tuple[int, int]] = []
    for place, wanted in mapping.items():
        if not (place.isdecimal() and len(place) < 10):
            raise BadInput(N_("The columns do not fit the file; load the page again."))
        if wanted in places or wanted in {f"{FIELD}{field}" for field, _ in fields}:
            raise BadInput(N_("Two columns are the same thing; choose one of them."))
        number = wanted.removeprefix(FIELD)
        if wanted.startswith(FIELD) and number.isdecimal() and len(number) < 10:
            fields.append((own_fields.get(session, int(number)).id, int(place)))
        elif wanted in HEADERS or wanted == TAGS:
            places[wanted] = int(place)
        else:
            raise BadInput(N_("The columns do not fit the file; load the page again."))
    if "address" not in places:
        raise BadInput(N_("Say which column holds the addresses."))
    return Columns(
        address=places["address"], has_header=has_header, fields=tuple(fields),
        **{name: places.get(name, -1) for name in (*HEADERS, TAGS) if name != "address"},
    )  # fmt: skip


def retain(session: Session, *, now: datetime) -> None:
    """Let go of files that nobody ordered to be brought in, and of reports whose time is over."""
    idle = select(ImportJob.id).where(ImportJob.stage == ImportStage.UPLOADED, ImportJob.uploaded_at < now - FORGOTTEN)
    session.execute(delete(ImportPart).where(ImportPart.job_id.in_(idle)))
    session.execute(
        update(ImportJob)
        .where(ImportJob.stage == ImportStage.UPLOADED, ImportJob.uploaded_at < now - FORGOTTEN)
        .values(stage=ImportStage.CANCELLED, ended_at=now)
    )
    old = select(ImportJob.id).where(ImportJob.ended_at < now - KEPT)
    session.execute(delete(ImportPart).where(ImportPart.job_id.in_(old)))


def progress_of(session: Session, job: ImportJob) -> dict[str, Any]:
    """Return how far an import has come: rows done, and what became of them."""
    run = session.get(ImportRun, job.run_id, populate_existing=True) if job.run_id else None
    counts = run.counts if run else {}
    return {
        "done": run.rows_done if run else 0,
        **{name: counts.get(name, 0) for name in ("taken", "merged", "refused")},
    }


def members_only(session: Session, publication_id: int) -> bool:
    """Tell whether rows may say when a membership ends."""
    return session.get_one(Publication, publication_id).access is Access.MEMBERS
