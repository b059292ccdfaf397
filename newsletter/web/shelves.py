"""Shelves: each publication's issues as the archive lists them, from what was really sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select
from sqlalchemy.orm import Session

from newsletter.issues.models import Approval, Issue, IssueState, Revision, StoredEdition, Visibility
from newsletter.issues.places import issue_path
from newsletter.issues.versions import PublishedVersion
from newsletter.issues.visibility import seen_by
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import NotFound
from newsletter.manuscripts.document import Article, Document, from_json
from newsletter.publications import Access, Profile, Publication
from newsletter.rendering.characters import printable
from newsletter.rendering.edition import Medium
from newsletter.rendering.subject import preheader_of
from newsletter.rendering.wording import wording

ALL = 500
"""Ten years of a weekly; beyond that a list wants pages."""
HEADLINES = 3
FOR_ALL = (Visibility.PUBLIC,)
FOR_READERS = (Visibility.PUBLIC, Visibility.READERS)
"""Which issues stand on the open shelf, and which on a reader's own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One issue in a list."""

    number: int
    title: str
    """The issue's own title, or its date where every issue bears the publication's name."""
    date: str
    """Empty where it is the title."""
    headlines: tuple[str, ...]
    path: str
    summary: str
    """One line about it, as an inbox shows beside the subject."""
    published_at: datetime
    changed_at: datetime
    """When what stands there now went out; later than ``published_at`` after a correction."""
    pdf_size: int
    """Octets."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One publication with its published issues, newest first."""

    label: str
    name: str
    publisher: str
    language: str
    issues: tuple[Listed, ...]


class Sent(NamedTuple):
    """One issue as its newest sending took it to the readers."""

    issue: Issue
    revision_id: int
    changed_at: datetime
    pdf_size: int


def open_publications(session: Session) -> list[Publication]:
    """Return the publications that everybody may read, by name."""
    return list(
        session.scalars(select(Publication).where(Publication.access == Access.OPEN).order_by(Publication.name))
    )


def open_publication(session: Session, label: str) -> Publication:
    """Return the publication *label* if everybody may read it; raise ``NotFound``."""
    found = session.scalar(select(Publication).where(Publication.label == label, Publication.access == Access.OPEN))
    if found is None:
        raise NotFound(N_("There is no newsletter at this address."))
    return found


def shelf_of(session: Session, publication: Publication, *, limit: int = ALL, sent: list[Sent] | None = None) -> Shelf:
    """Return *publication* with its newest *limit* published issues, or with those *sent*."""
    profile = publication.profile
    sent = sent_issues(session, publication.id, limit=limit) if sent is None else sent
    documents = documents_of(session, [one.revision_id for one in sent])
    return Shelf(
        label=publication.label,
        name=profile.name,
        publisher=profile.masthead.publisher,
        language=profile.language,
        issues=tuple(listed(profile, one, documents[one.revision_id]) for one in sent),
    )


def sent_issues(
    session: Session, publication_id: int, *, limit: int = ALL, seen: Collection[Visibility] = FOR_ALL
) -> list[Sent]:
    """Return the newest *limit* issues that have gone out, were not withdrawn and are *seen*, newest first."""
    rows = session.execute(
        select(Issue, Approval.revision_id, PublishedVersion.published_at, func.length(StoredEdition.data))
        .join(Publication, Publication.id == Issue.publication_id)
        .join(PublishedVersion, PublishedVersion.id == _newest_version())
        .join(Approval, Approval.id == PublishedVersion.approval_id)
        .outerjoin(
            StoredEdition,
            (StoredEdition.revision_id == Approval.revision_id) & (StoredEdition.medium == Medium.PDF),
        )
        .where(
            Issue.publication_id == publication_id,
            Issue.published_at.is_not(None),
            Issue.state != IssueState.WITHDRAWN,
            seen_by().in_(seen),
        )
        .order_by(Issue.number.desc())
        .limit(limit)
    )
    return [Sent(issue, revision_id, out_since, size or 0) for issue, revision_id, out_since, size in rows]


def documents_of(session: Session, revision_ids: list[int]) -> dict[int, Document]:
    """Return the Documents of *revision_ids*."""
    rows = session.execute(select(Revision.id, Revision.document_json).where(Revision.id.in_(revision_ids)))
    return {revision_id: from_json(stored) for revision_id, stored in rows}


def listed(profile: Profile, sent: Sent, document: Document) -> Listed:
    """Say of an issue what makes it different from the one before."""
    published_at = sent.issue.published_at
    assert published_at is not None
    day = document.date or published_at.astimezone(ZoneInfo(profile.time_zone)).date()
    date = wording(profile.language).date(day)
    articles = (
        printable(entry.title)
        for section in document.sections
        for entry in section.entries
        if isinstance(entry, Article)
    )
    named_after = document.title == profile.name
    return Listed(
        number=sent.issue.number,
        title=date if named_after else printable(document.title),
        date="" if named_after else date,
        headlines=tuple(islice(articles, HEADLINES)),
        path=issue_path(profile.label, sent.issue.number),
        summary=preheader_of(document, profile.masthead, default=profile.preheader),
        published_at=published_at,
        changed_at=max(published_at, sent.changed_at),
        pdf_size=sent.pdf_size,
    )


def neighbours(session: Session, publication_id: int, number: int) -> tuple[int | None, int | None]:
    """Return the numbers of the published issues before and after *number*; None where there is none."""

    def nearest(query: Select[int]) -> int | None:
        return session.scalar(
            query.where(
                Issue.publication_id == publication_id,
                Issue.published_at.is_not(None),
                Issue.state != IssueState.WITHDRAWN,
                seen_by() == Visibility.PUBLIC,
            )
        )

    before = nearest(_joined(func.max(Issue.number)).where(Issue.number < number))
    after = nearest(_joined(func.min(Issue.number)).where(Issue.number > number))
    return before, after


def _joined(number: ColumnElement[int]) -> Select[int]:
    return select(number).join(Publication, Publication.id == Issue.publication_id)


def _newest_version() -> ScalarSelect[int]:
    """The newest version of an issue that is out: a draft begun since does not change what readers see."""
    return (
        select(func.max(PublishedVersion.id))
        .where(PublishedVersion.issue_id == Issue.id)
        .correlate(Issue)
        .scalar_subquery()
    )
