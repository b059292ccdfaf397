"""The tables of who reads: subscribers, subscriptions, the consent chain, suppressions, imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.publications  # noqa: F401  # the table that foreign keys here refer to
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from subscribers.states import ConsentBasis, Format, SubscriptionState, SuppressionReason

__all__ = [
    "ConsentBasis",
    "ConsentEvent",
    "Format",
    "ImportRun",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
]


class Subscriber(Base):
    """A person, known by an address."""

    __tablename__ = "subscribers"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    address: Mapped[str] = mapped_column(String(254))
    """As the person writes it."""
    address_key: Mapped[str] = mapped_column(String(254), unique=True)
    """Normalised by ``newsletter.mail.address.address_key``: one mailbox, one person."""
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(16), default="")
    """BCP 47; empty takes the publication's."""
    format: Mapped[Format] = mapped_column(named(Format), default=Format.HTML)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    chain_head: Mapped[str] = mapped_column(String(64), default="")
    """Hash of the newest ConsentEvent; empty before the first."""


class Subscription(Base):
    """A person's tie to one publication."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "publication_id"),
        Index("ix_subscriptions_audience", "publication_id", "state", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"))
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    basis: Mapped[ConsentBasis] = mapped_column(named(ConsentBasis))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str] = mapped_column(String(40), default="")
    """``one_click``, ``page``, ``all``, ``complaint``, ``lapsed``, ``team``; empty while it runs."""
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """End of a membership; None: no end."""


class ConsentEvent(Base):
    """Who agreed to what, when and how; append-only, one hash chain per person over salted commitments.

    ``commitment`` is SHA-256 of salt and payload; ``hash`` is that of the previous hash and the commitment. Erasing a
    person removes salt and payload and leaves a chain that still verifies.
    """

    __tablename__ = "consent_events"
    __table_args__ = (UniqueConstraint("subscriber_id", "position"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"))
    position: Mapped[int]
    """Counts up within the person, from 1."""
    publication_id: Mapped[int | None] = mapped_column(ForeignKey("publications.id"))
    kind: Mapped[str] = mapped_column(String(40))
    """``imported``, ``requested``, ``confirmed``, ``unsubscribed``, ``resubscribed``, ``changed``…"""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    payload: Mapped[str | None] = mapped_column(Text)
    """Canonical JSON: basis, wording and its version, form, language, source, Message-ID, as known."""
    commitment: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class Suppression(Base):
    """An address we will not write to, and why; only the reader lifts it, by a new double opt-in."""

    __tablename__ = "suppressions"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    address_key: Mapped[str | None] = mapped_column(String(254), unique=True)
    """The normalised address; None after an erasure."""
    address_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Keyed hash of the normalised address, all that remains after an erasure."""
    reason: Mapped[SuppressionReason] = mapped_column(named(SuppressionReason))
    details: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ImportRun(Base):
    """One import of a reader list: the file, who ran it, on what grounds, and what came of its rows."""

    __tablename__ = "import_runs"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    file_name: Mapped[str] = mapped_column(String(255))
    file_sha256: Mapped[str] = mapped_column(String(64))
    basis: Mapped[ConsentBasis] = mapped_column(named(ConsentBasis))
    evidence: Mapped[str] = mapped_column(String(500))
    """Where the proof of consent is kept, in the importer's words."""
    started_by: Mapped[str] = mapped_column(String(254))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rows_done: Mapped[int] = mapped_column(default=0)
    """Rows committed so far: an interrupted import goes on here."""
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
