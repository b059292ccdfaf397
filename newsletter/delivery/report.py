"""The report: what became of every delivery of a dispatch; the parts always add up to the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Dispatch, Event
from newsletter.delivery.progress import get
from newsletter.delivery.states import DeliveryState, DispatchKind, DispatchState, EventKind, SkipReason
from newsletter.kit import spreadsheet

TOP_DOMAINS = 20
ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """The account of one sending; ``accepted`` means handed over, not delivered."""

    dispatch_id: int
    key: str
    kind: DispatchKind
    state: DispatchState
    pause_reason: str
    planned: int
    accepted: int
    refused: int
    expired: int
    cancelled: int
    held: int
    in_hand: int
    deferred: int
    """Tried before, waiting for the next attempt."""
    waiting: int
    """Not tried yet."""
    skipped: dict[SkipReason, int]
    uncertain: int
    """Deliveries that may have arrived more than once; they are counted above as well."""
    unsubscribed: int
    """Readers who left through this mail."""
    refusals: dict[str, int]
    """How many deliveries each kind of reply refused, as ``550 5.1.1``."""
    domains: dict[str, dict[str, int]]
    """For the largest destinations: state → deliveries."""
    next_attempt_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return (
            self.accepted + self.refused + self.expired + self.cancelled + self.held + self.in_hand
            + self.deferred + self.waiting + sum(self.skipped.values())
        )  # fmt: skip

    @property
    def ended(self) -> int:
        """How many deliveries have come to their end."""
        return self.total - self.held - self.in_hand - self.deferred - self.waiting

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``json.dumps``."""
        moments = {name: getattr(self, name) for name in ("next_attempt_at", "started_at", "finished_at")}
        counts = {
            name: getattr(self, name)
            for name in (
                "planned", "accepted", "deferred", "waiting", "in_hand", "refused", "expired", "cancelled", "held",
                "uncertain", "unsubscribed",
            )
        }  # fmt: skip
        return {
            "dispatch": self.dispatch_id,
            "key": self.key,
            "kind": self.kind.value,
            "state": self.state.value,
            "pause_reason": self.pause_reason,
            **counts,
            "skipped": {reason.value: number for reason, number in self.skipped.items()},
            "refusals": self.refusals,
            "domains": self.domains,
            **{name: moment.isoformat() if moment else None for name, moment in moments.items()},
        }


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """What became of one recipient."""

    delivery_id: int
    address: str
    variant: str
    state: str
    skip_reason: str
    attempts: int
    uncertain: int
    code: int | None
    enhanced: str
    reply: str
    ended_at: datetime | None
    unsubscribed: bool


def report(session: Session, dispatch_id: int) -> DispatchReport:
    """Return the account of a dispatch; raises ``NotFound``."""
    dispatch = get(session, dispatch_id)
    tried = Delivery.attempts > 0
    # One statement is one snapshot: plan and parts cannot be of different moments.
    rows = session.execute(
        select(
            Dispatch.planned_count, Delivery.state, Delivery.skip_reason, tried.label("tried"),
            func.count(Delivery.id), func.count().filter(Delivery.uncertain > 0), func.min(Delivery.not_before),
        )
        .select_from(Dispatch)
        .outerjoin(Delivery, Delivery.dispatch_id == Dispatch.id)
        .where(Dispatch.id == dispatch_id)
        .group_by(Dispatch.planned_count, Delivery.state, Delivery.skip_reason, tried)
    ).all()  # fmt: skip
    planned = rows[0][0]
    groups: list[tuple[Any, ...]] = [tuple(row) for row in rows if row[1] is not None]

    def of(*states: DeliveryState, tried: bool | None = None) -> int:
        return sum(row[4] for row in groups if row[1] in states and (tried is None or bool(row[3]) == tried))

    account = DispatchReport(
        dispatch_id=dispatch_id,
        key=dispatch.key,
        kind=dispatch.kind,
        state=dispatch.state,
        pause_reason=dispatch.pause_reason,
        planned=planned,
        accepted=of(DeliveryState.ACCEPTED),
        refused=of(DeliveryState.REFUSED),
        expired=of(DeliveryState.EXPIRED),
        cancelled=of(DeliveryState.CANCELLED),
        held=of(DeliveryState.HELD),
        in_hand=of(DeliveryState.CLAIMED, DeliveryState.SENDING),
        deferred=of(DeliveryState.PLANNED, tried=True),
        waiting=of(DeliveryState.PLANNED, tried=False),
        skipped={reason: count for reason in SkipReason if (count := _skips(groups, reason))},
        uncertain=sum(int(row[5] or 0) for row in groups),
        unsubscribed=_unsubscribed(session, dispatch_id),
        refusals=_refusals(session, dispatch_id),
        domains=_domains(session, dispatch_id),
        next_attempt_at=min((row[6] for row in groups if row[1] is DeliveryState.PLANNED), default=None),
        started_at=dispatch.started_at,
        finished_at=dispatch.finished_at,
    )
    assert account.total == account.planned, (
        f"dispatch {dispatch_id}: {account.total} of {account.planned} accounted for"
    )
    return account


def readers(session: Session, dispatch_id: int) -> Iterator[ReaderRow]:
    """Yield what became of each recipient, in the order of planning, never more than a thousand in memory."""
    left = and_(Event.delivery_id == Delivery.id, Event.kind == EventKind.UNSUBSCRIBED)
    last = 0
    while True:
        rows = session.execute(
            select(Delivery, Event.id)
            .outerjoin(Event, left)
            .where(Delivery.dispatch_id == dispatch_id, Delivery.id > last)
            .order_by(Delivery.id)
            .limit(ROWS_AT_ONCE)
        ).all()
        if not rows:
            return
        for one, event in rows:
            last = one.id
            why = one.skip_reason.value if one.skip_reason else ""
            yield ReaderRow(
                one.id, one.address, one.variant.value, one.state.value, why,
                one.attempts, one.uncertain, one.code, one.enhanced, one.reply, one.ended_at, event is not None,
            )  # fmt: skip
        session.expunge_all()


def csv_lines(rows: Iterator[ReaderRow]) -> Iterator[str]:
    """Yield the rows as CSV with a header; no cell can act as a formula in a spreadsheet."""
    names = list(ReaderRow.__slots__)
    yield spreadsheet.line(names)
    for row in rows:
        values = [getattr(row, name) for name in names]
        yield spreadsheet.line([value.isoformat() if isinstance(value, datetime) else value for value in values])


def _skips(groups: list[tuple[Any, ...]], reason: SkipReason) -> int:
    return sum(row[4] for row in groups if row[1] is DeliveryState.SKIPPED and row[2] is reason)


def _unsubscribed(session: Session, dispatch_id: int) -> int:
    return (
        session.scalar(
            select(func.count(Event.id))
            .join(Delivery, Delivery.id == Event.delivery_id)
            .where(Delivery.dispatch_id == dispatch_id, Event.kind == EventKind.UNSUBSCRIBED)
        )
        or 0
    )


def _refusals(session: Session, dispatch_id: int) -> dict[str, int]:
    number = func.count(Delivery.id)
    rows = session.execute(
        select(Delivery.code, Delivery.enhanced, number)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.state == DeliveryState.REFUSED)
        .group_by(Delivery.code, Delivery.enhanced)
        .order_by(number.desc(), Delivery.code, Delivery.enhanced)
    )
    return {f"{code or ''} {enhanced}".strip(): count for code, enhanced, count in rows.all()}


def _domains(session: Session, dispatch_id: int) -> dict[str, dict[str, int]]:
    number = func.count(Delivery.id)
    largest = session.scalars(
        select(Delivery.domain)
        .where(Delivery.dispatch_id == dispatch_id)
        .group_by(Delivery.domain)
        .order_by(number.desc(), Delivery.domain)
        .limit(TOP_DOMAINS)
    ).all()
    rows = session.execute(
        select(Delivery.domain, Delivery.state, number)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.domain.in_(largest))
        .group_by(Delivery.domain, Delivery.state)
    )
    table: dict[str, dict[str, int]] = {domain: {} for domain in largest}
    for domain, state, count in rows.all():
        table[domain][state.value] = count
    return table
