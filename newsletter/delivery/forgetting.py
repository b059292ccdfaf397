"""Forgetting: what the outbox knows of people, taken away when they ask for it and when its time is over.

The rows stay, so that every report still adds up; they no longer say whom they were for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, and_, cast, delete, func, literal, null, or_, select, update
from sqlalchemy.orm import Session

from newsletter.delivery.models import Dispatch, Event
from newsletter.delivery.progress import DELIVERIES, changed
from newsletter.delivery.states import FINAL, DeliveryState, SkipReason
from newsletter.kit.audit import record
from newsletter.kit.tokens import Keyring
from newsletter.mail.address import address_key, domain_of
from newsletter.notices import Notice
from subscribers import erasure, retention
from subscribers.models import Subscriber

NOTICES = timedelta(days=30)
"""How long the text of a confirmation or a mailed link is kept: as long as anybody may ask where it went."""
BATCH = 5_000
FORGOTTEN = "forgotten:"
"""Begins the recipient key of a delivery that no longer says whose it was, with its own number."""
_D = DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What retention let go of."""

    wishes: int = 0
    """Sign-ups of a week ago, confirmed or not."""
    sign_ups: int = 0
    """Readers whose sign-up nobody confirmed."""
    pauses: int = 0
    sendings: int = 0
    deliveries: int = 0
    notices: int = 0

    def __add__(self, other: Forgotten) -> Forgotten:
        return Forgotten(
            self.wishes + other.wishes,
            self.sign_ups + other.sign_ups,
            self.pauses + other.pauses,
            self.sendings + other.sendings,
            self.deliveries + other.deliveries,
            self.notices + other.notices,
        )

    @property
    def is_full(self) -> bool:
        """Whether this round had to stop before the end of some work."""
        most = max(self.wishes, self.sign_ups, self.pauses, self.sendings)
        return most >= retention.BATCH or self.deliveries >= BATCH


def erase(session: Session, subscriber_id: int, *, keyring: Keyring, now: datetime, by: str) -> None:
    """Forget a person everywhere; raise ``NotFound``. *by* is ``reader`` or who of the team did it.

    What is on the wire at this moment is forgotten by the next round of retention.
    """
    address = erasure.erase(session, subscriber_id, keyring=keyring, now=now, source=by)
    key = address_key(address) if address else ""
    theirs = or_(_D.subscriber_id == subscriber_id, _D.recipient_key == key)
    session.execute(
        update(DELIVERIES)
        .where(theirs, _D.state == DeliveryState.PLANNED)
        .values(state=DeliveryState.SKIPPED, skip_reason=SkipReason.UNSUBSCRIBED, ended_at=now)
    )
    to_them = or_(Notice.subscriber_id == subscriber_id, func.lower(Notice.address) == address.lower())
    session.execute(delete(Notice).where(to_them, Notice.dispatch_id.is_(None)))
    _blank_notices(session, to_them)
    _free(session, theirs)
    record(session, at=now, actor=by, deed="reader.erase", subject=f"subscriber:{subscriber_id}")


def retain(session: Session, *, keep: timedelta, now: datetime) -> Forgotten:
    """Let go of everything whose time is over; deliveries and events of sendings before *keep* become totals.

    A round does a limited amount, so that no transaction is long; a long-neglected database takes several.
    """
    wishes = retention.old_wishes(session, now=now)
    asked = select(Dispatch.id).where(Dispatch.notice_id.in_(wishes.notice_ids))
    _free(session, _D.dispatch_id.in_(asked))
    _blank_notices(session, Notice.id.in_(wishes.notice_ids))
    retention.forget_wishes(session, wishes)
    waiting = retention.unconfirmed(session, now=now)
    for subscriber_id in waiting:
        _blank_notices(session, Notice.subscriber_id == subscriber_id)
        _free(session, _D.subscriber_id == subscriber_id)
        retention.forget_unconfirmed(session, subscriber_id, now=now)
    retention.forget_links_and_counts(session, now=now)
    pauses = retention.end_pauses(session, now=now)
    erased = select(Subscriber.id).where(Subscriber.address_key.startswith(erasure.ERASED_KEY))
    _blank_notices(session, Notice.subscriber_id.in_(erased))
    sendings, deliveries = _forget_sendings(session, before=now - keep, now=now)
    deliveries += _free(session, _D.subscriber_id.in_(erased))
    notices = _blank_notices(session, Notice.created_at < now - NOTICES)
    return Forgotten(len(wishes.ids), len(waiting), pauses, sendings, deliveries, notices)


def readdress(session: Session, subscriber_id: int, address: str) -> None:
    """Let what has not gone out yet go to a reader's new *address*."""
    key = address_key(address)
    already = select(_D.dispatch_id).where(_D.recipient_key == key)
    session.execute(
        update(DELIVERIES)
        .where(
            _D.subscriber_id == subscriber_id,
            _D.state == DeliveryState.PLANNED,
            _D.dispatch_id.not_in(already),
            # A notice says what it says to the address it was written to.
            _D.dispatch_id.in_(select(Dispatch.id).where(Dispatch.notice_id.is_(None))),
        )
        .values(address=address, recipient_key=key, domain=domain_of(address))
    )


def adopt(session: Session, notice_id: int | None, subscriber_id: int) -> None:
    """Say whose a mail was that went out before anybody was known: a confirmation that has been confirmed.

    Erasure then finds it by the person, whatever the address is by then.
    """
    session.execute(update(Notice).where(Notice.id == notice_id).values(subscriber_id=subscriber_id))
    carried = select(Dispatch.id).where(Dispatch.notice_id == notice_id)
    session.execute(update(DELIVERIES).where(_D.dispatch_id.in_(carried)).values(subscriber_id=subscriber_id))


def _forget_sendings(session: Session, *, before: datetime, now: datetime) -> tuple[int, int]:
    """Take the persons out of the oldest sendings that ended *before*; return how many sendings and deliveries.

    Every notice is a sending of one, so a round takes many sendings, and of a large one a batch at a time.
    """
    oldest = list(
        session.scalars(
            select(Dispatch.id)
            .where(Dispatch.finished_at < before, Dispatch.forgotten_at.is_(None))
            .order_by(Dispatch.id)
            .limit(retention.BATCH)
        )
    )
    freed = _free(session, and_(_D.dispatch_id.in_(oldest), _D.address != ""))
    if freed < BATCH:
        session.execute(update(Dispatch).where(Dispatch.id.in_(oldest)).values(forgotten_at=now))
    return len(oldest), freed


def _free(session: Session, which: ColumnElement[bool]) -> int:
    """Take the person out of up to a batch of deliveries that have ended; return out of how many."""
    ended = select(_D.id).where(which, _D.state.in_(list(FINAL))).limit(BATCH)
    ids = list(session.scalars(ended))
    session.execute(update(Event).where(Event.delivery_id.in_(ids)).values(details={}))
    session.execute(
        update(DELIVERIES)
        .where(_D.id.in_(ids))
        .values(
            subscriber_id=null(), address="", name="", reply="", language="",
            recipient_key=literal(FORGOTTEN) + cast(_D.id, String),
        )
    )  # fmt: skip
    return len(ids)


def _blank_notices(session: Session, which: ColumnElement[bool]) -> int:
    """Take everything out of notices whose mail has ended; return out of how many."""
    ended = select(_D.dispatch_id).where(_D.dispatch_id == Notice.dispatch_id, _D.state.in_(list(FINAL)))
    done = session.execute(
        update(Notice)
        .where(which, Notice.address != "", Notice.dispatch_id.in_(ended))
        .values(address="", subject="", text="", html=None, subscriber_id=None)
        .execution_options(synchronize_session=False)
    )
    return changed(done)
