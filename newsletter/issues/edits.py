"""Edits: what somebody changes at the desk becomes a new revision; what meets another's change is shown, never lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues import drafts
from newsletter.issues.findings import remarks_from_json
from newsletter.issues.models import Issue, IssueState, Revision
from newsletter.kit.errors import Conflict, NotFound
from newsletter.manuscripts.changes import Change
from newsletter.manuscripts.document import Document, figures_of
from newsletter.manuscripts.merging import Clash, changed_fields, merge, put_back, same_structure
from newsletter.manuscripts.remarks import Remark, Severity

CLOSED = frozenset({IssueState.PUBLISHED, IssueState.WITHDRAWN})
"""What readers have is not edited; a correction begins with a draft."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What came of an edit: the revision that stands now, and whatever a person must look at."""

    revision: Revision
    clashes: tuple[Clash, ...]
    """Changes that were not made because somebody else changed the same thing since."""
    added: tuple[str, ...]
    """The keys of new nodes, in the order of their changes."""
    theirs: Mapping[tuple[str, str], str]
    """Fields, by key and name, that others changed since the base: what the editor's screen does not show yet."""
    restructured: bool
    """Whether others changed the structure since."""


def edit(
    session: Session, issue: Issue, changes: Sequence[Change], *, base_number: int, by: str, now: datetime
) -> Edited:
    """Make *changes*, begun on revision *base_number*, on what the issue is now.

    Others' changes since are kept; those that meet the same field come back as clashes and are not made. Raises
    ``Conflict`` if the issue has gone out, ``NotFound`` for an unknown base, ``BadInput`` for what cannot be made.
    """
    session.refresh(issue, with_for_update=True)
    _open(issue)
    base = of_number(session, issue, base_number)
    current = drafts.current_revision(session, issue)
    before, now_there = base.document, current.document
    merged = merge(before, now_there, changes, stem=str(current.number + 1))
    revision = current
    if merged.document != now_there:
        revision = _saved(session, issue, merged.document, current, by=by, now=now)
    return Edited(
        revision,
        merged.clashes,
        merged.added,
        changed_fields(before, now_there) if base.id != current.id else {},
        base.id != current.id and not same_structure(before, now_there),
    )


def replace_document(session: Session, issue: Issue, document: Document, *, by: str, now: datetime) -> Revision:
    """Make *document* the issue's newest revision, as a mechanical fix or a restoration does; none if it says the same.

    Raises ``Conflict`` if the issue has gone out.
    """
    session.refresh(issue, with_for_update=True)
    _open(issue)
    current = drafts.current_revision(session, issue)
    return current if document == current.document else _saved(session, issue, document, current, by=by, now=now)


def restore(session: Session, issue: Issue, number: int, *, by: str, now: datetime) -> Revision:
    """Make the words of revision *number* the newest revision; nothing in between is taken away."""
    return replace_document(session, issue, of_number(session, issue, number).document, by=by, now=now)


def restore_node(session: Session, issue: Issue, number: int, key: str, *, by: str, now: datetime) -> Revision:
    """Put back what was taken out since revision *number*; raises ``NotFound`` if it cannot be."""
    document = put_back(
        of_number(session, issue, number).document, drafts.current_revision(session, issue).document, key
    )
    return replace_document(session, issue, document, by=by, now=now)


def of_number(session: Session, issue: Issue, number: int) -> Revision:
    """Return revision *number* of *issue*; raise ``NotFound``."""
    revision = session.scalar(
        select(Revision).where(Revision.issue_id == issue.id, Revision.number == min(number, drafts.LARGEST_ID))
    )
    if revision is None:
        raise NotFound(f"This issue has no version {number}.")
    return revision


def still_standing(remarks: Sequence[Remark], document: Document) -> tuple[Remark, ...]:
    """Return what reading the manuscript had to say, without the errors that editing has mended since."""
    shown = {figure.source for figure in figures_of(document)}

    def mended(remark: Remark) -> bool:
        if remark.severity is not Severity.ERROR:
            return False
        if remark.rule == "title-missing":
            return bool(document.title.strip())
        return remark.rule == "missing-picture" and not any(place.quote in shown for place in remark.places)

    return tuple(remark for remark in remarks if not mended(remark))


def _open(issue: Issue) -> None:
    if issue.state in CLOSED:
        raise Conflict("This issue has gone out and is not edited any more; begin a correction first.")


def _saved(
    session: Session, issue: Issue, document: Document, current: Revision, *, by: str, now: datetime
) -> Revision:
    remarks = still_standing(remarks_from_json(current.remarks_json), document)
    return drafts.revise(session, issue, document, remarks=remarks, pictures={}, by=by, now=now)
