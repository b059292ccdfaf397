"""Received files: every manuscript that came in for an issue, byte for byte, and what came of it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from newsletter.issues.models import Issue
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from newsletter.kit.errors import NotFound
from newsletter.manuscripts.docx_changes import Decision, Decisions
from newsletter.manuscripts.files import ManuscriptFile
from newsletter.manuscripts.replacing import file_stem

NAME_LIMIT = 200
"""Characters of a file's name that are kept."""


class FileState(StrEnum):
    """What became of a file that came in."""

    WAITING = "waiting"
    """Handed in as revised; somebody looks at what it would change."""
    TAKEN = "taken"
    """Its words are in the issue."""
    SUPERSEDED = "superseded"
    """A later state of the same file took its place."""
    SET_ASIDE = "set_aside"
    """Looked at and not taken."""


class ReceivedFile(Base):
    """One file; never part of an edition, since it may hold comments and deleted words."""

    __tablename__ = "received_files"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    """The revision that took it in."""
    name: Mapped[str] = mapped_column(String(NAME_LIMIT))
    sha256: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    state: Mapped[FileState] = mapped_column(named(FileState))
    entries: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """The entries that came of it: key and title."""
    decisions_json: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    """What was decided on its tracked changes and comments, by their keys; ``rest`` for all others."""
    received_by: Mapped[str] = mapped_column(String(254))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def file(self) -> ManuscriptFile:
        """The file as it came."""
        return ManuscriptFile(self.name, self.data)

    @property
    def decisions(self) -> Decisions:
        """What was decided on it."""
        each = {key: Decision(value) for key, value in self.decisions_json.items() if key != "rest"}
        rest = self.decisions_json.get("rest")
        return Decisions(each, Decision(rest) if rest else None)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the entries that came of it."""
        return tuple(entry["key"] for entry in self.entries)


def of_issue(session: Session, issue: Issue) -> list[ReceivedFile]:
    """Return the files of *issue* whose words are in it, in the order they came."""
    taken = ReceivedFile.state == FileState.TAKEN
    return list(
        session.scalars(select(ReceivedFile).where(ReceivedFile.issue_id == issue.id, taken).order_by(ReceivedFile.id))
    )


def waiting(session: Session, issue: Issue) -> list[ReceivedFile]:
    """Return the revised files of *issue* that nobody has decided on."""
    waits = ReceivedFile.state == FileState.WAITING
    return list(
        session.scalars(select(ReceivedFile).where(ReceivedFile.issue_id == issue.id, waits).order_by(ReceivedFile.id))
    )


def get(session: Session, issue: Issue, file_id: int) -> ReceivedFile:
    """Return one file of *issue*; raise ``NotFound``."""
    found = session.scalar(select(ReceivedFile).where(ReceivedFile.issue_id == issue.id, ReceivedFile.id == file_id))
    if found is None:
        raise NotFound("There is no such file for this issue.")
    return found


def earlier(session: Session, issue: Issue, name: str) -> list[ReceivedFile]:
    """Return the files in *issue* that *name* looks like a later state of."""
    stem = file_stem(name)
    return [file for file in of_issue(session, issue) if stem and file_stem(file.name) == stem]


def is_all_of(session: Session, issue: Issue, name: str) -> bool:
    """Say whether *issue* was made of one file alone, of which *name* looks like a later state."""
    taken = of_issue(session, issue)
    return len(taken) == 1 and earlier(session, issue, name) == taken


def all_of(session: Session, issue: Issue) -> list[ReceivedFile]:
    """Return every file that came in for *issue*, the newest first."""
    return list(
        session.scalars(select(ReceivedFile).where(ReceivedFile.issue_id == issue.id).order_by(ReceivedFile.id.desc()))
    )


def put(
    session: Session,
    issue: Issue,
    file: ManuscriptFile,
    state: FileState,
    *,
    by: str,
    now: datetime,
    revision_id: int | None = None,
    entries: tuple[tuple[str, str], ...] = (),
    decisions: Decisions | None = None,
) -> ReceivedFile:
    """Write a file down; *entries* are keys and titles of what came of it."""
    row = ReceivedFile(
        issue_id=issue.id, revision_id=revision_id, name=file.name[-NAME_LIMIT:], sha256=file.sha256, data=file.data,
        state=state, entries=[{"key": key, "title": title} for key, title in entries],
        decisions_json=decisions_as_json(decisions) if decisions else {}, received_by=by, received_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def decisions_as_json(decisions: Decisions) -> dict[str, str]:
    """Return *decisions* as plain data."""
    return dict(decisions.each) | ({"rest": decisions.rest.value} if decisions.rest else {})
