"""Limits: how often something may be done in a stretch of time, counted in the database for all processes together."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from newsletter.kit.database import insert_for
from newsletter.kit.tokens import Keyring
from subscribers.models import Rate

KEPT = timedelta(days=2)
"""Longer than the longest window."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most *most* in each *window*; windows begin at fixed times, so that one row counts for everybody."""

    scope: str
    most: int
    window: timedelta


ADDRESS = (Limit("address/hour", 3, timedelta(hours=1)), Limit("address/day", 6, timedelta(days=1)))
"""Mails that strangers can make us send to one address: whoever lost the first asks twice more, not a hundred times."""
NETWORK = (Limit("network/hour", 40, timedelta(hours=1)), Limit("network/day", 150, timedelta(days=1)))
"""A school or an office behind one address signs up in numbers, but not in thousands."""
EVERYBODY = (Limit("all/hour", 2_000, timedelta(hours=1)),)
"""What a list bomb through many networks may cost the world before we stop for the hour."""
PERSON = (Limit("person/day", 8, timedelta(days=1)),)
"""Mails that a forwarded link can make us send to its owner: goodbyes and links to one's own data."""


def take(session: Session, limits: Sequence[Limit], whose: str, *, now: datetime, cost: int = 1) -> bool:
    """Count *cost* against every one of *limits*; tell whether none is passed.

    What is refused does not count: otherwise somebody who keeps asking could keep another out for a whole day. One
    statement a limit: of two processes at once, the database lets the second see the first.
    """
    return all(_fits(session, limit, whose, now=now, cost=cost) for limit in limits)


def _fits(session: Session, limit: Limit, whose: str, *, now: datetime, cost: int) -> bool:
    used = session.scalar(
        insert_for(session)(Rate)
        .values(scope=limit.scope, whose=whose, window_start=_window(now, limit.window), used=cost)
        .on_conflict_do_update(
            index_elements=["scope", "whose", "window_start"],
            set_={"used": Rate.used + cost},
            where=Rate.used + cost <= limit.most,
        )
        .returning(Rate.used)
    )
    return used is not None


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete counts whose window is long over."""
    session.execute(delete(Rate).where(Rate.window_start < now - KEPT))


def hidden(keyring: Keyring, kind: str, value: str) -> str:
    """Return *value* as the keyed hash under which it is counted: a list of addresses and networks is no by-product."""
    return keyring.signature(f"limit:{kind}", value.encode())


def network_of(host: str) -> str:
    """Return the network that *host* belongs to: a home's IPv6 is a /56, IPv4 counts singly; empty for no address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 56), strict=False))
    return str(address)


def _window(now: datetime, length: timedelta) -> datetime:
    seconds = int(length.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
