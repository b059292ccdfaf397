"""The account of a sending by mail server: state, pace, what a day allows, and what became of it by destination."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from newsletter.delivery import allowance, destinations
from newsletter.delivery.models import Delivery, Dispatch
from newsletter.delivery.progress import get
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.routes import Routes
from newsletter.delivery.states import FINAL_DISPATCH

TOP_DESTINATIONS = 20


@dataclass(frozen=True, slots=True)
class SlowedAccount:
    """A destination that asked us to slow down."""

    rests: bool
    resting_until: datetime
    connections: int
    """At most so many at once when it does not rest, all workers together."""
    reply: str
    """What it said."""

    @property
    def in_words(self) -> str:
        """How it stands, and why."""
        standing = (
            f"rests until {self.resting_until:%H:%M} UTC"
            if self.rests
            else f"slowed, {self.connections} connection{'' if self.connections == 1 else 's'} at once"
        )
        return f"{standing}: {self.reply}"


@dataclass(frozen=True, slots=True)
class RouteAccount:
    """One mail server in one sending."""

    name: str
    server: str
    profile: str
    state: str
    """In use, standing by, done, at its daily limit, resting or slowed as it asked, or why the sending left it."""
    pace: float | None
    """Messages a second; None is without limit."""
    connections: int
    used: int
    """Messages in the last 24 hours, of all sendings."""
    daily_limit: int | None
    destinations: dict[str, dict[str, int]]
    """For the largest destinations that this route was tried for, and every slowed one: state → deliveries."""
    slowed: dict[str, SlowedAccount]
    """Destinations that asked us to slow down."""

    @property
    def pace_in_words(self) -> str:
        """The pace as people say it."""
        if self.pace is None:
            return "unlimited"
        return f"{self.pace:g} a second" if self.pace >= 1 else f"{self.pace * 60:g} a minute"

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``json.dumps``."""
        slowed = {
            name: {**asdict(one), "resting_until": one.resting_until.isoformat()} for name, one in self.slowed.items()
        }
        return {**asdict(self), "slowed": slowed}


def route_accounts(
    session: Session, routes: Routes, dispatch_id: int, *, now: datetime, receivers: Receivers | None = None
) -> list[RouteAccount]:
    """Return an account for every route that the sending uses, used, or may go on by; raise ``NotFound``.

    *receivers* say which domains are one destination.
    """
    dispatch = get(session, dispatch_id)
    tried = session.scalars(
        select(Delivery.route).where(Delivery.dispatch_id == dispatch_id, Delivery.route != "").distinct()
    )
    names = dict.fromkeys([*dispatch.options.get("routes", []), dispatch.route, *sorted(tried)])
    return [_account(session, routes, dispatch, name, receivers or Receivers(), now=now) for name in names]


def _account(
    session: Session, routes: Routes, dispatch: Dispatch, name: str, receivers: Receivers, *, now: datetime
) -> RouteAccount:
    route = routes.get(name)
    used = allowance.used(session, name, since=now - allowance.DAY)
    limit = route.daily_limit(now) if route is not None else None
    server = route.server if route is not None else None
    slowed = {
        one.name: SlowedAccount(one.rests(now), one.resting_until, one.room, one.reply)
        for one in destinations.slowed(session, route=name, now=now).values()
    }
    itself = slowed.pop(destinations.WHOLE_ROUTE, None)
    return RouteAccount(
        name=name,
        server=f"{server.host}:{server.port}" if server is not None else "no longer in the settings",
        profile=server.profile.value if server is not None else "",
        state=_state(dispatch, name, itself, at_limit=limit is not None and used >= limit),
        pace=server.pace if server is not None else None,
        connections=server.connections if server is not None else 0,
        used=used,
        daily_limit=limit,
        destinations=_destinations(session, dispatch.id, name, receivers, always=slowed),
        slowed=slowed,
    )


def _state(dispatch: Dispatch, name: str, itself: SlowedAccount | None, *, at_limit: bool) -> str:
    if dispatch.state in FINAL_DISPATCH:
        return "done"
    if name == dispatch.route:
        if itself is not None:
            return itself.in_words
        return "daily limit reached" if at_limit else "in use"
    failures = [failure for failure in dispatch.options.get("route_failures", []) if failure["route"] == name]
    return f"left: {failures[-1]['reason']}" if failures else "standing by"


def _destinations(
    session: Session, dispatch_id: int, route: str, receivers: Receivers, *, always: Iterable[str]
) -> dict[str, dict[str, int]]:
    """Return the states of the largest destinations, and of those that are slowed even if none was tried by now."""
    number = func.count(Delivery.id)
    rows = session.execute(
        select(Delivery.domain, Delivery.state, number)
        .where(Delivery.dispatch_id == dispatch_id, Delivery.route == route)
        .group_by(Delivery.domain, Delivery.state)
    ).all()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for domain, state, count in rows:
        table[receivers.of(domain)][state.value] += count
    largest = sorted(table, key=lambda name: (-table[name].total(), name))[:TOP_DESTINATIONS]
    return {name: dict(table[name]) for name in dict.fromkeys([*largest, *sorted(always)])}
