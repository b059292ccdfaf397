"""The ledger: writing outcomes down, fenced by owner and state, and taking over what a dead worker left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, literal, or_, select, update
from sqlalchemy.orm import Session

from newsletter.delivery import alarms, failover, feedback, maillog
from newsletter.delivery.progress import DELIVERIES, IS_IN_HAND, changed
from newsletter.delivery.settlement import OnDoubt, Settlement
from newsletter.delivery.states import DeliveryState
from newsletter.kit.statements import Statement

_D = DELIVERIES.c
_RECORD = Statement(
    update(DELIVERIES)
    # The fence: who has lost the delivery to another worker changes nothing.
    .where(_D.id == bindparam("of_id"), _D.owner == bindparam("of_owner"), _D.state == DeliveryState.SENDING)
    .values(
        state=bindparam("to_state", type_=_D.state.type),
        attempts=_D.attempts + bindparam("tried", type_=_D.attempts.type),
        uncertain=_D.uncertain + bindparam("doubt", type_=_D.uncertain.type),
        not_before=func.coalesce(bindparam("again", type_=_D.not_before.type), _D.not_before),
        first_attempt_at=func.coalesce(_D.first_attempt_at, bindparam("first", type_=_D.first_attempt_at.type)),
        ended_at=bindparam("ended", type_=_D.ended_at.type),
        code=bindparam("said", type_=_D.code.type),
        enhanced=bindparam("said_enhanced", type_=_D.enhanced.type),
        reply=bindparam("said_words", type_=_D.reply.type),
        owner="",
        lease_until=None,
    )
)
_OPEN = frozenset({DeliveryState.PLANNED, DeliveryState.HELD})


def record(session: Session, settlements: Sequence[Settlement], *, owner: str) -> int:
    """Write down what became of deliveries that *owner* marked as being sent; return how many were still its own."""
    recorded = _RECORD.change(
        session,
        [
            {
                "of_id": one.delivery_id,
                "of_owner": owner,
                "to_state": one.state,
                "tried": one.tried,
                "doubt": one.doubt,
                "again": one.not_before,
                "first": one.at if one.tried else None,
                "ended": None if one.state in _OPEN else one.at,
                "said": one.code,
                "said_enhanced": one.enhanced[:11],
                "said_words": one.reply,
            }
            for one in settlements
        ],
    )
    if recorded != len(settlements):
        maillog.fenced(len(settlements) - recorded)
    exceptions = [one for one in settlements if one.state is not DeliveryState.ACCEPTED]
    if exceptions:
        _follow_up(session, exceptions)
    return recorded


def reap(session: Session, *, now: datetime, on_doubt: OnDoubt, is_dead: Callable[[str], bool]) -> tuple[int, int]:
    """Take over what dead workers held; return how many were only claimed, and how many are in doubt.

    Dead is whose lease has run out, and at once who was a process of this machine that runs no more. What was claimed
    is simply planned again; what was being sent may have arrived, and is counted as uncertain.
    """
    owners = session.scalars(select(_D.owner).where(IS_IN_HAND).distinct()).all()
    dead = [owner for owner in owners if is_dead(owner)]
    gone = or_(_D.lease_until < now, _D.owner.in_(dead)) if dead else _D.lease_until < now
    if not session.scalar(select(select(_D.id).where(IS_IN_HAND, gone).exists())):
        return 0, 0
    doubtful = DeliveryState.HELD if on_doubt == "hold" else DeliveryState.PLANNED
    taken = session.execute(
        update(DELIVERIES)
        .where(IS_IN_HAND, _D.state == DeliveryState.SENDING, gone)
        .values(
            state=doubtful, uncertain=_D.uncertain + 1, attempts=_D.attempts + 1, owner="", lease_until=None,
            first_attempt_at=func.coalesce(_D.first_attempt_at, literal(now, _D.first_attempt_at.type)),
            not_before=now,
        )
    )  # fmt: skip
    released = session.execute(
        update(DELIVERIES)
        .where(IS_IN_HAND, _D.state == DeliveryState.CLAIMED, gone)
        .values(state=DeliveryState.PLANNED, owner="", lease_until=None)
    )
    counts = changed(released), changed(taken)
    maillog.reaped(*counts)
    return counts


def _follow_up(session: Session, settlements: Sequence[Settlement]) -> None:
    """Do what outcomes other than acceptance ask for: suppress dead addresses, pause, and end what was cancelled."""
    dead = [one for one in settlements if one.dead_mailbox]
    if dead:
        feedback.suppress_dead(session, dead)
    reasons = {one.dispatch_id: one for one in settlements if one.pause_reason}
    for dispatch_id, one in reasons.items():
        said = one.pause_reason
        leaving = session.scalar(select(_D.route).where(_D.id == one.delivery_id)) if one.by_server else ""
        if not leaving or not failover.go_on(session, dispatch_id, leaving=leaving, reason=said, now=one.at):
            alarms.stop(session, dispatch_id, reason=said, now=one.at)
