"""Embargo: the time before which an issue reaches no reader by any way, whoever orders it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.issues.models import Issue
from newsletter.kit.audit import record
from newsletter.kit.errors import BadInput, Conflict
from newsletter.kit.sentences import N_, Sentence


def lay(session: Session, issue: Issue, *, until: datetime, by: str, now: datetime) -> None:
    """Keep the issue from everybody until *until*; what was ordered for an earlier time waits for it.

    Raises ``BadInput`` for a time that is past, ``Conflict`` if the issue is out already.
    """
    if until <= now:
        raise BadInput(Sentence(N_("%(when)s is past; an embargo ends at a time to come."), when=until))
    if issue.published_at is not None:
        raise Conflict(N_("The issue is out already; an embargo cannot take it back."))
    _set(session, issue, until, by=by, now=now)


def lift(session: Session, issue: Issue, *, by: str, now: datetime) -> None:
    """Take the embargo away; harmless if there is none."""
    if issue.embargo_until is not None:
        _set(session, issue, None, by=by, now=now)


def stands(issue: Issue, *, now: datetime) -> bool:
    """Tell whether the issue is under embargo at *now*."""
    return issue.embargo_until is not None and now < issue.embargo_until


def _set(session: Session, issue: Issue, until: datetime | None, *, by: str, now: datetime) -> None:
    before, issue.embargo_until = issue.embargo_until, until
    session.flush()
    record(
        session, at=now, actor=by, deed="issue.embargo", subject=f"issue:{issue.id}",
        until=until.isoformat() if until else None, before=before.isoformat() if before else None,
    )  # fmt: skip
