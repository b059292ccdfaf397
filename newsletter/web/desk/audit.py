"""The audit trail as a page: who did what to which thing, when; to look at and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import ColumnElement, Select, String, cast, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from newsletter import publications
from newsletter.delivery.models import Dispatch
from newsletter.issues.models import Issue
from newsletter.kit.audit import AuditEntry
from newsletter.kit.catalogue import N_
from newsletter.publications import Publication
from newsletter.team import people
from newsletter.team.models import DeskPerson
from newsletter.team.roles import Permission
from newsletter.web.auth import VisitorDep, needs
from newsletter.web.desk.page import page
from newsletter.web.workplace import SessionDep

router = APIRouter(prefix="/audit", dependencies=[needs(Permission.ADMINISTER)])
PAGE_SIZE = 100
DEEDS = {
    "dispatch.cancel": N_("ended a sending"),
    "dispatch.end_hold": N_("ended the hold of a sending"),
    "dispatch.fail_over": N_("went on by another mail server"),
    "dispatch.let_be": N_("let mails in doubt be"),
    "dispatch.pause": N_("paused a sending"),
    "dispatch.reschedule": N_("gave a sending another time"),
    "dispatch.resume": N_("went on with a sending"),
    "dispatch.send_again": N_("sent mails in doubt again"),
    "dispatch.send_missed": N_("sent what had missed its time"),
    "dispatch.start": N_("ordered a sending"),
    "finding.waive": N_("left a finding as it is"),
    "issue.approve": N_("signed off an issue"),
    "issue.check_links": N_("checked the links of an issue"),
    "issue.publish": N_("an issue was published"),
    "issue.revise": N_("wrote a version of an issue"),
    "person.add": N_("added a person"),
    "person.change": N_("changed name or language"),
    "person.deactivate": N_("shut a person out"),
    "person.give_role": N_("gave a role"),
    "person.new_recovery_codes": N_("made new recovery codes"),
    "person.password": N_("chose another password"),
    "person.reactivate": N_("let a person in again"),
    "person.recovery_code": N_("used a recovery code"),
    "person.second_factor_off": N_("turned a second factor off"),
    "person.second_factor_on": N_("turned a second factor on"),
    "person.sign_in": N_("signed in"),
    "person.take_role": N_("took a role away"),
    "person.tie": N_("tied an account of the organisation"),
    "person.untie": N_("untied an account of the organisation"),
    "publication.add": N_("added a newsletter"),
    "publication.change": N_("changed a newsletter"),
    "reader.correct": N_("corrected a reader’s name, language or format"),
    "reader.disclose": N_("handed out a reader’s data"),
    "reader.erase": N_("erased a reader"),
    "field.add": N_("added a field about readers"),
    "field.remove": N_("removed a field about readers"),
    "reader.merge": N_("made one reader of two"),
    "reader.note": N_("noted something about a reader"),
    "reader.object": N_("noted a reader’s objection"),
    "reader.suppress": N_("put an address on the do-not-mail list"),
    "reader.tag": N_("put a tag on a reader"),
    "reader.untag": N_("took a tag off a reader"),
    "reader.unsubscribe": N_("ended a reader’s subscription"),
    "readers.export": N_("exported readers"),
    "readers.order_import": N_("ordered an import of readers"),
    "readers.suppress": N_("took over a do-not-mail list"),
    "readers.note": N_("noted something about many readers"),
    "segment.remove": N_("removed a segment"),
    "segment.save": N_("made or changed a segment"),
    "tag.remove": N_("removed a tag"),
    "readers.import": N_("imported readers"),
}
"""What a deed is called on the page; one that is missing is shown as it was written down."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody wants to see; empty: all."""

    actor: str = ""
    publication: str = ""
    issue: str = ""
    before: int = 0
    """The id of an entry: those written before it. 0: the newest."""

    @property
    def number(self) -> int | None:
        """The issue's number within the newsletter, if one was named and can be one."""
        return int(self.issue) if self.issue.isascii() and self.issue.isdigit() and len(self.issue) < 10 else None


@router.get("")
def show(
    request: Request, visitor: VisitorDep, session: SessionDep, actor: str = Query("", max_length=254),
    publication: str = Query("", max_length=40), issue: str = Query("", max_length=10),
    before: int = Query(0, ge=0, le=2**62),
) -> Response:  # fmt: skip
    """Show the newest hundred entries, of one person, newsletter or issue if so asked."""
    wanted = Wanted(actor, publication, issue, before)
    entries = list(session.scalars(_entries(wanted).limit(PAGE_SIZE + 1)))
    shown = entries[:PAGE_SIZE]
    return page(
        request, visitor, "desk/audit.html", entries=shown, deeds=DEEDS, subjects=_subjects(session, shown),
        wanted=wanted, older=shown[-1].id if len(entries) > PAGE_SIZE else 0, people=people.every(session),
        publications=publications.every(session),
    )  # fmt: skip


def _entries(wanted: Wanted) -> Select[AuditEntry]:
    found = select(AuditEntry).order_by(AuditEntry.id.desc())
    if wanted.before:
        found = found.where(AuditEntry.id < wanted.before)
    if wanted.actor:
        found = found.where(AuditEntry.actor == wanted.actor)
    if wanted.publication:
        found = found.where(_about(wanted))
    return found


def _about(wanted: Wanted) -> ColumnElement[bool]:
    """Return whether an entry is about a newsletter, or about one issue of it, or a sending of either."""
    its = select(Issue.id).join(Publication, Publication.id == Issue.publication_id)
    its = its.where(Publication.label == wanted.publication)
    if wanted.number is not None:
        its = its.where(Issue.number == wanted.number)
        sendings = select(Dispatch.id).where(Dispatch.issue_id.in_(its))
        return or_(_named("issue", Issue.id, its), _named("dispatch", Dispatch.id, sendings))
    theirs = select(Publication.id).where(Publication.label == wanted.publication)
    sendings = select(Dispatch.id).where(Dispatch.publication_id.in_(theirs))
    return or_(
        _named("publication", Publication.id, theirs), _named("issue", Issue.id, its),
        _named("dispatch", Dispatch.id, sendings),
    )  # fmt: skip


def _named(kind: str, column: InstrumentedAttribute[int], which: Select[Any]) -> ColumnElement[bool]:
    """Return whether an entry's subject is one of *which*: ``issue:12``."""
    names = select(literal(f"{kind}:") + cast(column, String)).where(column.in_(which))
    return AuditEntry.subject.in_(names)


def _subjects(session: Session, entries: list[AuditEntry]) -> dict[str, tuple[str, str]]:
    """Return what each subject is called and the path of its page below /desk, for those that still are."""
    ids: dict[str, set[int]] = {}
    for entry in entries:
        kind, _, number = entry.subject.partition(":")
        if number.isdigit():
            ids.setdefault(kind, set()).add(int(number))
    named: dict[str, tuple[str, str]] = {}
    for person in session.scalars(select(DeskPerson).where(DeskPerson.id.in_(ids.get("person", ())))):
        named[f"person:{person.id}"] = (person.name, f"/people/{person.id}")
    for found in session.scalars(select(Publication).where(Publication.id.in_(ids.get("publication", ())))):
        named[f"publication:{found.id}"] = (found.name, f"/p/{found.label}/")
    rows = session.execute(
        select(Issue, Publication).join(Publication, Publication.id == Issue.publication_id)
        .where(Issue.id.in_(ids.get("issue", ())))
    )  # fmt: skip
    for issue, found in rows:
        named[f"issue:{issue.id}"] = (f"{found.name} {issue.number}", f"/p/{found.label}/i/{issue.number}/")
    return named
