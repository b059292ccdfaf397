"""Reach: what became of a sending by receiver, and which organisations' mailboxes it was handed to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.delivery.models import Delivery
from newsletter.delivery.receivers import USUAL, Receivers
from newsletter.delivery.states import DeliveryState

LARGEST = 20
"""Receivers, and organisations, named one by one; the rest are one line."""
PRIVATE = frozenset(domain for domains in USUAL.values() for domain in domains) | frozenset(
    {
        "126.com", "163.com", "bluewin.ch", "comcast.net", "fastmail.com", "free.fr", "freenet.de", "hey.com",
        "laposte.net", "libero.it", "mail.com", "mail.ru", "mailbox.org", "orange.fr", "posteo.de", "proton.me",
        "protonmail.com", "qq.com", "sina.com", "t-online.de", "tutanota.com", "verizon.net", "wanadoo.fr", "yandex.ru",
    }
)  # fmt: skip
"""Domains of mailbox providers: an address there says nothing about whom its reader works for."""


@dataclass(frozen=True, slots=True)
class ReceiverRow:
    """What became of the mails for one receiver; the name is empty in the line of all that are not named."""

    name: str
    planned: int
    accepted: int
    deferred: int
    """Not tried yet, being handed over, or to be tried again."""
    returned: int
    others: int
    """Not sent: left, paused, ended before the turn, in doubt."""


@dataclass(frozen=True, slots=True)
class Organisations:
    """Readers by the domain of their organisation."""

    named: tuple[tuple[str, int], ...]
    """The largest, most readers first."""
    others: int
    """Readers at organisations that are not named."""
    private: int
    """Readers at mailbox providers."""


def by_receiver(session: Session, dispatch_id: int, receivers: Receivers) -> tuple[ReceiverRow, ...]:
    """Return what became of a sending by receiver, the largest first; the lines add up to the plan."""
    rows = session.execute(
        select(Delivery.domain, Delivery.state, func.count(Delivery.id))
        .where(Delivery.dispatch_id == dispatch_id)
        .group_by(Delivery.domain, Delivery.state)
    )
    table: dict[str, Counter[DeliveryState]] = defaultdict(Counter)
    for domain, state, number in rows.all():
        table[receivers.of(domain)][state] += number
    names = sorted(table, key=lambda name: (-table[name].total(), name))
    rest: Counter[DeliveryState] = Counter()
    for name in names[LARGEST:]:
        rest.update(table[name])
    lines = [_row(name, table[name]) for name in names[:LARGEST]]
    return tuple([*lines, _row("", rest)] if rest else lines)


def organisations(session: Session, dispatch_id: int) -> Organisations:
    """Return how many mails were handed over to whose mailboxes."""
    number = func.count(Delivery.id)
    rows = session.execute(
        select(Delivery.domain, number)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.state == DeliveryState.ACCEPTED)
        .group_by(Delivery.domain)
        .order_by(number.desc(), Delivery.domain)
    ).all()
    private = sum(count for domain, count in rows if domain in PRIVATE)
    known = [(domain, count) for domain, count in rows if domain not in PRIVATE]
    return Organisations(tuple(known[:LARGEST]), sum(count for _, count in known[LARGEST:]), private)


def _row(name: str, states: Counter[DeliveryState]) -> ReceiverRow:
    accepted = states[DeliveryState.ACCEPTED]
    returned = states[DeliveryState.REFUSED] + states[DeliveryState.EXPIRED]
    waiting = states[DeliveryState.PLANNED] + states[DeliveryState.CLAIMED] + states[DeliveryState.SENDING]
    planned = states.total()
    return ReceiverRow(name, planned, accepted, waiting, returned, planned - accepted - returned - waiting)
