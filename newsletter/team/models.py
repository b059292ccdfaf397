"""The tables of the team: people, roles, sessions, recovery codes, passes, attempts to come in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.publications  # noqa: F401  # the table that foreign keys here refer to
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from newsletter.team.roles import Role


class PassKind(StrEnum):
    """What a mailed or printed single-use link lets its bearer do."""

    FIRST_ADMINISTRATOR = "first_administrator"
    """Become the first administrator of a desk that has nobody yet."""
    INVITATION = "invitation"
    """Come in for the first time and choose a password."""
    PASSWORD = "password"  # noqa: S105  # a kind, no password
    """Choose another password, having forgotten the old one."""


class AttemptKind(StrEnum):
    """What somebody tried on the way in; each has limits of its own."""

    PASSWORD = "password"  # noqa: S105  # a kind, no password
    """An address and a password."""
    SECOND_FACTOR = "second_factor"
    """A code of six digits, or a recovery code."""
    FORGOTTEN = "forgotten"
    """Asking for a link by mail."""


class DeskPerson(Base):
    """Somebody who works at the desk, known by an address."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16), default="en")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    """argon2id in PHC form; None: comes in by the identity provider, or has not come in yet."""
    identity: Mapped[str | None] = mapped_column(String(600), unique=True)
    """Issuer and subject at the identity provider, tied at the first sign-in there."""
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sealed; None: no second factor."""
    totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """The newest time step whose code was used: none is good twice (RFC 6238 §5.2)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class RoleGrant(Base):
    """One role of one person, for one publication or, without one, for all of them."""

    __tablename__ = "role_grants"
    __table_args__ = (
        UniqueConstraint("person_id", "publication_id", "role"),
        # No two NULLs are equal to a unique constraint.
        Index(
            "uq_role_grants_everywhere", "person_id", "role", unique=True,
            sqlite_where=text("publication_id IS NULL"), postgresql_where=text("publication_id IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))
    role: Mapped[Role] = mapped_column(named(Role))


class DeskSession(Base):
    """One browser in which a person is signed in; its row gone, it is signed out."""

    __tablename__ = "desk_sessions"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the id in the cookie: who reads the table cannot sign in with it."""
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    waits_for_second_factor: Mapped[bool]
    """The password was right, the code is still to come: good for nothing else."""
    browser: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """To within ``sessions.SEEN_EVERY``."""


class RecoveryCode(Base):
    """One of the codes on paper that stand in for a lost telephone, once each."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Pass(Base):
    """A single-use link that lets its bearer in."""

    __tablename__ = "passes"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[PassKind] = mapped_column(named(PassKind))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    """Whom it lets in; None for the first administrator, who is nobody yet."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInAttempt(Base):
    """One try to come in, written down before it is judged, so that parallel guesses count too."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_account", "kind", "account", "at"),
        Index("ix_sign_in_attempts_network", "kind", "network", "at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[AttemptKind] = mapped_column(named(AttemptKind))
    account: Mapped[str] = mapped_column(String(64))
    """Keyed hash of the address that was tried, known or not."""
    network: Mapped[str] = mapped_column(String(64))
    """Keyed hash of where it came from."""
