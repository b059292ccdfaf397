"""The states of a Dispatch and of a Delivery, with the tables of where each may go."""

from __future__ import annotations

from enum import StrEnum

from newsletter.kit.sentences import N_, Sentence


class DispatchKind(StrEnum):
    """What a sending is for."""

    ISSUE = "issue"
    """A signed-off issue to its publication's readers."""
    TEST = "test"
    """A trial copy to named addresses, marked as such."""
    CORRECTION = "correction"
    """A correction to exactly those who got the first version."""
    DIGEST = "digest"
    """Several issues in one mail, for readers who chose less often."""
    WELCOME = "welcome"
    """The newest issue to one reader who has just joined and wants it."""
    NOTICE = "notice"
    """A mail to one person: a confirmation, a link, word to the team."""


class DispatchState(StrEnum):
    """Where a sending stands."""

    SCHEDULED = "scheduled"
    """Written down; begins at its time."""
    COOLING = "cooling"
    """The hold in which it can still be stopped and reach nobody."""
    PLANNING = "planning"
    """Writing down a delivery for every recipient."""
    RUNNING = "running"
    """Deliveries are being handed to mail servers."""
    PAUSED = "paused"
    """Stopped for a reason that stands beside it; goes on when a person says so."""
    FINISHED = "finished"
    """Every delivery has ended."""
    CANCELLED = "cancelled"
    """A person ended it; what had not gone out never will."""
    MISSED = "missed"
    """Its time passed while the machine was off; a person must decide."""

    @property
    def said(self) -> Sentence:
        """The state as a sentence has it: The sending is …"""
        return Sentence(_SAID[self])


_SAID: dict[DispatchState, str] = {
    DispatchState.SCHEDULED: N_("scheduled"),
    DispatchState.COOLING: N_("about to begin"),
    DispatchState.PLANNING: N_("being prepared"),
    DispatchState.RUNNING: N_("under way"),
    DispatchState.PAUSED: N_("paused"),
    DispatchState.FINISHED: N_("finished"),
    DispatchState.CANCELLED: N_("cancelled"),
    DispatchState.MISSED: N_("missed"),
}


DISPATCH_TRANSITIONS: dict[DispatchState, frozenset[DispatchState]] = {
    DispatchState.SCHEDULED: frozenset(
        {DispatchState.COOLING, DispatchState.PLANNING, DispatchState.CANCELLED, DispatchState.MISSED}
    ),
    DispatchState.COOLING: frozenset({DispatchState.PLANNING, DispatchState.CANCELLED, DispatchState.MISSED}),
    DispatchState.PLANNING: frozenset({DispatchState.RUNNING, DispatchState.PAUSED, DispatchState.CANCELLED}),
    DispatchState.RUNNING: frozenset({DispatchState.PAUSED, DispatchState.FINISHED, DispatchState.CANCELLED}),
    DispatchState.PAUSED: frozenset({DispatchState.PLANNING, DispatchState.RUNNING, DispatchState.CANCELLED}),
    DispatchState.MISSED: frozenset({DispatchState.SCHEDULED, DispatchState.PLANNING, DispatchState.CANCELLED}),
    DispatchState.FINISHED: frozenset(),
    DispatchState.CANCELLED: frozenset(),
}

FINAL_DISPATCH = frozenset(state for state, onward in DISPATCH_TRANSITIONS.items() if not onward)


class DeliveryState(StrEnum):
    """Where our promise to one recipient stands."""

    PLANNED = "planned"
    """Waiting for its turn, or for the next attempt after a deferral."""
    CLAIMED = "claimed"
    """A worker has taken it and holds a lease."""
    SENDING = "sending"
    """Marked before its first byte of DATA; the only state that a crash leaves in doubt."""
    ACCEPTED = "accepted"
    """The receiving server took responsibility for it."""
    REFUSED = "refused"
    """The receiving server said never."""
    EXPIRED = "expired"
    """Deferred for four days; given up."""
    CANCELLED = "cancelled"
    """Its dispatch was cancelled first, or a person let it be in doubt."""
    SKIPPED = "skipped"
    """Not sent for a reason of the reader's: unsubscribed, suppressed, paused."""
    HELD = "held"
    """In doubt after a crash and kept for a person to decide."""


DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PLANNED: frozenset(
        {DeliveryState.CLAIMED, DeliveryState.SKIPPED, DeliveryState.CANCELLED, DeliveryState.EXPIRED}
    ),
    DeliveryState.CLAIMED: frozenset(
        {DeliveryState.SENDING, DeliveryState.PLANNED, DeliveryState.SKIPPED, DeliveryState.CANCELLED}
    ),
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.ACCEPTED,
            DeliveryState.REFUSED,
            DeliveryState.PLANNED,
            DeliveryState.EXPIRED,
            DeliveryState.HELD,
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.HELD: frozenset({DeliveryState.PLANNED, DeliveryState.CANCELLED}),
    DeliveryState.ACCEPTED: frozenset(),
    DeliveryState.REFUSED: frozenset(),
    DeliveryState.EXPIRED: frozenset(),
    DeliveryState.CANCELLED: frozenset(),
    DeliveryState.SKIPPED: frozenset(),
}
"""``planned`` with attempts > 0 and a ``not_before`` is what reports call deferred."""

FINAL = frozenset(state for state, onward in DELIVERY_TRANSITIONS.items() if not onward)


class Variant(StrEnum):
    """Which form of the message a recipient gets; one compiled message each."""

    HTML = "html"
    """HTML with plain-text alternative; the PDF attached if the publication attaches it."""
    TEXT = "text"
    """Plain text alone."""
    NOTICE = "notice"
    """A short note with links."""
    PDF = "pdf"
    """HTML with the PDF attached in any case."""


class SkipReason(StrEnum):
    """Why a delivery was not sent."""

    UNSUBSCRIBED = "unsubscribed"
    """The subscription ended after planning."""
    PAUSED = "paused"
    """The reader has paused the subscription."""
    SUPPRESSED = "suppressed"
    """The address is on the do-not-mail list."""
    LAPSED = "lapsed"
    """The membership has ended."""


class EventKind(StrEnum):
    """A fact that came after the hand-over."""

    BOUNCED = "bounced"
    """The mail came back (RFC 3464)."""
    COMPLAINED = "complained"
    """The reader marked it as spam (RFC 5965)."""
    UNSUBSCRIBED = "unsubscribed"
    """The reader left through this mail."""
