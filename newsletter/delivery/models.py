"""The outbox: dispatches, deliveries and the events that follow. The delivery table is the only truth about sending."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import newsletter.issues.models  # the tables that foreign keys here refer to
import newsletter.issues.reviews
import newsletter.issues.versions
import newsletter.notices
import newsletter.publications  # noqa: F401
import subscribers.attributes
import subscribers.import_tables
import subscribers.models
import subscribers.segment_table  # noqa: F401
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, EventKind, SkipReason, Variant
from newsletter.kit.database import Base, RowId, UtcDateTime, named

_EXCEPTIONAL = "state in ('refused', 'expired', 'skipped', 'held')"


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Dispatch(Base):
    """One sending."""

    __tablename__ = "dispatches"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    """Names the sending once and for all (``issue:12:v1``), so that starting it twice is one dispatch."""
    kind: Mapped[DispatchKind] = mapped_column(named(DispatchKind))
    state: Mapped[DispatchState] = mapped_column(named(DispatchState), index=True)
    publication_id: Mapped[int] = mapped_column(ForeignKey("publications.id"), index=True)
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id"), index=True)
    approval_id: Mapped[int | None] = mapped_column(ForeignKey("approvals.id"))
    """The sign-off whose editions are sent; None for tests of a draft and for notices."""
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"))
    route: Mapped[str] = mapped_column(String(40))
    """The mail server it goes through now; after a fail-over another than the one chosen first."""
    created_by: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    scheduled_for: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pause_reason: Mapped[str] = mapped_column(String(500), default="")
    planning_cursor: Mapped[int] = mapped_column(RowId, default=0)
    """The last subscriber id planned; planning goes on behind it after a crash."""
    planned_count: Mapped[int] = mapped_column(default=0)
    options: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    open_stage: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """Deliveries of this stage and earlier ones may go."""
    last_stage: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    """How far it is to be opened; 0 where nobody asked for stages."""
    next_stage_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the hold ends that stands now: the one before planning (``cooling``) or the one before the last stage."""
    window_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    window_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The publication's present or next send window; None where it may send at any time."""
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When its deliveries became totals: they no longer say whom they were for."""


class Delivery(Base):
    """Our promise to one recipient."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("dispatch_id", "recipient_key"),
        _partial("ix_deliveries_waiting", "dispatch_id", "stage", "not_before", "id", where="state = 'planned'"),
        _partial("ix_deliveries_in_hand", "lease_until", where="state in ('claimed', 'sending')"),
        Index("ix_deliveries_subscriber", "subscriber_id"),
        _partial("ix_deliveries_accepted", "route", "ended_at", where="state = 'accepted'"),
        # What a page counts each second: small, since most deliveries are never any of these.
        _partial("ix_deliveries_exceptions", "dispatch_id", "state", "domain", where=_EXCEPTIONAL),
        _partial("ix_deliveries_deferred", "dispatch_id", "domain", where="state = 'planned' and attempts > 0"),
        _partial("ix_deliveries_uncertain", "dispatch_id", where="uncertain > 0"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatches.id"))
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscribers.id"))
    """None for test addresses and team members."""
    recipient_key: Mapped[str] = mapped_column(String(254))
    """The normalised address: nobody is promised the same dispatch twice."""
    address: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200), default="")
    domain: Mapped[str] = mapped_column(String(253))
    """The recipient's domain as an A-label, for pace and report by destination."""
    variant: Mapped[Variant] = mapped_column(named(Variant))
    language: Mapped[str] = mapped_column(String(16), default="")
    stage: Mapped[int] = mapped_column(SmallInteger, default=0)
    """0 goes first; later stages wait for a hold."""
    state: Mapped[DeliveryState] = mapped_column(named(DeliveryState))
    skip_reason: Mapped[SkipReason | None] = mapped_column(named(SkipReason))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    uncertain: Mapped[int] = mapped_column(SmallInteger, default=0)
    """How often an attempt was left in doubt: the reader may have got this mail that many times more than once."""
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[str] = mapped_column(String(80), default="")
    """The worker that holds it, with a number that fences off its earlier lives."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    route: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """The mail server of the last attempt, empty before the first; what a daily limit is counted by."""
    code: Mapped[int | None] = mapped_column(SmallInteger)
    """The last reply's code (RFC 5321 §4.2), None before the first."""
    enhanced: Mapped[str] = mapped_column(String(11), default="")
    """The last enhanced status code (RFC 3463)."""
    reply: Mapped[str] = mapped_column(String(500), default="")
    first_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Tally(Base):
    """How many deliveries of a sending one worker has handed over; only it writes the row, as absolute numbers."""

    __tablename__ = "tallies"

    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    accepted: Mapped[int]
    by_domain: Mapped[dict[str, int]] = mapped_column(JSON)
    """Of these, for the domains that the dispatch names as its largest."""
    minute: Mapped[datetime] = mapped_column(UtcDateTime)
    """The minute of the last hand-over."""
    in_minute: Mapped[int]
    in_minute_before: Mapped[int]


class Destination(Base):
    """A receiver that asked one of our routes to slow down; there is no row for those that did not."""

    __tablename__ = "destinations"

    route: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(253), primary_key=True)
    """The recipient's domain, or the name of the group of domains behind one set of mail servers."""
    resting_until: Mapped[datetime] = mapped_column(UtcDateTime)
    room: Mapped[int] = mapped_column(SmallInteger)
    """Connections it may have at once, all workers together, when it does not rest."""
    grown_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When its room last changed."""
    code: Mapped[int] = mapped_column(SmallInteger)
    """The reply that asked for it; so with the next two."""
    enhanced: Mapped[str] = mapped_column(String(11))
    reply: Mapped[str] = mapped_column(String(500))


class RoutePace(Base):
    """When the next message may leave by a route whose pace is limited, whoever sends it."""

    __tablename__ = "route_paces"

    route: Mapped[str] = mapped_column(String(40), primary_key=True)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RouteShare(Base):
    """How many connections to a route one worker may have open; together never more than the route allows."""

    __tablename__ = "route_shares"

    route: Mapped[str] = mapped_column(String(40), primary_key=True)
    worker: Mapped[str] = mapped_column(String(80), primary_key=True)
    lines: Mapped[int] = mapped_column(SmallInteger)
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime] = mapped_column(UtcDateTime)
    """Without a sign of life until then it counts as dead; on its own machine at once."""


class Event(Base):
    """A fact that came after the hand-over; recorded once per delivery and kind."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("delivery_id", "kind"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id"))
    kind: Mapped[EventKind] = mapped_column(named(EventKind))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
