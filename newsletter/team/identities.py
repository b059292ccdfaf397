"""Identities: which of our people the identity provider means."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.mail.address import address_key
from newsletter.team import passes, people, sessions
from newsletter.team.identity_provider import Identity
from newsletter.team.models import DeskPerson

NOBODY = N_(
    "Your organisation knows you, but this desk does not: an administrator has to invite you first. "
    "If you have an invitation, open its link and sign in from there."
)
ANOTHERS = N_("This account of your organisation is already somebody else's at this desk.")
ANOTHER = N_("Another account of your organisation is tied to this address; an administrator of the desk can untie it.")


def recognised(
    session: Session, identity: Identity, *, now: datetime, pass_token: str = "", person_id: int | None = None
) -> DeskPerson:
    """Return who *identity* is here: whoever bears the pass or is signed in already, else whoever was tied to it.

    Somebody who was invited and never came is known by a verified address, and tied to the identity for good: an
    address may pass to somebody else one day. Raises ``NotFound`` for a stranger, ``Conflict`` for a tie elsewhere.
    """
    if pass_token:
        person_id = passes.use(session, pass_token, now=now).person_id
    if person_id is not None:
        person = people.get(session, person_id)
    else:
        found = session.scalar(select(DeskPerson).where(DeskPerson.identity == identity.key))
        person = found or _by_address(session, identity.address)
    if person.deactivated_at is not None:
        raise NotFound(NOBODY)
    tie(session, person, identity.key, now=now)
    return person


def tie(session: Session, person: DeskPerson, identity: str, *, now: datetime) -> None:
    """Let *person* in by *identity*, issuer and subject at the provider, from now on.

    Raises ``Conflict`` if that identity is tied to somebody else, or they to another.
    """
    if person.identity == identity:
        return
    holder = session.scalar(select(DeskPerson.id).where(DeskPerson.identity == identity))
    if holder is not None:
        raise Conflict(ANOTHERS)
    if person.identity is not None:
        raise Conflict(ANOTHER)
    person.identity = identity
    record(session, at=now, actor=person.address, deed="person.tie", subject=f"person:{person.id}")


def untie(session: Session, person: DeskPerson, *, now: datetime, by: str) -> bool:
    """Let *person* in by the provider no more until tied anew; return whether that is news."""
    if person.identity is None:
        return False
    person.identity = None
    sessions.end_all(session, person.id)
    record(session, at=now, actor=by, deed="person.untie", subject=f"person:{person.id}", address=person.address)
    return True


def _by_address(session: Session, address: str) -> DeskPerson:
    try:
        key = address_key(address)
    except BadInput as error:
        raise NotFound(NOBODY) from error
    found = session.scalar(select(DeskPerson).where(DeskPerson.address_key == key))
    if found is None:
        raise NotFound(NOBODY)
    return found
