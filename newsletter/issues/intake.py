"""Intake: manuscripts become an issue, or the last issue begins the next."""

from __future__ import annotations

import datetime as calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues import drafts, received
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.issues.received import FileState
from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput, Conflict
from newsletter.manuscripts.assembling import Assembled, Origin, assemble
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.docx_changes import Decisions
from newsletter.manuscripts.files import FileReading
from newsletter.manuscripts.places import title_of
from newsletter.manuscripts.succession import emptied
from newsletter.publications import Publication


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What came of one file: its entries' titles and how much a person has to decide on in it."""

    name: str
    sha256: str
    titles: tuple[str, ...]
    changes: int
    comments: int


@dataclass(frozen=True, slots=True)
class Intake:
    """A new issue with what came of each file, in the order they stand in it."""

    issue: Issue
    files: tuple[FileOutcome, ...]


def take_in(
    session: Session, publication: Publication, readings: Sequence[FileReading], *, by: str, now: datetime
) -> Intake:
    """Begin an issue from *readings* (``files.read_files``, to be called before a session is opened).

    Several authors' files become one issue, ordered by the numbers in their names and put into the sections of the
    publication's last issue.
    """
    if not readings:
        raise BadInput("No manuscript was given; choose at least one file.")
    alone = len(readings) == 1
    assembled = assemble(readings, None if alone and readings[0].whole else _skeleton(session, publication))
    issue = drafts.begin(
        session, publication, assembled.document,
        remarks=assembled.remarks, pictures=assembled.pictures, by=by, now=now,
    )  # fmt: skip
    revision = drafts.current_revision(session, issue)
    _remember(session, issue, revision, readings, assembled, by=by, now=now)
    by_sha = {reading.file.sha256: reading for reading in readings}
    outcomes = tuple(_outcome(origin, by_sha[origin.sha256], assembled.document) for origin in assembled.origins)
    record(
        session, at=now, actor=by, deed="manuscript.take_in", subject=f"issue:{issue.id}",
        files=[{"name": outcome.name, "sha256": outcome.sha256} for outcome in outcomes],
    )  # fmt: skip
    return Intake(issue, outcomes)


def begin_next(session: Session, publication: Publication, *, by: str, now: datetime) -> Issue:
    """Begin the next issue with the structure of the last one and none of its words; raise ``Conflict`` without one."""
    skeleton = _skeleton(session, publication)
    if skeleton is None:
        raise Conflict(f"{publication.name} has no issue yet that a new one could be made like; drop a manuscript.")
    return drafts.begin(session, publication, skeleton, remarks=(), pictures={}, by=by, now=now)


# --- what the issue is made like ------------------------------------------------------------------------------


def _skeleton(session: Session, publication: Publication) -> Document | None:
    """The last issue's structure without its words; None for a publication's first issue."""
    rows = session.scalars(
        select(Revision)
        .join(Issue, Issue.current_revision_id == Revision.id)
        .where(Issue.publication_id == publication.id, Issue.state != IssueState.WITHDRAWN)
        .order_by(Issue.number.desc())
        .limit(3)
    )
    documents = [revision.document for revision in rows]
    if not documents:
        return None
    dates: list[calendar.date] = [document.date for document in documents[1:] if document.date]
    return emptied(documents[0], before=dates)


def _remember(
    session: Session,
    issue: Issue,
    revision: Revision,
    readings: Sequence[FileReading],
    assembled: Assembled,
    *,
    by: str,
    now: datetime,
) -> None:
    by_sha = {reading.file.sha256: reading for reading in readings}
    document = revision.document
    for origin in assembled.origins:
        reading = by_sha[origin.sha256]
        entries = [document.sections[section].entries[entry] for section, entry in origin.places]
        received.put(
            session, issue, reading.file, FileState.TAKEN, by=by, now=now, revision_id=revision.id,
            entries=tuple((entry.key, title_of(entry)) for entry in entries), decisions=reading.decisions,
        )  # fmt: skip


def _outcome(origin: Origin, reading: FileReading, document: Document) -> FileOutcome:
    titles = tuple(title_of(document.sections[section].entries[entry]) for section, entry in origin.places)
    return FileOutcome(
        origin.name, origin.sha256, tuple(filter(None, titles)),
        _open_ones(reading.changes, reading.decisions), _open_ones(reading.comments, reading.decisions),
    )  # fmt: skip


def _open_ones(found: Sequence[object], decisions: Decisions) -> int:
    return sum(decisions.on(getattr(each, "key", "")) is None for each in found)
