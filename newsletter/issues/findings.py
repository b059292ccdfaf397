"""Findings: what stands against signing off a revision, and what was left as is with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.issues import links
from newsletter.issues.models import Issue, Revision, Waiver
from newsletter.kit.audit import record
from newsletter.kit.database import insert_for
from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.proofing import blockers, proof
from newsletter.manuscripts.remarks import Remark, Severity
from newsletter.publications import Profile
from newsletter.rendering.fonts import missing_glyphs

_REMARKS: TypeAdapter[tuple[Remark, ...]] = TypeAdapter(tuple[Remark, ...])


@dataclass(frozen=True, slots=True)
class Findings:
    """The remarks on one revision with the reasons given for leaving some as they are."""

    remarks: tuple[Remark, ...]
    waived: Mapping[str, str]
    """Remark key → reason."""

    @property
    def blockers(self) -> tuple[Remark, ...]:
        """What still stops sign-off."""
        return blockers(self.remarks, self.waived.keys())


def proofed(document: Document, *, house_style: HouseStyle, reading: tuple[Remark, ...] = ()) -> tuple[Remark, ...]:
    """Return what reading and proofing have to say, in the order of the manuscript."""
    found = (*reading, *proof(document, house_style=house_style, missing_glyphs=missing_glyphs))
    return tuple(sorted(found, key=lambda remark: (remark.line is None, remark.line or 0, remark.rule)))


def of_revision(session: Session, revision: Revision, profile: Profile) -> Findings:
    """Return the findings on a stored revision."""
    document = revision.document
    reading = remarks_from_json(revision.remarks_json) + links.remarks(session, revision.issue_id, document)
    remarks = proofed(document, house_style=profile.house_style, reading=reading)
    waivers = session.execute(select(Waiver.remark_key, Waiver.reason).where(Waiver.issue_id == revision.issue_id))
    return Findings(remarks, {row.remark_key: row.reason for row in waivers})


def waive(
    session: Session, issue: Issue, *, remark_key: str, reason: str, findings: Findings, by: str, now: datetime
) -> None:
    """Leave a warning as it is, for a reason; raise ``BadInput`` for an error or an empty reason, ``NotFound`` for a
    key that no remark has."""
    remark = next((remark for remark in findings.remarks if remark.key == remark_key), None)
    if remark is None:
        raise NotFound(f"No finding has the key {remark_key!r}; `newsletter issue proof {issue.id}` lists them.")
    if remark.severity is Severity.ERROR:
        raise BadInput(f"{remark.message} This is an error and must be mended; only warnings can be left as they are.")
    if not reason.strip():
        raise BadInput("Say why it is left as it is; the reason is kept with the issue.")
    insert = insert_for(session)
    session.execute(
        insert(Waiver)
        .values(
            issue_id=issue.id,
            remark_key=remark_key,
            rule=remark.rule,
            reason=reason.strip(),
            waived_by=by,
            waived_at=now,
        )
        .on_conflict_do_nothing()
    )
    record(
        session, at=now, actor=by, deed="finding.waive", subject=f"issue:{issue.id}", rule=remark.rule, reason=reason
    )


def remarks_to_json(remarks: tuple[Remark, ...]) -> list[dict[str, Any]]:
    """Return *remarks* as plain data, for storing."""
    return [asdict(remark) for remark in remarks]


def remarks_from_json(stored: list[dict[str, Any]]) -> tuple[Remark, ...]:
    """Return the remarks that ``remarks_to_json`` stored."""
    return _REMARKS.validate_python(stored)
