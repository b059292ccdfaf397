"""Accounts: choosing a password, and what ends with the old one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.team import sessions
from newsletter.team.models import DeskPerson, Pass, PassKind


def set_password(
    session: Session, person: DeskPerson, password_hash: str, *, now: datetime, but: int | None = None
) -> int:
    """Give *person* another password: every session *but* one ends, and mailed links that would set one die.

    Returns how many sessions ended.
    """
    person.password_hash = password_hash
    session.execute(
        delete(Pass).where(
            Pass.person_id == person.id, Pass.used_at.is_(None),
            Pass.kind.in_([PassKind.PASSWORD, PassKind.INVITATION]),
        )
    )  # fmt: skip
    ended = sessions.end_all(session, person.id, but=but)
    record(
        session, at=now, actor=person.address, deed="person.password", subject=f"person:{person.id}",
        sessions_ended=ended,
    )  # fmt: skip
    return ended
