"""Snapshots: how a sending stands at this moment, cheap enough for a page that asks every second."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CompoundSelect, Row, String, func, literal, select, type_coerce, union_all
from sqlalchemy.orm import Session

from newsletter.delivery import destinations
from newsletter.delivery.models import Dispatch, Tally
from newsletter.delivery.progress import DELIVERIES, IS_DEFERRED, IS_EXCEPTION, IS_IN_HAND, IS_UNCERTAIN, get
from newsletter.delivery.receivers import Receivers
from newsletter.delivery.states import DeliveryState, DispatchState
from newsletter.delivery.tallies import MINUTE, OPTION

_D = DELIVERIES.c
_BEFORE = frozenset({DispatchState.SCHEDULED, DispatchState.COOLING, DispatchState.PLANNING, DispatchState.MISSED})
"""Nothing has been handed over yet."""
ACCEPTED, IN_HAND, DEFERRED, UNCERTAIN = "accepted", "in_hand", "deferred", "uncertain"


@dataclass(frozen=True, slots=True)
class Destination:
    """How a sending stands with one receiver, or with ``""``: all that are not among the largest."""

    name: str
    planned: int | None
    accepted: int | None
    """None for one that stands here only because it is slowed: its deliveries are counted with the others."""
    deferred: int
    refused: int
    resting_until: datetime | None = None
    """It has asked us to slow down, and gets nothing before then."""
    connections: int | None = None
    """At most so many at once, since it has asked us to slow down; None without limit."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many deliveries of a sending stand where; the parts add up to what is planned."""

    dispatch_id: int
    state: DispatchState
    pause_reason: str
    at: datetime
    planned: int
    accepted: int = 0
    """Handed to the mail server."""
    deferred: int = 0
    """Tried before, waiting for the next attempt."""
    waiting: int = 0
    """Not tried yet."""
    in_hand: int = 0
    refused: int = 0
    expired: int = 0
    skipped: int = 0
    cancelled: int = 0
    held: int = 0
    """In doubt, waiting for a person."""
    uncertain: int = 0
    """May have arrived more than once; counted above as well."""
    per_second: float = 0.0
    """Hand-overs, over the last minute."""
    left: timedelta | None = None
    """Until everybody was tried, at the present rate; None if nothing goes out."""
    open_stage: int = 0
    last_stage: int = 0
    next_stage_at: datetime | None = None
    """When the hold ends that stands now."""
    destinations: tuple[Destination, ...] = field(default=())

    @property
    def ended(self) -> int:
        """How many deliveries have come to their end."""
        return self.accepted + self.refused + self.expired + self.skipped + self.cancelled

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.ended + self.deferred + self.waiting + self.in_hand + self.held


def snapshot(session: Session, dispatch_id: int, *, now: datetime, receivers: Receivers | None = None) -> Progress:
    """Return how the dispatch stands; raise ``NotFound``. *receivers* say which domains are one destination.

    At a million deliveries it reads a few hundred rows: what workers have tallied, and small partial indexes.
    """
    receivers = receivers or Receivers()
    dispatch = get(session, dispatch_id)
    if dispatch.state in _BEFORE:
        return _progress(dispatch, now, Counter(waiting=dispatch.planned_count), 0.0)
    tallied = OPTION in dispatch.options
    rows = session.execute(_parts(dispatch_id, tallied=tallied)).all()
    parts: Counter[str] = Counter()
    for row in rows:
        parts[row.part] += int(row.number or 0)
    known = sum(number for part, number in parts.items() if part != UNCERTAIN)
    # What stands nowhere else waits for its first attempt; of a cancelled sending it never gets one.
    rest = "cancelled" if dispatch.state is DispatchState.CANCELLED else "waiting"
    parts[rest] += max(0, dispatch.planned_count - known)
    tallies = session.scalars(select(Tally).where(Tally.dispatch_id == dispatch_id)).all()
    slowed = destinations.slowed(session, route=dispatch.route, now=now)
    slowed.pop(destinations.WHOLE_ROUTE, None)
    table = _by_destination(dispatch, rows, tallies, receivers or Receivers(), slowed) if tallied else ()
    return _progress(dispatch, now, parts, _rate(tallies, dispatch, now=now), table)


def _progress(
    dispatch: Dispatch, now: datetime, parts: Counter[str], per_second: float, table: tuple[Destination, ...] = ()
) -> Progress:
    untried = parts["waiting"] + parts[IN_HAND]
    going = dispatch.state is DispatchState.RUNNING and per_second > 0
    return Progress(
        dispatch.id, dispatch.state, dispatch.pause_reason, now, dispatch.planned_count, **parts,
        per_second=per_second, left=timedelta(seconds=untried / per_second) if going else None,
        open_stage=dispatch.open_stage, last_stage=dispatch.last_stage, next_stage_at=dispatch.next_stage_at,
        destinations=table,
    )  # fmt: skip


def _parts(dispatch_id: int, *, tallied: bool) -> CompoundSelect[Any]:
    """Return the statement that counts all but what waits for its first attempt; one that is not tallied is small."""
    mine = _D.dispatch_id == dispatch_id
    number = func.count().label("number")
    state = type_coerce(_D.state, String).label("part")
    ended = select(state, _D.domain.label("domain"), number).group_by(_D.state, _D.domain)
    open_states = [DeliveryState.PLANNED, DeliveryState.CLAIMED, DeliveryState.SENDING]
    # One statement is one snapshot: nothing is counted in two states, or in none.
    return union_all(
        ended.where(mine, IS_EXCEPTION if tallied else _D.state.not_in(open_states)),
        select(literal(DEFERRED), _D.domain, number).where(mine, IS_DEFERRED).group_by(_D.domain),
        # "+ 0" keeps SQLite from going through all deliveries of the dispatch instead of the few in hand.
        select(literal(IN_HAND), literal(""), number).where(_D.dispatch_id + 0 == dispatch_id, IS_IN_HAND),
        select(literal(UNCERTAIN), literal(""), number).where(mine, IS_UNCERTAIN),
        select(literal(ACCEPTED), literal(""), func.sum(Tally.accepted)).where(Tally.dispatch_id == dispatch_id),
    )


def _rate(tallies: Sequence[Tally], dispatch: Dispatch, *, now: datetime) -> float:
    """Return the hand-overs a second of the last sixty, the minute before this one counted by its share."""
    minute = now.replace(second=0, microsecond=0)
    share = 1 - (now - minute) / MINUTE
    number = 0.0
    for one in tallies:
        if one.minute >= minute:
            number += one.in_minute + share * one.in_minute_before
        elif one.minute == minute - MINUTE:
            number += share * one.in_minute
    span = min(MINUTE, now - dispatch.started_at) if dispatch.started_at is not None else MINUTE
    return number / max(1.0, span.total_seconds())


def _by_destination(
    dispatch: Dispatch, rows: Sequence[Row[Any]], tallies: Sequence[Tally], receivers: Receivers,
    slowed: dict[str, destinations.Slowed],
) -> tuple[Destination, ...]:  # fmt: skip
    """Return the largest destinations in order, the others that are slowed, and all the rest as one."""
    planned: dict[str, int] = dispatch.options[OPTION]
    names = {receivers.of(domain) for domain in planned}
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for domain, number in planned.items():
        table[receivers.of(domain)]["planned"] += number
    for one in tallies:
        for domain, number in one.by_domain.items():
            table[receivers.of(domain)][ACCEPTED] += number
    for row in rows:
        if row.domain:
            name = receivers.of(row.domain)
            table[name if name in names or name in slowed else ""][row.part] += row.number
    for part, whole in (("planned", dispatch.planned_count), (ACCEPTED, sum(one.accepted for one in tallies))):
        table[""][part] = whole - sum(table[name][part] for name in names)
    order = sorted(names, key=lambda name: (-table[name]["planned"], name))
    order += [name for name in sorted(slowed) if name not in names and table[name]]
    return tuple(_destination(name, table[name], slowed.get(name), counted=name in names) for name in order) + (
        (_destination("", table[""], None, counted=True),) if table[""]["planned"] else ()
    )


def _destination(name: str, counts: Counter[str], slowed: destinations.Slowed | None, *, counted: bool) -> Destination:
    return Destination(
        name,
        planned=counts["planned"] if counted else None,
        accepted=counts[ACCEPTED] if counted else None,
        deferred=counts[DEFERRED],
        refused=counts["refused"],
        resting_until=None if slowed is None else slowed.resting_until,
        connections=None if slowed is None else slowed.room,
    )
