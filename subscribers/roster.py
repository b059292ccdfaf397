"""The roster: bringing a list of readers in from a file, in chunks that survive a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, NotFound
from newsletter.kit.tokens import Keyring
from newsletter.publications import Access, Publication
from subscribers.columns import BadRow, Columns, Entry, find_columns, language_tag, read_row
from subscribers.grounds import Grounds
from subscribers.import_report import Fate, FileLedger, Ledger
from subscribers.intake import take_in
from subscribers.list_file import Row, RowFile, look_at
from subscribers.models import ConsentBasis, ImportRun
from subscribers.noting import NOTHING, Noting
from subscribers.sightings import Sightings

CHUNK = 2_000
"""Rows a transaction: short enough that an unsubscribe never waits long for the writer."""
EVIDENCE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of the rows of one file; ``total`` is always the sum of the other three."""

    total: int = 0
    taken: int = 0
    """New readers of the publication."""
    merged: int = 0
    """Were readers already."""
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A list that was looked through once: how it is written and how many rows it has."""

    file: RowFile
    columns: Columns
    rows: int


def import_readers(
    database: Database,
    file: Path,
    *,
    publication_id: int,
    basis: ConsentBasis,
    evidence: str,
    by: str,
    now: Clock,
    keyring: Keyring,
    progress: Callable[[int, int], None] | None = None,
    report: Path | None = None,
    language: str = "",
    columns: Mapping[str, str] | None = None,
) -> ImportCounts:
    """Subscribe the people in *file* to a publication; return what became of its rows.

    Commits every ``CHUNK`` rows and calls *progress* (rows done, rows in all) after each. After a crash the same call
    goes on where it stopped; a file that was imported to its end may be imported again and changes nobody. *language*
    is that of rows that name none; *columns* maps address, name… to header names where they are unusual. The *report*
    says row by row what happened. *keyring* knows again whom we were told to forget. Raises ``BadInput`` in one
    sentence for a file that is no list of readers, ``NotFound`` for an unknown publication.
    """
    said = " ".join(evidence.split())[:EVIDENCE_LIMIT]
    if not said:
        raise BadInput("Say where the proof of these people's consent is kept; without it they may not be written to.")
    spoken = language_tag(language)
    if language and not spoken:
        raise BadInput(f"There is no language {language[:30]!r}; write a code such as en or de.")
    found = look_through(file, columns=columns)
    with database.write() as session:
        run = _run(session, found.file, publication_id=publication_id, basis=basis, evidence=said, by=by, now=now)
        ledger = FileLedger(report, committed=run.counts.get("report_bytes", 0))
        run_id = run.id
    with ledger:
        return bring_in(
            database, found, run_id, by=by, now=now, keyring=keyring, language=spoken, ledger=ledger, progress=progress
        )


def bring_in(
    database: Database,
    found: Found,
    run_id: int,
    *,
    by: str,
    now: Clock,
    keyring: Keyring,
    language: str,
    ledger: Ledger,
    noting: Noting = NOTHING,
    progress: Callable[[int, int], None] | None = None,
) -> ImportCounts:
    """Go on with a run where it stands, to the end of its file; *noting* says what is written down beside."""
    with database.read() as session:
        run = session.get_one(ImportRun, run_id)
        done, counts = run.rows_done, Counter[str](run.counts)
        members_zone = _members_zone(session, run.publication_id)
    with Sightings() as sightings:
        readings = readings_of(found.file, found.columns, sightings)
        for _ in islice(readings, done):
            pass  # seen again, so that later repetitions still name the line of their first occurrence
        while chunk := list(islice(readings, CHUNK)):
            with database.write() as session:
                grounds = Grounds(run.publication_id, run.basis, run.evidence, run_id, by, now(), keyring, members_zone)
                fates = _settle(session, chunk, grounds=grounds, language=language, noting=noting)
                done += len(chunk)
                counts.update(fate.result for fate in fates)
                counts.update(ledger.write(session, fates, done))
                _keep(session, run_id, done, counts)
            if progress:
                progress(done, found.rows)
    with database.write() as session:
        return _finish(session, run_id, counts, by=by, now=now)


def look_through(file: Path, *, columns: Mapping[str, str] | None = None) -> Found:
    """Read *file* once without changing anything; raise ``BadInput`` if there is no reader in it at all."""
    looked_at = look_at(file)
    first = next(looked_at.rows(), None)
    if first is None:
        raise BadInput(f"{file.name} has no rows.")
    return counted(looked_at, find_columns(first, given=columns, file_name=file.name))


def counted(looked_at: RowFile, places: Columns) -> Found:
    """Return how many rows a file has, its columns being *places*; raise ``BadInput`` if no row gives a reader."""
    file = looked_at.path
    rows = looked_at.rows()
    first = next(rows)
    count, someone, complaint = 0, False, ""
    for row in rows if places.has_header else _with(first, rows):
        count += 1
        if not someone:
            reading = read_row(row, places)
            someone = isinstance(reading, Entry)
            complaint = complaint or (f" Line {reading.line}: {reading.reason}" if isinstance(reading, BadRow) else "")
    if count == 0:
        raise BadInput(f"{file.name} has a header and no rows.")
    if not someone:
        raise BadInput(f"{file.name}: none of its {count} rows has a usable address.{complaint}")
    return Found(looked_at, places, count)


def _with(first: Row, rest: Iterable[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def readings_of(file: RowFile, columns: Columns, sightings: Sightings) -> Iterator[Entry | BadRow]:
    """Yield what each row says, repetitions as bad rows that name the line of the first."""
    rows = file.rows()
    if columns.has_header:
        next(rows, None)
    for row in rows:
        reading = read_row(row, columns)
        if isinstance(reading, Entry):
            first = sightings.first_line(reading.key, reading.line)
            if first != reading.line:
                reading = BadRow(reading.line, reading.address, f"The same address stands on line {first}.")
        yield reading


def _settle(
    session: Session, chunk: list[Entry | BadRow], *, grounds: Grounds, language: str, noting: Noting
) -> list[Fate]:
    entries = [noting.read(reading) for reading in chunk if isinstance(reading, Entry)]
    fates = take_in(session, entries, grounds=grounds, language=language)
    noting.write(session, entries, fates, now=grounds.now)
    taken_in = iter(fates)
    return [
        next(taken_in) if isinstance(reading, Entry) else Fate(reading.line, reading.address, "refused", reading.reason)
        for reading in chunk
    ]


def _members_zone(session: Session, publication_id: int) -> str:
    """Return the time zone of a publication for members, empty for any other."""
    publication = session.get_one(Publication, publication_id)
    return publication.profile.time_zone if publication.access is Access.MEMBERS else ""


def _run(
    session: Session, file: RowFile, *, publication_id: int, basis: ConsentBasis, evidence: str, by: str, now: Clock
) -> ImportRun:
    """Return the unfinished import of the same file, or a new one."""
    if session.get(Publication, publication_id) is None:
        raise NotFound(f"There is no publication {publication_id}; `newsletter publication list` shows them.")
    unfinished = session.scalar(
        select(ImportRun).where(
            ImportRun.publication_id == publication_id,
            ImportRun.file_sha256 == file.sha256,
            ImportRun.basis == basis,
            ImportRun.finished_at.is_(None),
        ).order_by(ImportRun.id.desc()).limit(1)
    )  # fmt: skip
    if unfinished is not None:
        return unfinished
    run = ImportRun(
        publication_id=publication_id,
        file_name=file.path.name[:255],
        file_sha256=file.sha256,
        basis=basis,
        evidence=evidence,
        started_by=by,
        started_at=now(),
        rows_done=0,
        counts={},
    )
    session.add(run)
    session.flush()
    return run


def _keep(session: Session, run_id: int, done: int, counts: Counter[str]) -> None:
    run = session.get_one(ImportRun, run_id)
    run.rows_done = done
    run.counts = dict(counts)


def _finish(session: Session, run_id: int, counts: Counter[str], *, by: str, now: Clock) -> ImportCounts:
    run = session.get_one(ImportRun, run_id)
    run.finished_at = now()
    result = ImportCounts(run.rows_done, counts["taken"], counts["merged"], counts["refused"])
    record(
        session, at=now(), actor=by, deed="readers.import", subject=f"publication:{run.publication_id}",
        file=run.file_name, taken=result.taken, merged=result.merged, refused=result.refused,
    )  # fmt: skip
    return result
