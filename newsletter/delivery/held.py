"""Held deliveries: in doubt, kept for a person, and what that person decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from newsletter.delivery.progress import DELIVERIES, IS_HELD, get
from newsletter.delivery.states import DeliveryState
from newsletter.kit.audit import record
from newsletter.kit.database import announce_work
from newsletter.kit.errors import Conflict, NotFound
from newsletter.kit.sentences import N_
from newsletter.mail.address import address_key

_D = DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Held:
    """A mail that the reader may have got, or not."""

    delivery_id: int
    address: str
    uncertain: int
    """How many attempts are in doubt."""
    first_attempt_at: datetime | None
    reply: str
    """What was heard last; empty where the worker died."""


def held(session: Session, dispatch_id: int) -> list[Held]:
    """Return the deliveries of the sending that wait for a person, in the order of planning; raise ``NotFound``."""
    get(session, dispatch_id)
    rows = session.execute(
        select(_D.id, _D.address, _D.uncertain, _D.first_attempt_at, _D.reply)
        .where(_D.dispatch_id == dispatch_id, IS_HELD)
        .order_by(_D.id)
    )
    return [Held(*row) for row in rows]


def send_again(
    session: Session, dispatch_id: int, *, by: str, now: datetime, addresses: Collection[str] | None = None
) -> int:
    """Send what is held again, under the same Message-ID; to *addresses* only, if given. Return how many.

    Raises ``NotFound`` for an address of which nothing is held, ``Conflict`` if nothing is held at all.
    """
    changes = {"state": DeliveryState.PLANNED, "not_before": now}
    ids = _decided(session, dispatch_id, changes, addresses)
    record(session, at=now, actor=by, deed="dispatch.send_again", subject=f"dispatch:{dispatch_id}", deliveries=ids)
    announce_work(session)
    return len(ids)


def let_be(
    session: Session, dispatch_id: int, *, by: str, now: datetime, addresses: Collection[str] | None = None
) -> int:
    """End what is held as it is: it stays counted as uncertain. Otherwise as ``send_again``."""
    changes = {"state": DeliveryState.CANCELLED, "ended_at": now}
    ids = _decided(session, dispatch_id, changes, addresses)
    record(session, at=now, actor=by, deed="dispatch.let_be", subject=f"dispatch:{dispatch_id}", deliveries=ids)
    return len(ids)


def _decided(
    session: Session, dispatch_id: int, changes: dict[str, object], addresses: Collection[str] | None
) -> Sequence[int]:
    """Change what is still held; of two people who decide at the same moment one does."""
    get(session, dispatch_id)
    which: list[ColumnElement[bool]] = [_D.dispatch_id == dispatch_id, IS_HELD]
    if addresses is not None:
        which.append(_D.recipient_key.in_([_key_held(session, dispatch_id, address) for address in addresses]))
    ids = session.scalars(update(DELIVERIES).where(*which).values(changes).returning(_D.id)).all()
    if not ids:
        raise Conflict(
            N_("No mail is held any more: nothing of it waits for a person."), hint=f"It was sending {dispatch_id}."
        )
    return sorted(ids)


def _key_held(session: Session, dispatch_id: int, address: str) -> str:
    key = address_key(address)
    found = session.scalar(select(_D.id).where(_D.dispatch_id == dispatch_id, IS_HELD, _D.recipient_key == key))
    if found is None:
        raise NotFound(f"No mail to {address} is held in sending {dispatch_id}; `newsletter issue held` lists them.")
    return key
