"""Corrections: the next version of an issue that is out, with a note that says what was wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from newsletter.issues import assets, drafts, versions
from newsletter.issues.findings import remarks_from_json
from newsletter.issues.models import Issue, Revision
from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput, Conflict
from newsletter.kit.sentences import N_, Sentence
from newsletter.manuscripts.document import Correction

NOTE_LIMIT = 1000
"""Characters; it stands above the issue in every edition."""


def begin(session: Session, issue: Issue, *, note: str, by: str, now: datetime) -> Revision:
    """Begin the issue's next version with the *note* that its editions will show; return the revision to go on from.

    Nothing that is out changes before the new version is signed off and published. Raises ``BadInput`` without a note,
    ``Conflict`` if the issue is not out yet, or its next version has been begun before.
    """
    text = " ".join(note.split())
    if not text:
        raise BadInput(N_("Say what was wrong and what is right; the note stands above the corrected issue."))
    if len(text) > NOTE_LIMIT:
        raise BadInput(Sentence(
            N_("The note has %(count)s characters; %(most)s are the most."), count=len(text), most=NOTE_LIMIT
        ))  # fmt: skip
    if not versions.published(session, issue):
        raise Conflict(N_("The issue is not out yet; edit it, nobody has read it."))
    if not versions.is_out(session, issue):
        raise Conflict(Sentence(
            N_("Version %(number)s of this issue has been begun already; edit that."), number=str(issue.version)
        ))  # fmt: skip
    current = drafts.current_revision(session, issue)
    zone = ZoneInfo(drafts.publication_of(session, issue).profile.time_zone)
    document = current.document
    corrected = replace(
        document, corrections=(*document.corrections, Correction(text, now.astimezone(zone).date()))
    )  # fmt: skip
    revision = drafts.revise(
        session, issue, corrected, remarks=remarks_from_json(current.remarks_json),
        pictures=assets.load(session, document), by=by, now=now,
    )  # fmt: skip
    issue.version += 1
    session.flush()
    record(
        session, at=now, actor=by, deed="issue.correct", subject=f"issue:{issue.id}", version=issue.version, note=text
    )  # fmt: skip
    return revision
