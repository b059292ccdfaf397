"""The entrance: from an address, a password and a code to a session, each try written down before it is judged."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.clock import Clock
from newsletter.kit.database import Database
from newsletter.kit.errors import BadInput, TooMany
from newsletter.kit.tokens import Keyring
from newsletter.mail.address import address_key
from newsletter.team import passwords, second_factor, sessions, throttle
from newsletter.team.models import AttemptKind, DeskPerson


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever is at the entrance: from where, with which browser, and with which session so far."""

    network: str
    browser: str = ""
    former: str = ""
    """The token that the browser came with; it ends as the new session begins, so that nobody can have planted it."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Signed in."""

    token: str


@dataclass(frozen=True, slots=True)
class Halfway:
    """The password was right; a code is awaited."""

    token: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """Not let in; which part was wrong is not said."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """The way in of one desk."""

    database: Database
    keyring: Keyring
    clock: Clock

    def by_password(self, address: str, password: str, caller: Caller) -> Admitted | Halfway | Wrong:
        """Judge an address and a password; raises ``TooMany``. Takes as long for an address that nobody has."""
        key = key_of(address)
        attempt = self.heard(AttemptKind.PASSWORD, key, caller)
        with self.database.read() as session:
            person = session.scalar(select(DeskPerson).where(DeskPerson.address_key == key))
        known = None if person is None or person.deactivated_at is not None else person.password_hash
        if not passwords.fits(password, known) or person is None:
            return Wrong()
        with self.database.write() as session:
            throttle.forget(session, attempt)
            present = session.get_one(DeskPerson, person.id)
            if present.password_hash != known or present.deactivated_at is not None:  # changed while we hashed
                return Wrong()
            if present.totp_secret is not None:
                return Halfway(self._begin(session, present, caller, halfway=True))
            return Admitted(self._begin(session, present, caller, way="password"))

    def by_code(self, token: str, code: str, caller: Caller) -> Admitted | Wrong | None:
        """Judge the code that a halfway session awaits; None if there is no such session. Raises ``TooMany``."""
        with self.database.read() as session:
            person = sessions.halfway(session, token, now=self.clock())
        if person is None:
            return None
        attempt = self.heard(AttemptKind.SECOND_FACTOR, str(person.id), caller)
        with self.database.write() as session:
            present = sessions.halfway(session, token, now=self.clock())
            if present is None:
                return None
            if not second_factor.accept(session, present, code, keyring=self.keyring, now=self.clock()):
                return Wrong()
            throttle.forget(session, attempt)
            return Admitted(self._begin(session, present, caller, way="password and code"))

    def proves(self, person: DeskPerson, password: str, caller: Caller) -> bool:
        """Tell whether somebody who is signed in knows their password, before something weighty; raises ``TooMany``."""
        attempt = self.heard(AttemptKind.PASSWORD, person.address_key, caller)
        good = passwords.fits(password, person.password_hash)
        if good:
            with self.database.write() as session:
                throttle.forget(session, attempt)
        return good

    def admit(self, session: Session, person: DeskPerson, caller: Caller, *, way: str) -> str:
        """Sign in somebody whom a pass or the identity provider vouches for; return the session's token."""
        return self._begin(session, person, caller, way=way)

    def heard(self, kind: AttemptKind, account: str, caller: Caller) -> throttle.Attempt:
        """Write a try down and return it; raises ``TooMany`` if it is one too many."""
        with self.database.write() as session:
            attempt = throttle.note(
                session, kind, account=account, network=caller.network, keyring=self.keyring, now=self.clock()
            )
        try:
            with self.database.read() as session:
                throttle.check(session, attempt)
        except TooMany:
            with self.database.write() as session:
                throttle.forget(session, attempt)
            raise
        return attempt

    def _begin(
        self, session: Session, person: DeskPerson, caller: Caller, *, halfway: bool = False, way: str = ""
    ) -> str:
        now = self.clock()
        if caller.former:
            sessions.end_token(session, caller.former)
        if not halfway:
            record(session, at=now, actor=person.address, deed="person.sign_in", subject=f"person:{person.id}", way=way)
        return sessions.begin(session, person, browser=caller.browser, now=now, waits_for_second_factor=halfway)


def key_of(address: str) -> str:
    """Return the key of an address as typed; of what is none, itself, so that it counts as a try like any other."""
    try:
        return address_key(address.strip())
    except BadInput:
        return address.strip().casefold()[:254]
