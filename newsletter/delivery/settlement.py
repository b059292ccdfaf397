"""Settlements: what an outcome means for a delivery, its reader's address and its dispatch. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from newsletter.delivery.promise import Promise
from newsletter.delivery.retry import next_attempt
from newsletter.delivery.states import DeliveryState
from newsletter.delivery.verdicts import Verdict, asks_to_slow_down, verdict_of
from newsletter.mail.envelope import Accepted, Deferred, InDoubt, Outcome, Refused

OnDoubt = Literal["resend", "hold"]
REPLY_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Settlement:
    """What is to be written down about one attempt."""

    delivery_id: int
    dispatch_id: int
    state: DeliveryState
    at: datetime
    code: int | None
    reply: str
    enhanced: str = ""
    tried: int = 1
    """0 where the attempt does not count, since the fault was ours."""
    doubt: int = 0
    not_before: datetime | None = None
    dead_mailbox: bool = False
    """Whether the address must never be written to again."""
    pause_reason: str = ""
    """Why the whole dispatch must stop; empty if it need not."""
    by_server: bool = False
    """Whether it is this mail server that will not have us; another might."""
    slow_down: bool = False
    """Whether the destination asks for fewer connections and a rest."""


def settle(
    promise: Promise, outcome: Outcome, *, now: datetime, on_doubt: OnDoubt, dice: Callable[[], float]
) -> Settlement:
    """Return what *outcome* means for *promise*; the match is total."""
    match outcome:
        case Accepted(reply=reply):
            return Settlement(promise.id, promise.dispatch_id, DeliveryState.ACCEPTED, now, 250, reply[:REPLY_LIMIT])
        case Deferred():
            return replace(_postponed(promise, outcome, now, dice), slow_down=asks_to_slow_down(outcome))
        case Refused():
            return _refused(promise, outcome, now, dice)
        case InDoubt(reply=reply):
            return _doubtful(promise, now, reply, on_doubt, _again(promise, now, dice))
        case _:
            assert_never(outcome)


def _refused(promise: Promise, refused: Refused, now: datetime, dice: Callable[[], float]) -> Settlement:
    match verdict_of(refused):
        case Verdict.DEAD_MAILBOX:
            # 5.1.1 says the mailbox is dead (RFC 3463 §3.2): never write again.
            return replace(_settled(promise, DeliveryState.REFUSED, now, refused), dead_mailbox=True)
        case Verdict.FULL_MAILBOX | Verdict.ONE_READER:
            return _settled(promise, DeliveryState.REFUSED, now, refused)
        case Verdict.TOO_MANY:
            return _postponed(promise, refused, now, dice)
        case Verdict.OUR_FAULT:
            # 5.7.1 and its like say *we* are refused, often by a blocklist that heals: the reader is blameless.
            ours = _settled(promise, DeliveryState.PLANNED, now, refused)
            return replace(ours, tried=0, not_before=now, pause_reason=_quoted(refused), by_server=True)
        case never:
            assert_never(never)


def _postponed(promise: Promise, said: Deferred | Refused, now: datetime, dice: Callable[[], float]) -> Settlement:
    again = _again(promise, now, dice)
    if again is None:
        return _settled(promise, DeliveryState.EXPIRED, now, said)
    return replace(_settled(promise, DeliveryState.PLANNED, now, said), not_before=again)


def _doubtful(promise: Promise, now: datetime, reply: str, on_doubt: OnDoubt, again: datetime | None) -> Settlement:
    """The server may have it (RFC 1047): send again with the same Message-ID, or let a person decide."""
    state = DeliveryState.HELD if on_doubt == "hold" else DeliveryState.PLANNED if again else DeliveryState.EXPIRED
    return Settlement(
        promise.id, promise.dispatch_id, state, now, None, reply[:REPLY_LIMIT], doubt=1,
        not_before=again if state is DeliveryState.PLANNED else None,
    )  # fmt: skip


def _settled(promise: Promise, state: DeliveryState, now: datetime, said: Deferred | Refused) -> Settlement:
    return Settlement(promise.id, promise.dispatch_id, state, now, said.code, said.reply[:REPLY_LIMIT], said.enhanced)


def _again(promise: Promise, now: datetime, dice: Callable[[], float]) -> datetime | None:
    first = promise.first_attempt_at or now
    return next_attempt(failures=promise.attempts + 1, first_attempt_at=first, now=now, dice=dice)


def _quoted(refused: Refused) -> str:
    words = refused.reply
    if refused.enhanced and not words.startswith(refused.enhanced):
        words = f"{refused.enhanced} {words}"
    return f"The mail server refuses us: {refused.code} {words}"
