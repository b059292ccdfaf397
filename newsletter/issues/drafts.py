"""Drafts: beginning an issue and revising it; every edit adds an immutable revision and voids what was signed off."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from newsletter.issues import approvals, assets
from newsletter.issues.findings import remarks_to_json
from newsletter.issues.models import ISSUE_TRANSITIONS, Issue, IssueState, Revision
from newsletter.kit.audit import record
from newsletter.kit.errors import Conflict, NotFound
from newsletter.kit.sentences import N_
from newsletter.manuscripts.document import SCHEMA_VERSION, Document, fingerprint, to_json
from newsletter.manuscripts.keys import keyed
from newsletter.manuscripts.pictures import Pictures
from newsletter.manuscripts.remarks import Remark
from newsletter.publications import Publication

LARGEST_ID = 2**31 - 1
"""What an INTEGER column holds; a database asked for more answers with an error of its own."""


def begin(
    session: Session,
    publication: Publication,
    document: Document,
    *,
    remarks: tuple[Remark, ...],
    pictures: Pictures,
    by: str,
    now: datetime,
) -> Issue:
    """Create the publication's next issue from *document*, as revision 1."""
    last = session.scalar(select(func.max(Issue.number)).where(Issue.publication_id == publication.id))
    issue = Issue(
        publication_id=publication.id,
        number=(last or 0) + 1,
        title=document.title,
        state=IssueState.DRAFT,
        created_at=now,
    )
    session.add(issue)
    session.flush()
    _add_revision(session, issue, document, remarks=remarks, pictures=pictures, by=by, now=now)
    return issue


def revise(
    session: Session,
    issue: Issue,
    document: Document,
    *,
    remarks: tuple[Remark, ...],
    pictures: Pictures,
    by: str,
    now: datetime,
    parent_number: int | None = None,
) -> Revision:
    """Add a revision; a standing sign-off is voided.

    *parent_number* is the revision the editor started from; raises ``Conflict`` if another has come since, so that
    nobody's words are overwritten.
    """
    session.refresh(issue, with_for_update=True)  # two who save at once come one after the other
    current = current_revision(session, issue)
    if parent_number is not None and parent_number != current.number:
        raise Conflict(
            f"Issue {issue.id} is at revision {current.number} by {current.author}; you started from {parent_number}. "
            "Look at both and save again."
        )
    if issue.state is not IssueState.DRAFT:
        move(session, issue, IssueState.DRAFT)
    approvals.void(session, issue.id, now=now)
    return _add_revision(session, issue, document, remarks=remarks, pictures=pictures, by=by, now=now, parent=current)


def get(session: Session, issue_id: int) -> Issue:
    """Return the issue; raise ``NotFound``."""
    issue = session.get(Issue, issue_id) if issue_id <= LARGEST_ID else None
    if issue is None:
        raise NotFound(f"There is no issue {issue_id}; `newsletter issue list` shows them.")
    return issue


def current_revision(session: Session, issue: Issue) -> Revision:
    """Return the newest revision of *issue*."""
    revision = session.get(Revision, issue.current_revision_id)
    if revision is None:
        raise NotFound(f"Issue {issue.id} has no revision; import its manuscript again.")
    return revision


def publication_of(session: Session, issue: Issue) -> Publication:
    """Return the publication *issue* belongs to."""
    return session.get_one(Publication, issue.publication_id)


def check_publication(session: Session, issue: Issue, label: str) -> None:
    """Raise ``Conflict`` unless *issue* belongs to the publication called *label*."""
    own = publication_of(session, issue).label
    if own != label:
        raise Conflict(f"Issue {issue.id} belongs to {own!r}, not to {label!r}; begin a new issue there instead.")


def move(session: Session, issue: Issue, to: IssueState) -> None:
    """Change the issue's state along ``ISSUE_TRANSITIONS``; raise ``Conflict`` if there is no such way."""
    if to not in ISSUE_TRANSITIONS[issue.state]:
        raise Conflict(
            N_("The issue does not stand where this is possible; look at it again."),
            hint=f"Issue {issue.id} is {issue.state.value}; it cannot become {to.value} from there.",
        )
    moved = session.execute(
        update(Issue).where(Issue.id == issue.id, Issue.state == issue.state).values(state=to).returning(Issue.id)
    ).scalar()
    if moved is None:
        raise Conflict(N_("The issue was changed by somebody else just now; look again."))
    session.refresh(issue)


def _add_revision(
    session: Session,
    issue: Issue,
    document: Document,
    *,
    remarks: tuple[Remark, ...],
    pictures: Pictures,
    by: str,
    now: datetime,
    parent: Revision | None = None,
) -> Revision:
    number = parent.number + 1 if parent else 1
    document = assets.store(session, document, pictures, now=now)
    document = keyed(document, stem=str(number), like=parent.document if parent else None)
    revision = Revision(
        issue_id=issue.id,
        number=number,
        parent_id=parent.id if parent else None,
        schema_version=SCHEMA_VERSION,
        document_json=to_json(document),
        sha256=fingerprint(document),
        remarks_json=remarks_to_json(remarks),
        author=by,
        created_at=now,
    )
    session.add(revision)
    session.flush()
    issue.current_revision_id = revision.id
    issue.title = document.title
    session.flush()
    record(
        session, at=now, actor=by, deed="issue.revise", subject=f"issue:{issue.id}", revision=revision.number,
        sha256=revision.sha256,
    )  # fmt: skip
    return revision
