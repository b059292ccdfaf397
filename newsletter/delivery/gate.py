"""The gate: what of a worker's mail may go to each destination now, as all workers on the route have agreed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from newsletter.delivery import destinations, maillog
from newsletter.delivery.destinations import REST, WHOLE_ROUTE, Slowed
from newsletter.delivery.promise import Promise
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.settlement import Settlement
from newsletter.delivery.states import DeliveryState

FRESH = 1.0
"""Seconds after which we look what other workers have learned of a destination."""
Said = tuple[Promise, Settlement]


@dataclass(frozen=True, slots=True)
class Around:
    """What a claim passes by; all by domain."""

    resting: dict[str, datetime] = field(default_factory=dict)
    """Put off until that moment."""
    full: frozenset[str] = frozenset()
    """Left for another time, since enough of it is in hand."""

    def __bool__(self) -> bool:
        return bool(self.resting or self.full)


class Gate:
    """Used by one thread."""

    def __init__(self, receivers: Receivers, *, route: str, most: int, owner: str) -> None:
        self._receivers = receivers
        self._route = route
        self._most = most
        self._owner = owner
        self._slowed: dict[str, Slowed] = {}
        self._looked_at = float("-inf")

    @property
    def open(self) -> bool:
        """Whether no destination is slowed: nothing need be asked."""
        return not self._slowed

    def look(self, session: Session, *, now: datetime) -> None:
        """See what all workers know, not more often than every ``FRESH`` seconds."""
        if time.monotonic() - self._looked_at >= FRESH:
            self._slowed = destinations.slowed(session, route=self._route, now=now)
            self._looked_at = time.monotonic()

    def name_of(self, promise: Promise) -> str:
        """Return the destination of *promise*."""
        return self._receivers.of(promise.domain)

    def rests(self, promise: Promise, *, now: datetime) -> bool:
        """Tell whether the destination of *promise*, or the route as a whole, gets nothing at *now*."""
        standing = self._slowed.get(self.name_of(promise)), self._slowed.get(WHOLE_ROUTE)
        return any(slowed is not None and slowed.rests(now) for slowed in standing)

    def rooms(self, in_hand: Iterable[Promise], *, now: datetime) -> dict[str, int]:
        """Return for each slowed destination how many more may be sent beside those *in_hand*."""
        taken = Counter(map(self.name_of, in_hand))
        return {
            name: 0 if slowed.rests(now) else max(0, slowed.room - taken[name]) for name, slowed in self._slowed.items()
        }

    def around(self, full: Collection[str], *, now: datetime) -> Around:
        """Return what a claim passes by where of the destinations *full* enough is in hand."""
        resting = {
            domain: slowed.resting_until
            for name, slowed in self._slowed.items()
            if slowed.rests(now)
            for domain in self._receivers.domains(name)
        }
        return Around(resting, frozenset(domain for name in full for domain in self._receivers.domains(name)))

    def hear(self, said: Sequence[Said]) -> bool:
        """Heed requests to slow down at once, before they are written down; tell whether there was one."""
        asked = {self.name_of(promise): one for promise, one in said if one.slow_down}
        for name, one in asked.items():
            self._slowed[name] = Slowed(name, one.at + REST, 1, one.reply)
        return bool(asked)

    def write(self, session: Session, said: Sequence[Said]) -> None:
        """Write down what destinations ask for, and give those that take mail again more room."""
        if self.open:
            return
        asked = {self.name_of(promise): one for promise, one in said if one.slow_down}
        for name, one in asked.items():
            destinations.slow_down(session, name, one, route=self._route)
            maillog.slowed_down(name, one.code or 0, one.reply)
        took = {self.name_of(promise): one.at for promise, one in said if one.state is DeliveryState.ACCEPTED}
        if took:
            took[WHOLE_ROUTE] = max(took.values())
        for name, at in took.items():
            if name in self._slowed and name not in asked:
                grown = destinations.grow(session, name, route=self._route, most=self._most, now=at)
                if grown:
                    self._looked_at = float("-inf")

    def admitted(
        self, session: Session, candidates: Sequence[Promise], in_hand: Iterable[Promise], *, now: datetime
    ) -> set[int]:
        """Return the ids of *candidates* that may be sent now, counting what other workers send to slowed ones."""
        narrow = {name for name in map(self.name_of, candidates) if name in self._slowed}
        if not narrow:
            return {promise.id for promise in candidates}
        standing = destinations.locked(session, narrow, route=self._route)
        domains = {domain for name in narrow for domain in self._receivers.domains(name)}
        elsewhere = destinations.being_sent_by_others(session, domains, owner=self._owner)
        taken = Counter(map(self.name_of, in_hand))
        for domain, number in elsewhere.items():
            taken[self._receivers.of(domain)] += number
        admitted = set()
        for promise in candidates:
            name = self.name_of(promise)
            slowed = standing.get(name)
            if slowed is None or (not slowed.rests(now) and taken[name] < slowed.room):
                admitted.add(promise.id)
                taken[name] += 1
        return admitted
