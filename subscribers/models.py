"""The tables of who reads: subscribers, subscriptions, the consent chain, suppressions, imports, what was asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.notices  # the tables that foreign keys here refer to
import newsletter.publications  # noqa: F401
from newsletter.kit.database import Base, RowId, UtcDateTime, named
from subscribers.search_keys import domain_in, name_in, surname_in
from subscribers.states import (
    ConsentBasis,
    Format,
    LeavingReason,
    LinkKind,
    Rhythm,
    SubscriptionState,
    SuppressionReason,
    WishForm,
    WishKind,
)

__all__ = [
    "ConsentBasis",
    "ConsentEvent",
    "Format",
    "ImportRun",
    "LeavingReason",
    "LinkKind",
    "MailedLink",
    "MemberKey",
    "Rate",
    "Rhythm",
    "Subscriber",
    "Subscription",
    "SubscriptionState",
    "Suppression",
    "SuppressionReason",
    "Wish",
    "WishForm",
    "WishKind",
]


class Subscriber(Base):
    """A person, known by an address."""

    __tablename__ = "subscribers"
    __table_args__ = (
        # With these operators PostgreSQL finds what begins with a word, whatever its collation.
        Index("ix_subscribers_name", "name_key", "id", postgresql_ops={"name_key": "varchar_pattern_ops"}),
        Index("ix_subscribers_surname", "surname_key", "id", postgresql_ops={"surname_key": "varchar_pattern_ops"}),
        Index("ix_subscribers_domain", "domain", "id", postgresql_ops={"domain": "varchar_pattern_ops"}),
        # For addresses SQLite has the unique key, and PostgreSQL ``ix_subscribers_address`` from a migration.
        Index(
            "ix_subscribers_merged",
            "merged_into",
            sqlite_where=text("merged_into is not null"),
            postgresql_where=text("merged_into is not null"),
        ),
    )

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
    domain: Mapped[str] = mapped_column(String(253), default=domain_in, server_default="")
    """Of the normalised address. This and the next two are what a search looks in; see ``search_keys``."""
    name_key: Mapped[str] = mapped_column(String(200), default=name_in, server_default="")
    surname_key: Mapped[str] = mapped_column(String(100), default=surname_in, server_default="")
    merged_into: Mapped[int | None] = mapped_column(RowId)
    """The person that this one turned out to be; the row stays for its part of the evidence. No foreign key: SQLite
    would make the table anew, and every other refers to it."""


class Subscription(Base):
    """A person's tie to one publication."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "publication_id"),
        Index("ix_subscriptions_audience", "publication_id", "state", "subscriber_id"),
        Index("ix_subscriptions_of_publication", "publication_id", "subscriber_id"),
        Index(
            "ix_subscriptions_less_often",
            "publication_id",
            "rhythm",
            sqlite_where=text("rhythm <> 'every'"),
            postgresql_where=text("rhythm <> 'every'"),
        ),
        Index(
            "ix_subscriptions_limited",
            "valid_until",
            sqlite_where=text("valid_until is not null"),
            postgresql_where=text("valid_until is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"))
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    state: Mapped[SubscriptionState] = mapped_column(named(SubscriptionState))
    basis: Mapped[ConsentBasis] = mapped_column(named(ConsentBasis))
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_reason: Mapped[str] = mapped_column(String(40), default="")
    """``one_click``, ``page``, ``all``, ``complaint``, ``lapsed``, ``team``, ``objected``, ``erased``, ``unconfirmed``;
    empty while it runs."""
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """End of a membership; None: no end."""
    lapse_told_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The end of membership that the member has been told of, so that a renewed one is told again."""
    rhythm: Mapped[Rhythm] = mapped_column(named(Rhythm), default=Rhythm.EVERY, server_default=Rhythm.EVERY.value)
    leaving_reason: Mapped[LeavingReason | None] = mapped_column(named(LeavingReason))
    leaving_words: Mapped[str] = mapped_column(String(500), default="", server_default="")
    """What the reader said when asked why, after leaving."""


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


class Wish(Base):
    """What somebody asked for on a page that anybody may use: answered by mail to the address alone."""

    __tablename__ = "wishes"
    __table_args__ = (
        Index(
            "ix_wishes_waiting",
            "id",
            sqlite_where=text("answered_at is null"),
            postgresql_where=text("answered_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[WishKind] = mapped_column(named(WishKind))
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254), index=True)
    publication_ids: Mapped[list[int]] = mapped_column(JSON)
    """What is asked for; the first one's From address writes."""
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(16))
    """In which the form was shown and the mail is written."""
    latest_issue: Mapped[bool] = mapped_column(default=False)
    """Whether the newest issue is to be sent with the welcome."""
    form: Mapped[WishForm] = mapped_column(named(WishForm))
    wording: Mapped[str] = mapped_column(Text)
    """The sentence that was agreed to, as it was shown."""
    wording_version: Mapped[str] = mapped_column(String(40))
    network: Mapped[str] = mapped_column(String(45), default="")
    """The address of the network, only where the operator keeps it."""
    asked_by: Mapped[str] = mapped_column(String(254), default="")
    """Who of the team invited; empty where the person asked."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """None until the worker has written the mail: the page that takes a wish looks nobody up."""
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailedLink(Base):
    """A link that was mailed to one reader, works once, and not for ever."""

    __tablename__ = "mailed_links"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[LinkKind] = mapped_column(named(LinkKind))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"), index=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    """In whose name it was mailed."""
    values: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """The new address; what was left and can be taken back."""
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Rate(Base):
    """How often something was done in one window of time, counted by all processes together."""

    __tablename__ = "rates"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    whose: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Keyed hash of an address or a network; empty for everybody together."""
    window_start: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    used: Mapped[int]


class MemberKey(Base):
    """A key with which a membership system keeps the members of one publication."""

    __tablename__ = "member_keys"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"))
    name: Mapped[str] = mapped_column(String(80))
    """What it is for, as the team says it."""
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of the key, which is shown once and kept nowhere."""
    made_by: Mapped[str] = mapped_column(String(254))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
