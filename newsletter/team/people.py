"""People of the desk: adding, naming, giving and taking roles, deactivating."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, Conflict, NotFound
from newsletter.mail.address import address_key
from newsletter.publications import CONTROL, Publication
from newsletter.team.models import DeskPerson, DeskSession, Pass, RoleGrant
from newsletter.team.roles import Role, RoleHeld

NAME_LIMIT = 200
LANGUAGES = {"en": "English", "de": "Deutsch"}
"""What the desk's screens speak."""
NO_ADDRESS = N_("That is no address that mail can be sent to.")
TAKEN = N_("Somebody at this desk has that address already.")
BAD_NAME = N_("A name must have 1 to 200 characters, on one line.")
NO_LANGUAGE = N_("The desk speaks English (en) and German (de).")
LAST = N_("This is the only administrator of the desk; make somebody else an administrator of all newsletters first.")


def add(session: Session, address: str, *, name: str, now: datetime, by: str, language: str = "en") -> DeskPerson:
    """Write somebody down; they come in by an invitation or the identity provider.

    Raises ``BadInput`` for a bad address, name or language, ``Conflict`` if the address is somebody's already.
    """
    address = address.strip()
    try:
        key = address_key(address)
    except BadInput as error:
        raise BadInput(NO_ADDRESS) from error
    if session.scalar(select(DeskPerson.id).where(DeskPerson.address_key == key)):
        raise Conflict(TAKEN)
    person = DeskPerson(
        address=address, address_key=key, name=checked_name(name), language=checked_language(language),
        totp_step=0, created_at=now,
    )  # fmt: skip
    session.add(person)
    session.flush()
    record(session, at=now, actor=by, deed="person.add", subject=f"person:{person.id}", address=address)
    return person


def rename(session: Session, person: DeskPerson, *, name: str, language: str, now: datetime, by: str) -> None:
    """Change how the desk calls and speaks to *person*; raises ``BadInput``."""
    name, language = checked_name(name), checked_language(language)
    if (name, language) == (person.name, person.language):
        return
    person.name, person.language = name, language
    record(session, at=now, actor=by, deed="person.change", subject=f"person:{person.id}", language=language)


def checked_name(name: str) -> str:
    """Return *name* without blanks around it; raise ``BadInput`` for one that cannot be shown or mailed."""
    name = name.strip()
    if not 0 < len(name) <= NAME_LIMIT or CONTROL.search(name):
        raise BadInput(BAD_NAME)
    return name


def checked_language(language: str) -> str:
    """Return *language*; raise ``BadInput`` if the screens do not speak it."""
    if language not in LANGUAGES:
        raise BadInput(NO_LANGUAGE)
    return language


def get(session: Session, person_id: int) -> DeskPerson:
    """Return the person; raise ``NotFound``."""
    found = session.get(DeskPerson, person_id)
    if found is None:
        raise NotFound("There is no such person at this desk.")
    return found


def by_address(session: Session, address: str) -> DeskPerson:
    """Return the person with *address*; raise ``NotFound``, ``BadInput`` for what is no address."""
    found = session.scalar(select(DeskPerson).where(DeskPerson.address_key == address_key(address.strip())))
    if found is None:
        raise NotFound(f"Nobody at this desk has the address {address}; `newsletter user list` shows who there is.")
    return found


def every(session: Session) -> list[DeskPerson]:
    """Return everybody by name, those who have left too."""
    return list(session.scalars(select(DeskPerson).order_by(DeskPerson.name, DeskPerson.id)))


def is_nobody(session: Session) -> bool:
    """Tell whether the desk has nobody yet, so that the first administrator may be made."""
    return not session.scalar(select(exists().select_from(DeskPerson)))


def roles_of(session: Session, person_id: int) -> frozenset[RoleHeld]:
    """Return the roles that a person holds."""
    rows = session.execute(select(RoleGrant.role, RoleGrant.publication_id).where(RoleGrant.person_id == person_id))
    return frozenset((role, publication_id) for role, publication_id in rows)


def give(
    session: Session, person: DeskPerson, role: Role, publication: Publication | None, *, now: datetime, by: str
) -> bool:
    """Give *person* a role in *publication*, None: in all; return whether that is news."""
    where = None if publication is None else publication.id
    if (role, where) in roles_of(session, person.id):
        return False
    session.add(RoleGrant(person_id=person.id, publication_id=where, role=role))
    session.flush()
    _record_role(session, "person.give_role", person, role, publication, now=now, by=by)
    return True


def take(
    session: Session, person: DeskPerson, role: Role, publication: Publication | None, *, now: datetime, by: str
) -> bool:
    """Take a role from *person*; return whether they had it.

    Raises ``Conflict`` if nobody would be left who can administer the house.
    """
    where = None if publication is None else publication.id
    if (role, where) not in roles_of(session, person.id):
        return False
    if role is Role.ADMINISTRATOR and where is None:
        _check_another_administrator(session, person)
    session.execute(
        delete(RoleGrant).where(
            RoleGrant.person_id == person.id, RoleGrant.role == role,
            RoleGrant.publication_id.is_(None) if where is None else RoleGrant.publication_id == where,
        )
    )  # fmt: skip
    _record_role(session, "person.take_role", person, role, publication, now=now, by=by)
    return True


def deactivate(session: Session, person: DeskPerson, *, now: datetime, by: str) -> bool:
    """Shut *person* out: every session ends, every link dies; what they did stays on record.

    Returns whether that is news; raises ``Conflict`` if nobody would be left who can administer the house.
    """
    if person.deactivated_at is not None:
        return False
    if (Role.ADMINISTRATOR, None) in roles_of(session, person.id):
        _check_another_administrator(session, person)
    person.deactivated_at = now
    session.execute(delete(DeskSession).where(DeskSession.person_id == person.id))
    session.execute(delete(Pass).where(Pass.person_id == person.id, Pass.used_at.is_(None)))
    record(session, at=now, actor=by, deed="person.deactivate", subject=f"person:{person.id}", address=person.address)
    return True


def reactivate(session: Session, person: DeskPerson, *, now: datetime, by: str) -> bool:
    """Let *person* in again, with the roles they had; return whether that is news."""
    if person.deactivated_at is None:
        return False
    person.deactivated_at = None
    record(session, at=now, actor=by, deed="person.reactivate", subject=f"person:{person.id}", address=person.address)
    return True


def _check_another_administrator(session: Session, person: DeskPerson) -> None:
    another = (
        select(RoleGrant.id)
        .join(DeskPerson, DeskPerson.id == RoleGrant.person_id)
        .where(
            RoleGrant.role == Role.ADMINISTRATOR, RoleGrant.publication_id.is_(None),
            DeskPerson.deactivated_at.is_(None), DeskPerson.id != person.id,
        )
        .limit(1)
    )  # fmt: skip
    if session.scalar(another) is None:
        raise Conflict(LAST)


def _record_role(
    session: Session, deed: str, person: DeskPerson, role: Role, publication: Publication | None, *,
    now: datetime, by: str,
) -> None:  # fmt: skip
    record(
        session, at=now, actor=by, deed=deed, subject=f"person:{person.id}", address=person.address, role=role.value,
        publication=None if publication is None else publication.label,
    )  # fmt: skip
