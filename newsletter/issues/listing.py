"""Listings: which issues there are, where each stands, who changed it last and what is still to be settled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from newsletter.issues import findings
from newsletter.issues.models import Issue, IssueState, Revision, Waiver
from newsletter.manuscripts.document import from_json
from newsletter.manuscripts.proofing import blockers
from newsletter.manuscripts.remarks import Remark
from newsletter.publications import Profile, Publication

PAGE_SIZE = 40
IN_WORK = frozenset({IssueState.DRAFT, IssueState.IN_REVIEW, IssueState.CHANGES_REQUESTED})
"""States in which findings are still to be settled."""
REMEMBERED = 512
"""Revisions whose findings are kept in memory: the issues in work of a large house, with each one's last edits."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One issue in a list."""

    number: int
    title: str
    state: IssueState
    publication: Publication
    edited_by: str
    edited_at: datetime
    revision_number: int
    published_at: datetime | None
    open_findings: int | None
    """What still stops the sign-off; None for an issue that is not in work."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, the last edited first."""

    issues: tuple[Listed, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def listed(
    session: Session,
    publication_ids: Collection[int],
    *,
    states: Collection[IssueState] = (),
    words: str = "",
    page: int = 1,
) -> Listing:
    """Return the issues of some publications, those in *states* (empty: all) whose title has all of *words*."""
    chosen = select(Issue.id).where(Issue.publication_id.in_(publication_ids))
    if states:
        chosen = chosen.where(Issue.state.in_(states))
    for word in words.split():
        chosen = chosen.where(Issue.title.icontains(word, autoescape=True))
    total = session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    page = max(1, min(page, -(-total // PAGE_SIZE)))
    rows = session.execute(_rows(chosen).offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    waived = _waived(session, [issue.id for issue, _, _ in rows])
    found = tuple(
        Listed(
            issue.number, issue.title, issue.state, publication, revision.author, revision.created_at, revision.number,
            issue.published_at,
            _open(revision, publication.profile, waived.get(issue.id, ())) if issue.state in IN_WORK else None,
        )
        for issue, revision, publication in rows
    )  # fmt: skip
    return Listing(found, total, page)


def states_of(session: Session, publication_ids: Collection[int]) -> Mapping[IssueState, int]:
    """Return how many issues of some publications are in each state that any is in."""
    counts = (
        select(Issue.state, func.count().label("number"))
        .where(Issue.publication_id.in_(publication_ids))
        .group_by(Issue.state)
    )
    found = {row.state: row.number for row in session.execute(counts)}
    return {state: found[state] for state in IssueState if state in found}


def _rows(chosen: Select[int]) -> Select[Issue, Revision, Publication]:
    return (
        select(Issue, Revision, Publication)
        .join(Revision, Revision.id == Issue.current_revision_id)
        .join(Publication, Publication.id == Issue.publication_id)
        .where(Issue.id.in_(chosen))
        .order_by(Revision.created_at.desc(), Issue.id.desc())
    )


def _waived(session: Session, issue_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for issue_id, key in session.execute(
        select(Waiver.issue_id, Waiver.remark_key).where(Waiver.issue_id.in_(issue_ids))
    ):
        found[issue_id] = (*found.get(issue_id, ()), key)
    return found


def _open(revision: Revision, profile: Profile, waived: Collection[str]) -> int:
    """Count what stops the sign-off; a revision is immutable, so what proofing says of it is remembered."""
    return len(blockers(_remarks(_Proofed(revision, profile)), frozenset(waived)))


class _Proofed:
    """A revision under a house style, compared by what they are made of."""

    def __init__(self, revision: Revision, profile: Profile) -> None:
        self.document_json, self.remarks_json = revision.document_json, revision.remarks_json
        self.house_style = profile.house_style
        self._key = hashlib.sha256(
            json.dumps([revision.sha256, self.remarks_json, _plain(profile)], sort_keys=True).encode()
        ).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Proofed) and self._key == other._key  # its own kind

    def __hash__(self) -> int:
        return hash(self._key)


def _plain(profile: Profile) -> dict[str, Any]:
    return asdict(profile.house_style)


@lru_cache(REMEMBERED)
def _remarks(of: _Proofed) -> tuple[Remark, ...]:
    reading = findings.remarks_from_json(of.remarks_json)
    return findings.proofed(from_json(of.document_json), house_style=of.house_style, reading=reading)
