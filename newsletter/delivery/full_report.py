"""The full report of a sending: its account with curve, bounces, receivers, organisations and growth, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.delivery import progress
from newsletter.delivery.bounces import Bounces, bounces, unreached_count
from newsletter.delivery.curve import CurveStep, curve
from newsletter.delivery.growth import Growth, growth
from newsletter.delivery.models import Delivery, Event
from newsletter.delivery.reach import Organisations, ReceiverRow, by_receiver, organisations
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.report import DispatchReport, report
from newsletter.delivery.states import EventKind


@dataclass(frozen=True, slots=True)
class FullReport:
    """All that is known of one sending at one moment."""

    at: datetime
    account: DispatchReport
    curve: tuple[CurveStep, ...]
    bounces: tuple[Bounces, ...]
    receivers: tuple[ReceiverRow, ...]
    organisations: Organisations
    growth: Growth
    complained: int
    """Readers who marked this mail as spam."""
    unreached: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``json.dumps``; nobody's address is among them."""
        return {
            "at": self.at.isoformat(),
            "account": self.account.to_json(),
            "complained": self.complained,
            "unreached": self.unreached,
            "curve": [_plain(asdict(step)) for step in self.curve],
            "bounces": [_plain(asdict(one)) for one in self.bounces],
            "receivers": [asdict(row) for row in self.receivers],
            "organisations": asdict(self.organisations),
            "growth": _plain(asdict(self.growth)) | {"change": self.growth.change},
        }


def full_report(session: Session, dispatch_id: int, *, receivers: Receivers, now: datetime) -> FullReport:
    """Return everything about a sending; raise ``NotFound``."""
    complained = session.scalar(
        select(func.count(Event.id))
        .join(Delivery, Delivery.id == Event.delivery_id)
        .where(Delivery.dispatch_id == dispatch_id, Event.kind == EventKind.COMPLAINED)
    )
    return FullReport(
        at=now,
        account=report(session, dispatch_id),
        curve=curve(session, dispatch_id),
        bounces=bounces(session, dispatch_id),
        receivers=by_receiver(session, dispatch_id, receivers),
        organisations=organisations(session, dispatch_id),
        growth=growth(session, progress.get(session, dispatch_id), now=now),
        complained=complained or 0,
        unreached=unreached_count(session, dispatch_id),
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
