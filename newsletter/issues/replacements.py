"""Replacements: a revised file is looked at, decided on, and replaces its own article and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.issues import drafts, received
from newsletter.issues.edits import CLOSED
from newsletter.issues.findings import remarks_from_json
from newsletter.issues.models import Issue, Revision
from newsletter.issues.received import FileState, ReceivedFile
from newsletter.kit.audit import record
from newsletter.kit.errors import Conflict
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.docx_changes import Decision
from newsletter.manuscripts.files import FileReading, ManuscriptFile
from newsletter.manuscripts.pictures import Pictures
from newsletter.manuscripts.places import SEPARATOR, title_of
from newsletter.manuscripts.remarks import Place, Remark
from newsletter.manuscripts.replacing import Replacement, propose


def hand_in(session: Session, issue: Issue, file: ManuscriptFile, *, by: str, now: datetime) -> ReceivedFile:
    """Keep a revised file until somebody has looked at what it changes; raise ``Conflict`` if the issue went out."""
    _open(issue)
    row = received.put(session, issue, file, FileState.WAITING, by=by, now=now)
    record(
        session, at=now, actor=by, deed="manuscript.hand_in", subject=f"issue:{issue.id}", name=row.name,
        sha256=row.sha256,
    )  # fmt: skip
    return row


def decide(
    session: Session, row: ReceivedFile, decisions: Mapping[str, Decision | None], *, by: str, now: datetime
) -> None:
    """Decide on tracked changes and comments of a waiting file, by their keys; None opens one again."""
    if row.state is not FileState.WAITING:
        raise Conflict(f"{row.name} is no longer waiting; hand it in again.")
    kept = {key: value for key, value in row.decisions_json.items() if key not in decisions}
    row.decisions_json = kept | {key: value.value for key, value in decisions.items() if value is not None}
    session.flush()
    record(
        session, at=now, actor=by, deed="manuscript.decide", subject=f"issue:{row.issue_id}", name=row.name,
        decisions=row.decisions_json,
    )  # fmt: skip


def proposal(
    session: Session,
    issue: Issue,
    reading: FileReading,
    *,
    choices: Mapping[int, str] | None = None,
    whole: bool | None = None,
) -> tuple[Replacement, Revision]:
    """Return what *reading*, a revised file, would change, and the revision that this was judged by.

    *whole* says that it replaces the issue, not an article; None judges by what the issue was made of.
    """
    revision = drafts.current_revision(session, issue)
    if whole is None:
        whole = reading.whole and len(received.of_issue(session, issue)) <= 1
    keys = [key for file in received.earlier(session, issue, reading.file.name) for key in file.keys]
    return propose(revision.document, reading, origin=keys, choices=choices, whole=whole), revision


def replace_with(
    session: Session,
    issue: Issue,
    reading: FileReading,
    *,
    by: str,
    now: datetime,
    choices: Mapping[int, str] | None = None,
    whole: bool | None = None,
    base_number: int | None = None,
    row: ReceivedFile | None = None,
) -> Replacement:
    """Replace what the file said before by what *reading* says, as a new revision; nothing else is touched.

    *base_number* is the revision that was looked at; *row* the waiting file. Raises ``Conflict`` if another revision
    came since, the issue has gone out, or it is not certain which article is meant; nothing is changed then.
    """
    _open(issue)
    found, current = proposal(session, issue, reading, choices=choices, whole=whole)
    if found.questions:
        raise Conflict(_which(found, reading.file.name))
    if base_number not in {None, current.number}:
        raise Conflict(
            f"{current.author} has changed the issue since you looked (version {current.number}); look again."
        )
    revision = current
    if not found.difference.same:
        names = [file.name for file in received.earlier(session, issue, reading.file.name)]
        revision = drafts.revise(
            session, issue, found.document,
            remarks=(*_standing_remarks(current, found, reading, names), *_of_file(reading, found)),
            pictures=_shown(reading, found.document), by=by, now=now, parent_number=current.number,
        )  # fmt: skip
    _supersede(session, issue, reading, found, current.document, revision, row, by=by, now=now)
    record(
        session, at=now, actor=by, deed="manuscript.replace", subject=f"issue:{issue.id}", name=reading.file.name,
        sha256=reading.file.sha256, revision=revision.number,
        decisions=received.decisions_as_json(reading.decisions),
    )  # fmt: skip
    return found


def set_aside(session: Session, row: ReceivedFile, *, by: str, now: datetime) -> None:
    """Leave a waiting file aside: the issue stays as it is."""
    if row.state is not FileState.WAITING:
        raise Conflict(f"{row.name} is no longer waiting.")
    row.state = FileState.SET_ASIDE
    session.flush()
    record(session, at=now, actor=by, deed="manuscript.set_aside", subject=f"issue:{row.issue_id}", name=row.name)


def _open(issue: Issue) -> None:
    if issue.state in CLOSED:
        raise Conflict("This issue has gone out; begin a correction before its text is changed.")


def _which(found: Replacement, name: str) -> str:
    asked = "; ".join(
        f"{match.title!r} may be {' or '.join(repr(c.path) for c in match.candidates[:3]) or 'a new article'}"
        for match in found.questions
    )
    return f"It is not certain what {name} replaces: {asked}. Say which it is, or that it is new."


def _standing_remarks(
    current: Revision, found: Replacement, reading: FileReading, names: Sequence[str]
) -> tuple[Remark, ...]:
    """The remarks of reading that are not about what is replaced."""
    if found.whole:
        return ()
    gone = {reading.file.name, *names}
    changed = {unit.path for unit in found.difference.changed if unit.before is not None and unit.path}
    return tuple(
        remark
        for remark in remarks_from_json(current.remarks_json)
        if not any(_is_within(place, gone) or _is_within(place, changed) for place in remark.places)
    )


def _is_within(place: Place, paths: set[str]) -> bool:
    return any(place.path == path or place.path.startswith(path + SEPARATOR) for path in paths)


def _of_file(reading: FileReading, found: Replacement) -> tuple[Remark, ...]:
    if found.whole:
        return reading.remarks
    name = reading.file.name
    return tuple(
        replace(r, places=tuple(Place(None, SEPARATOR.join(filter(None, (name, p.path))), p.quote) for p in r.places))
        for r in reading.remarks
        if r.rule != "title-missing"
    )


def _shown(reading: FileReading, document: Document) -> Pictures:
    wanted = {figure.source for figure in figures_of(document)}
    return {name: picture for name, picture in reading.pictures.items() if name in wanted}


def _supersede(
    session: Session,
    issue: Issue,
    reading: FileReading,
    found: Replacement,
    before: Document,
    revision: Revision,
    row: ReceivedFile | None,
    *,
    by: str,
    now: datetime,
) -> None:
    """Note that this file is where its entries come from now."""
    known = {entry.key for section in before.sections for entry in section.entries}
    own = {match.key for match in found.matches}
    entries = [
        entry
        for section in revision.document.sections
        for entry in section.entries
        if found.whole or entry.key in own or entry.key not in known
    ]
    theirs = {entry.key for entry in entries}
    for file in received.of_issue(session, issue):
        left = [] if found.whole else [each for each in file.entries if each["key"] not in theirs]
        if found.whole or len(left) < len(file.entries):
            file.entries = left
            file.state = FileState.TAKEN if left else FileState.SUPERSEDED
    if row is None:
        row = received.put(session, issue, reading.file, FileState.TAKEN, by=by, now=now, decisions=reading.decisions)
    row.state, row.revision_id = FileState.TAKEN, revision.id
    row.entries = [{"key": entry.key, "title": title_of(entry)} for entry in entries]
    session.flush()
