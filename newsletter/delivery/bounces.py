"""Bounces: why mails were not delivered, in reasons that people understand, and the list of those not reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery, Event
from newsletter.delivery.states import DeliveryState, EventKind, SkipReason
from newsletter.delivery.verdicts import Verdict, verdict_of
from newsletter.kit import spreadsheet
from newsletter.mail.envelope import Refused

ROWS_AT_ONCE = 1000


class Reason(StrEnum):
    """Why somebody was not reached."""

    NO_MAILBOX = "no_mailbox"
    """The receiving server says that there is no such mailbox."""
    FULL = "full"
    """The mailbox is full."""
    NOT_WANTED = "not_wanted"
    """The receiving server does not want our mail: reputation, sign-in, content, size."""
    RETURNED = "returned"
    """Refused for this reader, for a reason of the server's own."""
    GIVEN_UP = "given_up"
    """Tried for four days."""
    UNSUBSCRIBED = "unsubscribed"
    """Left before the mail went out."""
    PAUSED = "paused"
    """Gets nothing until a date."""
    SUPPRESSED = "suppressed"
    """On the do-not-mail list."""
    LAPSED = "lapsed"
    """The membership has ended."""
    CANCELLED = "cancelled"
    """The sending was ended before the turn came."""
    HELD = "held"
    """In doubt; a person has to decide."""


BOUNCED = (Reason.NO_MAILBOX, Reason.FULL, Reason.NOT_WANTED, Reason.RETURNED, Reason.GIVEN_UP)
"""The reasons that lie with a receiving server."""
_UNREACHED = [
    DeliveryState.REFUSED, DeliveryState.EXPIRED, DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.HELD,
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounces:
    """How many mails came back for one reason, and what a server said, as an example."""

    reason: Reason
    number: int
    later: int
    """Of these, how many were taken at first and came back afterwards."""
    example: str


@dataclass(frozen=True, slots=True)
class Unreached:
    """One recipient who did not get the mail, and why."""

    address: str
    reason: Reason
    reply: str
    """What the receiving server said; empty if none was asked."""
    at: datetime | None


def bounces(session: Session, dispatch_id: int) -> tuple[Bounces, ...]:
    """Return what came back of a sending by reason, most first."""
    number = func.count(Delivery.id)
    refused = session.execute(
        select(Delivery.state, Delivery.code, Delivery.enhanced, Delivery.reply, number)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.state.in_([DeliveryState.REFUSED, DeliveryState.EXPIRED]))
        .group_by(Delivery.state, Delivery.code, Delivery.enhanced, Delivery.reply)
        .order_by(number.desc(), Delivery.reply)
    ).all()
    came_back = session.scalars(
        select(Event.details)
        .join(Delivery, Delivery.id == Event.delivery_id)
        .where(
            Delivery.dispatch_id == dispatch_id, Delivery.state == DeliveryState.ACCEPTED,
            Event.kind == EventKind.BOUNCED,
        )
    ).all()  # fmt: skip
    counted: Counter[Reason] = Counter()
    later: Counter[Reason] = Counter()
    examples: dict[Reason, str] = {}
    for state, code, enhanced, reply, times in refused:
        reason = _reason(state, None, code, enhanced, reply)
        counted[reason] += times
        examples.setdefault(reason, _said(code, enhanced, reply))
    for details in came_back:
        reason, said = _of_event(details)
        counted[reason] += 1
        later[reason] += 1
        examples.setdefault(reason, said)
    return tuple(Bounces(reason, times, later[reason], examples[reason]) for reason, times in counted.most_common())


def unreached(session: Session, dispatch_id: int, *, limit: int | None = None) -> Iterator[Unreached]:
    """Yield those who did not get the mail, in the order of planning, never more than a thousand in memory."""
    came_back = and_(Event.delivery_id == Delivery.id, Event.kind == EventKind.BOUNCED)
    taken = Delivery.state == DeliveryState.ACCEPTED
    last, left = 0, limit
    while left is None or left > 0:
        rows = session.execute(
            select(Delivery, Event.at, Event.details)
            .outerjoin(Event, came_back)
            .where(
                Delivery.dispatch_id == dispatch_id,
                Delivery.id > last,
                or_(Delivery.state.in_(_UNREACHED), and_(taken, Event.id.is_not(None))),
            )
            .order_by(Delivery.id)
            .limit(ROWS_AT_ONCE if left is None else min(left, ROWS_AT_ONCE))
        ).all()  # fmt: skip
        if not rows:
            return
        for one, at, details in rows:
            if one.state is DeliveryState.ACCEPTED:
                reason, said = _of_event(details)
                yield Unreached(one.address, reason, said, at)
            else:
                reason = _reason(one.state, one.skip_reason, one.code, one.enhanced, one.reply)
                yield Unreached(one.address, reason, _said(one.code, one.enhanced, one.reply), one.ended_at)
        last = rows[-1][0].id
        left = None if left is None else left - len(rows)


def unreached_count(session: Session, dispatch_id: int) -> int:
    """Return how many did not get the mail."""
    came_back = (
        select(Event.id)
        .where(Event.delivery_id == Delivery.id, Event.kind == EventKind.BOUNCED)
        .correlate(Delivery)
        .exists()
    )
    condition = or_(Delivery.state.in_(_UNREACHED), and_(Delivery.state == DeliveryState.ACCEPTED, came_back))
    return session.scalar(select(func.count(Delivery.id)).where(Delivery.dispatch_id == dispatch_id, condition)) or 0


def csv_lines(rows: Iterator[Unreached]) -> Iterator[str]:
    """Yield the rows as CSV with a header; no cell can act as a formula in a spreadsheet."""
    yield spreadsheet.line(["address", "reason", "reply", "at"])
    for row in rows:
        yield spreadsheet.line([row.address, row.reason.value, row.reply, row.at.isoformat() if row.at else None])


def _of_event(details: dict[str, Any]) -> tuple[Reason, str]:
    """Return why a mail came back later, from what its report (RFC 3464) said."""
    enhanced = str(details.get("enhanced") or details.get("status") or "")
    reply = str(details.get("reply") or details.get("diagnostic") or "")
    return _refusal(550, enhanced, reply), _said(None, enhanced, reply)


def _reason(state: DeliveryState, skip: SkipReason | None, code: int | None, enhanced: str, reply: str) -> Reason:
    match state:
        case DeliveryState.EXPIRED:
            return Reason.GIVEN_UP
        case DeliveryState.CANCELLED:
            return Reason.CANCELLED
        case DeliveryState.HELD:
            return Reason.HELD
        case DeliveryState.SKIPPED:
            return Reason(skip.value) if skip is not None else Reason.UNSUBSCRIBED
        case _:
            return _refusal(code or 550, enhanced, reply)


def _refusal(code: int, enhanced: str, reply: str) -> Reason:
    verdict = verdict_of(Refused(code, reply, enhanced))
    match verdict:
        case Verdict.DEAD_MAILBOX:
            return Reason.NO_MAILBOX
        case Verdict.FULL_MAILBOX:
            return Reason.FULL
        case Verdict.OUR_FAULT:
            return Reason.NOT_WANTED
        case Verdict.ONE_READER | Verdict.TOO_MANY:
            return Reason.RETURNED
        case _:
            assert_never(verdict)


def _said(code: int | None, enhanced: str, reply: str) -> str:
    """Return a reply as one line, with its codes once."""
    parts = [str(code)] if code and not reply.startswith(str(code)) else []
    parts += [enhanced] if enhanced and enhanced not in reply else []
    return " ".join([*parts, *reply.split()])
