"""Destinations: the rest and the growing room of receivers that asked us to slow down, shared by all workers.

After such a reply a destination rests for ten minutes; then it has one connection, and one more for every minute in
which it takes mail, until it has as many as the route, and its row goes (STANDARDS of the receivers, 4.7.x).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from newsletter.delivery import maillog
from newsletter.delivery.models import Destination
from newsletter.delivery.progress import DELIVERIES, IS_IN_HAND, changed
from newsletter.delivery.settlement import REPLY_LIMIT, Settlement
from newsletter.delivery.states import DeliveryState
from newsletter.kit.database import insert_for
from newsletter.mail.envelope import Deferred

REST = timedelta(minutes=10)
"""How long a destination gets nothing after it has asked us to slow down; Google counts in windows of that order."""
GROWS_AFTER = timedelta(minutes=1)
"""How long it must take mail at one width before it gets one more connection."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A row that nothing has touched for so long says nothing about today."""
WHOLE_ROUTE = "*"
"""Stands for the server itself, where it sends us away before it hears for whom we come."""
_D = DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Slowed:
    """A destination that has asked us to slow down, as it stands."""

    name: str
    resting_until: datetime
    room: int
    reply: str = ""

    def rests(self, now: datetime) -> bool:
        """Tell whether it gets nothing at *now*."""
        return now < self.resting_until


def slowed(session: Session, *, route: str, now: datetime) -> dict[str, Slowed]:
    """Return the slowed destinations of *route* by name."""
    rows = session.execute(
        select(Destination.name, Destination.resting_until, Destination.room, Destination.reply).where(
            Destination.route == route, Destination.grown_at > now - FORGOTTEN_AFTER
        )
    )
    return {row.name: Slowed(*row) for row in rows}


def slow_down(session: Session, name: str, said: Settlement, *, route: str) -> None:
    """Let the destination rest, and begin with one connection after it."""
    until = said.at + REST
    told = {
        "resting_until": until, "room": 1, "grown_at": until, "code": said.code or 0,
        "enhanced": said.enhanced[:11], "reply": said.reply,
    }  # fmt: skip
    session.execute(
        insert_for(session)(Destination)
        .values(route=route, name=name, **told)
        .on_conflict_do_update(index_elements=["route", "name"], set_=told)
    )


def rest(session: Session, route: str, said: Deferred, *, now: datetime) -> None:
    """Let the whole route rest, and begin with one connection after it."""
    words = Settlement(
        0, 0, DeliveryState.PLANNED, now, said.code, said.reply[:REPLY_LIMIT], said.enhanced, slow_down=True
    )
    slow_down(session, WHOLE_ROUTE, words, route=route)
    maillog.slowed_down(f"route {route}", said.code, said.reply)


def room_of(session: Session, route: str, *, most: int, now: datetime) -> int:
    """Return how many of its *most* connections the route may have now, all workers together; 0 while it rests."""
    whole = slowed(session, route=route, now=now).get(WHOLE_ROUTE)
    if whole is None:
        return most
    return 0 if whole.rests(now) else min(most, whole.room)


def grow(session: Session, name: str, *, route: str, most: int, now: datetime) -> bool:
    """Give a destination that has just taken mail one more connection if it is time; tell whether it got one.

    With *most* it is as wide as the route, and forgotten. Of several workers at the same moment one widens it.
    """
    mine = Destination.route == route, Destination.name == name
    due = Destination.resting_until <= now, Destination.grown_at <= now - GROWS_AFTER
    widened = session.execute(
        update(Destination)
        .where(*mine, *due)
        .values(room=Destination.room + 1, grown_at=now)
        .execution_options(synchronize_session=False)
    )
    if not changed(widened):
        return False
    session.execute(
        delete(Destination).where(*mine, Destination.room >= most).execution_options(synchronize_session=False)
    )
    return True


def locked(session: Session, names: Collection[str], *, route: str) -> dict[str, Slowed]:
    """Return the rows of *names* as they are now, locked until the transaction ends, so that workers count in turn."""
    rows = session.execute(
        select(Destination.name, Destination.resting_until, Destination.room, Destination.reply)
        .where(Destination.route == route, Destination.name.in_(list(names)))
        .order_by(Destination.name)
        .with_for_update()
    )
    return {row.name: Slowed(*row) for row in rows}


def being_sent_by_others(session: Session, domains: Collection[str], *, owner: str) -> dict[str, int]:
    """Return how many deliveries to each of *domains* other workers are sending at this moment."""
    rows = session.execute(
        select(_D.domain, func.count().label("number"))
        .where(IS_IN_HAND, _D.state == DeliveryState.SENDING, _D.owner != owner, _D.domain.in_(list(domains)))
        .group_by(_D.domain)
    )
    return {row.domain: row.number for row in rows}
