"""The tables of what is published: issues, immutable revisions, pictures, editions, approvals."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.publications  # noqa: F401  # the table that foreign keys here refer to
from newsletter.issues.link_probe import Verdict
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from newsletter.manuscripts.document import Document, from_json
from newsletter.manuscripts.keys import keyed
from newsletter.rendering.edition import Medium


class IssueState(StrEnum):
    """Where an issue stands on its way to the readers."""

    DRAFT = "draft"
    """Being written."""
    IN_REVIEW = "in_review"
    """Somebody has been asked to approve it."""
    CHANGES_REQUESTED = "changes_requested"
    """The approver wants something changed."""
    APPROVED = "approved"
    """One revision and its editions are signed off."""
    PUBLISHED = "published"
    """It has gone out; what comes now is a correction."""
    WITHDRAWN = "withdrawn"
    """It is no longer meant to be read."""


ISSUE_TRANSITIONS: dict[IssueState, frozenset[IssueState]] = {
    IssueState.DRAFT: frozenset({IssueState.IN_REVIEW, IssueState.APPROVED, IssueState.WITHDRAWN}),
    IssueState.IN_REVIEW: frozenset(
        {IssueState.CHANGES_REQUESTED, IssueState.APPROVED, IssueState.DRAFT, IssueState.WITHDRAWN}
    ),
    IssueState.CHANGES_REQUESTED: frozenset(
        {IssueState.IN_REVIEW, IssueState.DRAFT, IssueState.APPROVED, IssueState.WITHDRAWN}
    ),
    IssueState.APPROVED: frozenset(
        {IssueState.DRAFT, IssueState.CHANGES_REQUESTED, IssueState.PUBLISHED, IssueState.WITHDRAWN}
    ),
    IssueState.PUBLISHED: frozenset({IssueState.DRAFT, IssueState.WITHDRAWN}),
    IssueState.WITHDRAWN: frozenset({IssueState.DRAFT}),
}
"""From each state, where an issue may go; published → draft begins the next version, a correction."""


class Visibility(StrEnum):
    """Who may open an issue in the archive."""

    PUBLIC = "public"
    """Anybody; it is in lists, feeds and search of a newsletter that is open."""
    READERS = "readers"
    """Readers and members, by the signed link in their mail; it is on their list."""
    HIDDEN = "hidden"
    """Readers, by the link in the mail that brought it; it is on no list."""


class Issue(Base):
    """One dated number of a publication."""

    __tablename__ = "issues"
    __table_args__ = (UniqueConstraint("publication_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), index=True)
    number: Mapped[int]
    """Counts up within the publication, from 1; stands in URLs."""
    title: Mapped[str] = mapped_column(String(500))
    """The current revision's title, for lists."""
    state: Mapped[IssueState] = mapped_column(named(IssueState), index=True)
    current_revision_id: Mapped[int | None] = mapped_column(RowId)
    """The newest revision; no foreign key, since each of the two tables would need the other first."""
    version: Mapped[int] = mapped_column(default=1)
    """Raised with each correction; version 1 is what went out first."""
    embargo_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    visibility: Mapped[Visibility | None] = mapped_column(named(Visibility))
    """Who may open it in the archive; None: anybody if its newsletter is open, else its readers."""


class Revision(Base):
    """One immutable state of an issue's Document; editing adds a revision, nothing changes one."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("issue_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    number: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    schema_version: Mapped[int]
    document_json: Mapped[str] = mapped_column(Text)
    """The canonical JSON, byte for byte what ``sha256`` was taken of."""
    sha256: Mapped[str] = mapped_column(String(64))
    remarks_json: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """What reading the manuscript had to say; proofing is run afresh."""
    author: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    @property
    def document(self) -> Document:
        """The stored Document; one stored before nodes had keys gets the same ones each time."""
        document = from_json(self.document_json)
        if '"key":""' in self.document_json or '"key":' not in self.document_json:
            return keyed(document, stem=str(self.number), like=document)
        return document


class Asset(Base):
    """A picture's bytes, named by their own hash; in the database, so that any worker on any machine has them."""

    __tablename__ = "assets"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LinkResult(Base):
    """What a link of an issue led to when it was last asked."""

    __tablename__ = "link_results"
    __table_args__ = (UniqueConstraint("issue_id", "url_key"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    url_key: Mapped[str] = mapped_column(String(64))
    """SHA-256 (hex) of the address, which may be longer than an index takes."""
    url: Mapped[str] = mapped_column(Text)
    verdict: Mapped[Verdict] = mapped_column(named(Verdict))
    status: Mapped[int]
    """The last HTTP status; 0: there was no answer."""
    hops: Mapped[list[list[Any]]] = mapped_column(JSON)
    """Each address that was asked with its status, the redirects in between."""
    said: Mapped[str] = mapped_column(Text)
    """What the other side said of its failure."""
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StoredEdition(Base):
    """The frozen bytes of one rendering of one revision."""

    __tablename__ = "editions"
    __table_args__ = (UniqueConstraint("revision_id", "language", "medium"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    language: Mapped[str] = mapped_column(String(16))
    medium: Mapped[Medium] = mapped_column(named(Medium))
    sha256: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApprovalKind(StrEnum):
    """In what capacity somebody signed an issue off."""

    APPROVED = "approved"
    """As one who approves."""
    DEPUTY = "deputy"
    """As a deputy whom the publication names, in an approver's stead."""
    RELEASE = "release"
    """As an emergency release, for a reason; alone it is enough, and the team is told."""


class Approval(Base):
    """One person's sign-off: tied to one revision's hash and the manifest of its editions; voided by any later edit.

    Where a publication asks for two, both sign the same manifest, and the issue is signed off with the second.
    """

    __tablename__ = "approvals"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    manifest_json: Mapped[str] = mapped_column(Text)
    """Canonical JSON: revision hash, subject, preheader, mail format, and medium → SHA-256 of every edition."""
    signature: Mapped[str] = mapped_column(String(64))
    """HMAC-SHA-256 (hex) of the manifest under the sign-off key."""
    approved_by: Mapped[str] = mapped_column(String(254))
    approved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[ApprovalKind] = mapped_column(
        named(ApprovalKind), default=ApprovalKind.APPROVED, server_default=ApprovalKind.APPROVED.value
    )
    reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    """Why it had to be an emergency release; else empty."""
    completes: Mapped[bool] = mapped_column(default=True, server_default=true())
    """Whether with it the issue was signed off; False for the first of two."""
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Waiver(Base):
    """A warning left as is, with the reason."""

    __tablename__ = "waivers"
    __table_args__ = (UniqueConstraint("issue_id", "remark_key"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"))
    remark_key: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text)
    waived_by: Mapped[str] = mapped_column(String(254))
    waived_at: Mapped[datetime] = mapped_column(UtcDateTime)
