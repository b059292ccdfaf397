"""What somebody wants to see of the audit trail, and what its entries are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, String, cast, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from newsletter.delivery.models import Dispatch
from newsletter.issues.models import Issue
from newsletter.kit.audit import AuditEntry
from newsletter.publications import Publication
from newsletter.team.models import DeskPerson

UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody wants to see; empty: all."""

    actor: str = ""
    publication: str = ""
    issue: str = ""
    first: str = ""
    """The first day, as 2026-03-04."""
    last: str = ""
    """The last day, itself included."""
    before: int = 0
    """The id of an entry: those written before it. 0: the newest."""

    @property
    def number(self) -> int | None:
        """The issue's number within the newsletter, if one was named and can be one."""
        return int(self.issue) if self.issue.isascii() and self.issue.isdigit() and len(self.issue) < 10 else None

    @property
    def query(self) -> dict[str, str]:
        """What is wanted, but for the place in it, as an address has it."""
        asked = {
            "actor": self.actor, "publication": self.publication, "issue": self.issue, "first": self.first,
            "last": self.last,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value}


def zone_of(publications: list[Publication], wanted: Wanted) -> ZoneInfo:
    """Return whose clocks the entries are shown by: those of the newsletter that is asked for, else those that all the
    newsletters of the house go by, else UTC."""
    named = [each.profile.zone for each in publications if wanted.publication in {"", each.label}]
    zones = {zone.key: zone for zone in named}
    return next(iter(zones.values())) if len(zones) == 1 else UTC_ZONE


def entries(wanted: Wanted, zone: ZoneInfo) -> Select[AuditEntry]:
    """Return the query for what is wanted, the newest first; a day begins and ends on the clocks of *zone*."""
    found = select(AuditEntry).order_by(AuditEntry.id.desc())
    if wanted.before:
        found = found.where(AuditEntry.id < wanted.before)
    if wanted.actor:
        found = found.where(AuditEntry.actor == wanted.actor)
    if (first := _day(wanted.first)) is not None:
        found = found.where(AuditEntry.at >= datetime.combine(first, time(), zone))
    if (last := _day(wanted.last)) is not None:
        found = found.where(AuditEntry.at < datetime.combine(last + timedelta(days=1), time(), zone))
    if wanted.publication:
        found = found.where(_about(wanted))
    return found


def _day(text: str) -> date | None:
    """Return the day that a browser's date field says; what is none asks for nothing."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2999 else None


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


def subjects(session: Session, shown: list[AuditEntry]) -> dict[str, tuple[str, str]]:
    """Return what each subject is called and the path of its page below /desk, for those that still are."""
    ids: dict[str, set[int]] = {}
    for entry in shown:
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
