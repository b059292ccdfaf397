"""Passes: single-use links that let somebody in, printed in the terminal or mailed."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import NotFound
from newsletter.team import people
from newsletter.team.models import DeskPerson, Pass, PassKind
from newsletter.team.sessions import TOKEN_BYTES, hashed

LASTS: dict[PassKind, timedelta] = {
    # Printed at each start as long as there is nobody.
    PassKind.FIRST_ADMINISTRATOR: timedelta(days=1),
    # Over a long weekend.
    PassKind.INVITATION: timedelta(days=7),
    PassKind.PASSWORD: timedelta(hours=1),
}
OVER = N_("This link is not good any more: it works once, and for a limited time. Ask for another.")


def issue(session: Session, kind: PassKind, person: DeskPerson | None, *, now: datetime) -> str:
    """Make a pass and return its token, which is kept nowhere; a person's earlier passes of the kind die."""
    if person is not None:
        session.execute(delete(Pass).where(Pass.person_id == person.id, Pass.kind == kind, Pass.used_at.is_(None)))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        Pass(
            kind=kind, token_hash=hashed(token), person_id=None if person is None else person.id,
            created_at=now, expires_at=now + LASTS[kind],
        )
    )  # fmt: skip
    session.flush()
    return token


def look(session: Session, token: str, *, now: datetime) -> Pass:
    """Return a pass that is still good, without using it; raise ``NotFound``."""
    found = session.scalar(
        select(Pass).where(Pass.token_hash == hashed(token), Pass.used_at.is_(None), Pass.expires_at > now)
    )
    if found is None or (found.kind is PassKind.FIRST_ADMINISTRATOR and not people.is_nobody(session)):
        raise NotFound(OVER)
    if found.person_id is not None and people.get(session, found.person_id).deactivated_at is not None:
        raise NotFound(OVER)
    return found


def use(session: Session, token: str, *, now: datetime) -> Pass:
    """Use a pass up and return it; raise ``NotFound`` if it is over, for whoever came second too.

    With the first administrator's link all others of the kind are used up, so that two at once cannot both come first.
    """
    found = look(session, token, now=now)
    which = Pass.kind == found.kind if found.kind is PassKind.FIRST_ADMINISTRATOR else Pass.id == found.id
    unused = update(Pass).where(which, Pass.used_at.is_(None))
    if found.id not in session.scalars(unused.values(used_at=now).returning(Pass.id)).all():
        raise NotFound(OVER)
    return found
