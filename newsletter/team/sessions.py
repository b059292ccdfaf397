"""Sessions: browsers in which somebody is signed in, listed, limited, revocable."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from newsletter.team import people
from newsletter.team.models import DeskPerson, DeskSession
from newsletter.team.roles import Permission, Role, RoleHeld, may

IDLE = timedelta(hours=12)
"""A session that nobody used for so long has ended: a working day's breaks fit, a night does not."""
LONGEST = timedelta(days=7)
"""However busy, a session ends after a week."""
HALFWAY = timedelta(minutes=10)
"""How long the password stays good while the second factor is looked for."""
SEEN_EVERY = timedelta(minutes=5)
"""A session in use is written down no more often, since every page would be a write."""
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, as the pages know them."""

    person_id: int
    name: str
    address: str
    language: str
    session_id: int
    held: frozenset[RoleHeld]
    has_password_alone: bool = False
    """Whether nothing but a password keeps others from coming in as them."""
    stale: bool = False
    """Whether it is time to write down that the session was seen."""

    def may(self, permission: Permission, publication_id: int | None) -> bool:
        """Tell whether they may do it in the publication; None: in the whole house."""
        return may(self.held, permission, publication_id)

    def lacks_second_factor(self, demanded: frozenset[Role]) -> bool:
        """Tell whether one of their roles is among those of whom a second factor is *demanded*, and they have none."""
        return self.has_password_alone and any(role in demanded for role, _ in self.held)


def hashed(token: str) -> str:
    """Return what the tables keep of a random *token*; it has 256 bits, so a plain hash hides it."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(
    session: Session, person: DeskPerson, *, browser: str, now: datetime, waits_for_second_factor: bool = False
) -> str:
    """Sign *person* in; return the new token for the cookie. Whatever session the browser had is not gone on with."""
    sweep(session, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        DeskSession(
            token_hash=hashed(token), person_id=person.id, waits_for_second_factor=waits_for_second_factor,
            browser=browser[:200], created_at=now, seen_at=now,
        )
    )  # fmt: skip
    session.flush()
    return token


def visitor(session: Session, token: str, *, now: datetime) -> Visitor | None:
    """Return who is signed in with *token*; None if nobody is, any longer or altogether."""
    row = _alive(session, token, now=now, halfway=False)
    if row is None:
        return None
    seat, person = row
    return Visitor(
        person.id, person.name, person.address, person.language, seat.id,
        held=people.roles_of(session, person.id),
        has_password_alone=person.password_hash is not None and person.totp_secret is None,
        stale=now - seat.seen_at >= SEEN_EVERY,
    )  # fmt: skip


def halfway(session: Session, token: str, *, now: datetime) -> DeskPerson | None:
    """Return whose password was right in this browser and whose code is awaited; None if nobody's."""
    row = _alive(session, token, now=now, halfway=True)
    return None if row is None else row[1]


def seen(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that the session is in use."""
    session.execute(update(DeskSession).where(DeskSession.id == session_id).values(seen_at=now))


def of_person(session: Session, person_id: int, *, now: datetime) -> list[DeskSession]:
    """Return the sessions in which a person is signed in, the last used first."""
    alive = DeskSession.seen_at > now - IDLE, DeskSession.created_at > now - LONGEST
    return list(
        session.scalars(
            select(DeskSession)
            .where(DeskSession.person_id == person_id, ~DeskSession.waits_for_second_factor, *alive)
            .order_by(DeskSession.seen_at.desc(), DeskSession.id.desc())
        )
    )


def end(session: Session, person_id: int, session_id: int) -> bool:
    """End one session of a person; return whether there was such a one."""
    ended = delete(DeskSession).where(DeskSession.id == session_id, DeskSession.person_id == person_id)
    return session.scalar(ended.returning(DeskSession.id)) is not None


def end_token(session: Session, token: str) -> None:
    """End the session of a cookie, halfway or whole."""
    session.execute(delete(DeskSession).where(DeskSession.token_hash == hashed(token)))


def end_all(session: Session, person_id: int, *, but: int | None = None) -> int:
    """End every session of a person, *but* one if so asked; return how many that were."""
    ended = delete(DeskSession).where(DeskSession.person_id == person_id)
    if but is not None:
        ended = ended.where(DeskSession.id != but)
    return len(session.scalars(ended.returning(DeskSession.id)).all())


def sweep(session: Session, *, now: datetime) -> None:
    """Take away the rows of sessions that have run out."""
    session.execute(
        delete(DeskSession).where(or_(DeskSession.seen_at <= now - IDLE, DeskSession.created_at <= now - LONGEST))
    )


def _alive(session: Session, token: str, *, now: datetime, halfway: bool) -> tuple[DeskSession, DeskPerson] | None:
    idle, longest = (HALFWAY, HALFWAY) if halfway else (IDLE, LONGEST)
    found = session.execute(
        select(DeskSession, DeskPerson)
        .join(DeskPerson, DeskPerson.id == DeskSession.person_id)
        .where(
            DeskSession.token_hash == hashed(token), DeskSession.waits_for_second_factor == halfway,
            DeskSession.seen_at > now - idle, DeskSession.created_at > now - longest,
            DeskPerson.deactivated_at.is_(None),
        )
    ).one_or_none()  # fmt: skip
    return None if found is None else (found[0], found[1])
