"""Stages: the team first, then a small share of the readers, a hold, then the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, literal, or_, select, update
from sqlalchemy.orm import Session

from newsletter.delivery import alarms, maillog
from newsletter.delivery.models import Dispatch
from newsletter.delivery.progress import DELIVERIES, IS_IN_HAND, IS_PLANNED, changed
from newsletter.delivery.states import DispatchState
from newsletter.kit.errors import BadInput
from newsletter.kit.sentences import N_, Sentence

TEAM, SHARE, REST = 0, 1, 2
"""The stages of a staged sending, in this order; any other has the first alone."""
TEAM_LIMIT = 50
"""Addresses of a team; more is a list of readers that nobody subscribed."""
LATE = timedelta(hours=1)
"""How late a time may be met; what nobody was there to meet asks a person instead."""
_SPREAD = 5761
"""Prime to ten thousand: neighbouring subscribers, who often came from one import, land far from each other."""
_D = DELIVERIES.c


@dataclass(frozen=True, slots=True)
class Staging:
    """Who gets a sending first, and how long the others wait."""

    team: tuple[str, ...] = ()
    share: float = 0.0
    """Percent of the readers, the same ones each time the sending is planned."""
    hold: timedelta = timedelta(minutes=30)
    """Between the last of them having been tried and the rest."""

    def __post_init__(self) -> None:
        if not 0 <= self.share < 100:
            raise BadInput(Sentence(
                N_("A share of %(share)s %% is no part of the readers; name one above 0 and below 100."),
                share=f"{self.share:g}",
            ))  # fmt: skip
        if len(self.team) > TEAM_LIMIT:
            raise BadInput(Sentence(
                N_("A team has at most %(most)s addresses; these are %(count)s."),
                most=TEAM_LIMIT, count=len(self.team),
            ))  # fmt: skip
        if not self.team and not self.share:
            raise BadInput(N_("A staged sending begins with a team or a share of the readers; name one."))

    def to_options(self) -> dict[str, Any]:
        """Return plain values for ``Dispatch.options``."""
        return {"team": list(self.team), "share": self.share, "hold": self.hold.total_seconds()}


def staging_of(options: dict[str, Any]) -> Staging | None:
    """Return the staging that a dispatch's *options* describe, None if it goes to all at once."""
    given = options.get("staging")
    if given is None:
        return None
    return Staging(tuple(given["team"]), given["share"], timedelta(seconds=given["hold"]))


def stage_of(staging: Staging | None, subscriber_id: ColumnElement[int]) -> ColumnElement[int]:
    """Return the stage of a reader, computed in the database."""
    if staging is None:
        return literal(TEAM)
    lot = (subscriber_id * _SPREAD) % 10_000
    return case((lot < round(staging.share * 100), SHARE), else_=REST)


def advance(session: Session, *, now: datetime) -> list[int]:
    """Open the next stage wherever the one before has been tried and its hold is over; return the dispatches moved.

    Two callers at one moment open one stage: the UPDATE asks for the stage it has seen.
    """
    staged = select(Dispatch.id, Dispatch.open_stage, Dispatch.next_stage_at, Dispatch.options).where(
        Dispatch.state == DispatchState.RUNNING, Dispatch.open_stage < Dispatch.last_stage
    )
    moved = []
    for dispatch_id, stage, hold_ends, options in session.execute(staged.order_by(Dispatch.id)).all():
        staging = staging_of(options)
        if staging is not None and _opened(session, dispatch_id, stage, hold_ends, staging, now=now):
            moved.append(dispatch_id)
            if stage + 1 < REST:  # it may be empty
                _opened(session, dispatch_id, stage + 1, None, staging, now=now)
    return moved


def team_addresses(names: Sequence[str], read: Any) -> tuple[str, ...]:
    """Return the addresses in *names*: an address as it is, anything else read as a file of addresses by *read*."""
    found: list[str] = []
    for name in names:
        lines = [name] if "@" in name else read(name)
        found += [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return tuple(found)


def _opened(
    session: Session, dispatch_id: int, stage: int, hold_ends: datetime | None, staging: Staging, *, now: datetime
) -> bool:
    """Open the stage after *stage*, or begin the hold before it, if its turn has come; tell whether it opened."""
    if hold_ends is None:
        if _untried(session, dispatch_id, stage):
            return False
        if stage + 1 == REST and staging.hold:
            _set(session, dispatch_id, stage, stage, now + staging.hold)
            return False
    elif not _over(session, dispatch_id, hold_ends, now=now):
        return False
    opened = _set(session, dispatch_id, stage, stage + 1, None)
    if opened:
        maillog.stage_opened(dispatch_id, stage + 1)
    return opened


def _over(session: Session, dispatch_id: int, hold_ends: datetime, *, now: datetime) -> bool:
    """Tell whether the hold is over; one that ended while nobody was there pauses the dispatch and asks."""
    if now - hold_ends > LATE:
        reason = f"The hold ended at {hold_ends:%Y-%m-%d %H:%M} UTC, while nothing ran; resume it to send the rest."
        alarms.stop(session, dispatch_id, reason=reason, now=now)
        return False
    return hold_ends <= now


def _untried(session: Session, dispatch_id: int, stage: int) -> bool:
    """Tell whether somebody up to *stage* waits for a first attempt; who is deferred keeps nobody waiting."""
    # One statement is one snapshot: nothing slips from in hand to planned between two looks.
    first = exists().where(_D.dispatch_id == dispatch_id, IS_PLANNED, _D.stage <= stage, _D.attempts == 0)
    in_hand = exists().where(_D.dispatch_id == dispatch_id, IS_IN_HAND)
    return bool(session.scalar(select(or_(first, in_hand))))


def _set(session: Session, dispatch_id: int, seen: int, stage: int, next_at: datetime | None) -> bool:
    """Write the stage and the end of its hold, if *seen* is still what stands there and no other hold has begun."""
    as_seen = [Dispatch.id == dispatch_id, Dispatch.state == DispatchState.RUNNING, Dispatch.open_stage == seen]
    if next_at is not None:
        as_seen.append(Dispatch.next_stage_at.is_(None))
    result = session.execute(
        update(Dispatch)
        .where(*as_seen)
        .values(open_stage=stage, next_stage_at=next_at)
        .execution_options(synchronize_session="fetch")
    )
    return bool(changed(result))
