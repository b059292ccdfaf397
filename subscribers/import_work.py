"""The worker's side of imports: bringing files in, a transaction at a time, so that a kill costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput
from newsletter.kit.tokens import Keyring
from subscribers import own_fields
from subscribers.import_jobs import columns_of, move, unpacked
from subscribers.import_report import Fate, header, lines
from subscribers.import_tables import ImportJob, ImportPart, ImportStage, PartKind
from subscribers.list_file import look_at
from subscribers.models import ImportRun
from subscribers.noting import Noting
from subscribers.roster import bring_in, counted

LEASE = timedelta(seconds=60)


class LostLease(Exception):
    """Another worker has taken the import over; this one changes nothing more."""


class Stopped(Exception):
    """The process ends; the import goes on where it stopped, here or elsewhere."""


def claim(session: Session, *, owner: str, now: datetime) -> ImportJob | None:
    """Take the oldest import that waits, or whose worker is dead."""
    free = or_(ImportJob.stage == ImportStage.WAITING, ImportJob.lease_until < now)
    job = session.scalar(
        select(ImportJob)
        .where(ImportJob.stage.in_([ImportStage.WAITING, ImportStage.RUNNING]), free)
        .order_by(ImportJob.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if job is None:
        return None
    job.stage, job.owner, job.lease_until = ImportStage.RUNNING, owner, now + LEASE
    if job.run_id is None:
        run = ImportRun(
            publication_id=job.publication_id, file_name=job.file_name, file_sha256="", basis=job.basis,
            evidence=job.evidence, started_by=job.uploaded_by, started_at=now, rows_done=0, counts={},
        )  # fmt: skip
        session.add(run)
        session.flush()
        job.run_id = run.id
    session.flush()
    return job


class Pages:
    """The report in the database, a piece for each transaction of the import, which also keeps its lease."""

    def __init__(self, job: ImportJob, *, clock: Clock) -> None:
        self._job_id, self._owner, self._clock = job.id, job.owner, clock

    def write(self, session: Session, fates: Iterable[Fate], done: int) -> dict[str, int]:
        """Write *fates* down; raise ``LostLease`` if another worker has taken over."""
        mine = session.scalar(
            update(ImportJob)
            .where(ImportJob.id == self._job_id, ImportJob.owner == self._owner, ImportJob.stage == ImportStage.RUNNING)
            .values(lease_until=self._clock() + LEASE)
            .returning(ImportJob.id)
        )
        if mine is None:
            raise LostLease
        data = lines(fates)
        first = session.scalar(
            select(func.count()).where(ImportPart.job_id == self._job_id, ImportPart.kind == PartKind.REPORT)
        )
        session.add(
            ImportPart(
                job_id=self._job_id, kind=PartKind.REPORT, position=done, data=data if first else header() + data
            )
        )
        session.flush()
        return {}


def work(
    database: Database, *, owner: str, clock: Clock, keyring: Keyring, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Bring in what waits, one import; tell whether there was one. A file that breaks off fails with its sentence."""
    with database.write() as session:
        job = claim(session, owner=owner, now=clock())
    if job is None or job.run_id is None:
        return False

    def progress(_: int, __: int) -> None:
        if stopping():
            raise Stopped

    try:
        with unpacked(database, job.id, job.file_name) as path:
            with database.read() as session:
                settings = job.mapping
                columns = columns_of(session, settings["columns"], has_header=settings["header"])
                fields = {field.id: field for field in own_fields.every(session)}
            noting = Noting(
                {number: fields[number] for number, _ in columns.fields}, tuple(job.tags), columns.tags >= 0
            )
            found = counted(look_at(path, encoding=settings["encoding"]), columns)
            with database.write() as session:
                session.execute(update(ImportJob).where(ImportJob.id == job.id).values(rows=found.rows))
            bring_in(
                database, found, job.run_id, by=job.uploaded_by, now=clock, keyring=keyring, language=job.language,
                ledger=Pages(job, clock=clock), noting=noting, progress=progress,
            )  # fmt: skip
    except BadInput as error:
        _end(database, job, ImportStage.FAILED, clock=clock, failure=str(error)[:500])
    except (LostLease, Stopped):
        return True
    else:
        _end(database, job, ImportStage.FINISHED, clock=clock)
    return True


def _end(database: Database, job: ImportJob, stage: ImportStage, *, clock: Clock, failure: str = "") -> None:
    with database.write() as session:
        mine = session.get_one(ImportJob, job.id, populate_existing=True)
        if mine.owner != job.owner or mine.stage is not ImportStage.RUNNING:
            return
        mine.failure = failure
        session.flush()
        move(session, mine, stage, now=clock())
