"""The second factor: codes of six digits from a telephone (RFC 6238), and recovery codes on paper."""

from __future__ import annotations

import secrets
from datetime import datetime

import pyotp
import segno
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from newsletter.kit.audit import record
from newsletter.kit.tokens import Keyring
from newsletter.team.models import DeskPerson, RecoveryCode

STEP = 30
"""Seconds that a code is shown."""
DRIFT = 1
"""Steps that a telephone's clock may be off, either way (RFC 6238 §6)."""
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""Nothing that looks like another when copied from paper."""
_HALF = 5
"""Letters before and after the hyphen: 49 bits, kept under a key and tried thirty times a day at most."""
_SEAL, _PAPER = "second factor", "recovery code"


def new_secret() -> str:
    """Return a secret for a telephone to keep: 160 bits in base32 (RFC 4226 §4)."""
    return pyotp.random_base32()


def address_of(secret: str, person: DeskPerson, *, house: str) -> str:
    """Return the otpauth address that a telephone reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.address, issuer_name=house)


def picture(address: str) -> str:
    """Return *address* as a QR code in SVG, dark on white by night too."""
    return segno.make(address, micro=False, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff")


def seal(secret: str, person: DeskPerson, keyring: Keyring) -> bytes:
    """Return *secret* as the table may keep it; nobody but *person* can use it."""
    return keyring.seal(_SEAL, secret.encode(), about=f"person:{person.id}")


def unseal(sealed: bytes, person: DeskPerson, keyring: Keyring) -> str:
    """Return the secret; raise ``BadToken`` if it was not sealed by us for *person*."""
    return keyring.unseal(_SEAL, sealed, about=f"person:{person.id}").decode()


def step_of(secret: str, code: str, *, now: datetime) -> int | None:
    """Return the time step that *code* belongs to, None if it is not good now."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp, present = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    fitting = [
        step for step in range(present - DRIFT, present + DRIFT + 1)
        if secrets.compare_digest(totp.generate_otp(step), digits)
    ]  # fmt: skip
    return max(fitting, default=None)


def turn_on(
    session: Session, person: DeskPerson, secret: str, *, step: int, keyring: Keyring, now: datetime
) -> list[str]:
    """Ask *person* for codes of *secret* from now on; return the recovery codes, shown once and kept only as hashes."""
    person.totp_secret, person.totp_step = seal(secret, person, keyring), step
    record(session, at=now, actor=person.address, deed="person.second_factor_on", subject=f"person:{person.id}")
    return new_recovery_codes(session, person, keyring=keyring, now=now)


def turn_off(session: Session, person: DeskPerson, *, now: datetime, by: str) -> bool:
    """Ask *person* for no code any more; return whether that is news."""
    if person.totp_secret is None:
        return False
    person.totp_secret = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    record(session, at=now, actor=by, deed="person.second_factor_off", subject=f"person:{person.id}")
    return True


def accept(session: Session, person: DeskPerson, code: str, *, keyring: Keyring, now: datetime) -> bool:
    """Tell whether *code*, from the telephone or from paper, lets *person* in; it never does so again."""
    if person.totp_secret is None:
        return False
    step = step_of(unseal(person.totp_secret, person, keyring), code, now=now)
    if step is not None:
        newer = update(DeskPerson).where(DeskPerson.id == person.id, DeskPerson.totp_step < step)
        return session.scalar(newer.values(totp_step=step).returning(DeskPerson.id)) is not None
    return _accept_paper(session, person, code, keyring=keyring, now=now)


def new_recovery_codes(session: Session, person: DeskPerson, *, keyring: Keyring, now: datetime) -> list[str]:
    """Return ten new codes for paper; the old ones are worth nothing any more."""
    record(session, at=now, actor=person.address, deed="person.new_recovery_codes", subject=f"person:{person.id}")
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = ["-".join(_letters() for _ in range(2)) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(person_id=person.id, code_hash=keyring.signature(_PAPER, _spelt(code, person))) for code in codes
    )
    session.flush()
    return codes


def recovery_codes_left(session: Session, person: DeskPerson) -> int:
    """Return how many codes on paper are still good."""
    return len(_unused(session, person))


def _accept_paper(session: Session, person: DeskPerson, code: str, *, keyring: Keyring, now: datetime) -> bool:
    spelt = _spelt(code, person)
    fitting = [row.id for row in _unused(session, person) if keyring.verify_signature(_PAPER, spelt, row.code_hash)]
    if not fitting:
        return False
    unused = update(RecoveryCode).where(RecoveryCode.id == fitting[0], RecoveryCode.used_at.is_(None))
    if session.scalar(unused.values(used_at=now).returning(RecoveryCode.id)) is None:
        return False
    record(session, at=now, actor=person.address, deed="person.recovery_code", subject=f"person:{person.id}")
    return True


def _unused(session: Session, person: DeskPerson) -> list[RecoveryCode]:
    return list(
        session.scalars(select(RecoveryCode).where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None)))
    )


def _letters() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_HALF))


def _spelt(code: str, person: DeskPerson) -> bytes:
    """Return *code* however it was typed, tied to its person."""
    return f"{person.id}:{''.join(letter for letter in code.casefold() if letter.isalnum())}".encode()
