"""The words of readers: formats, where a subscription stands, why we may write and why not; no database in them."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """What a reader wants an issue to arrive as."""

    HTML = "html"
    """Responsive HTML with a plain-text alternative."""
    TEXT = "text"
    """Plain text alone."""
    NOTICE = "notice"
    """A short note with links."""
    PDF = "pdf"
    """HTML with the PDF attached even where the publication only links it."""


class SubscriptionState(StrEnum):
    """Where a reader stands with one publication."""

    PENDING = "pending"
    """Asked to join; not confirmed yet, gets nothing but the confirmation mail."""
    ACTIVE = "active"
    """Gets every issue."""
    PAUSED = "paused"
    """Gets nothing until a date."""
    ENDED = "ended"
    """Has left or lapsed; only a new consent starts it again."""


SUBSCRIPTION_TRANSITIONS: dict[SubscriptionState, frozenset[SubscriptionState]] = {
    SubscriptionState.PENDING: frozenset({SubscriptionState.ACTIVE, SubscriptionState.ENDED}),
    SubscriptionState.ACTIVE: frozenset({SubscriptionState.PAUSED, SubscriptionState.ENDED}),
    SubscriptionState.PAUSED: frozenset({SubscriptionState.ACTIVE, SubscriptionState.ENDED}),
    SubscriptionState.ENDED: frozenset({SubscriptionState.PENDING, SubscriptionState.ACTIVE}),
}
"""From each state, where a subscription may go; ended → active only by the reader's own hand (undo, new opt-in) or when
a membership that lapsed is renewed."""


class ConsentBasis(StrEnum):
    """Why we may write (STANDARDS §7)."""

    DOUBLE_OPT_IN = "double_opt_in"
    """The reader asked and confirmed by mail."""
    SOFT_OPT_IN = "soft_opt_in"
    """A customer, told of it when buying, who may object at any time."""
    CONTRACT = "contract"
    """The mail is part of what was agreed, as with members."""
    IMPORTED_WITH_EVIDENCE = "imported_with_evidence"
    """Consent was given elsewhere and its proof is kept there."""


class SuppressionReason(StrEnum):
    """Why we will not write to an address."""

    DEAD_MAILBOX = "dead_mailbox"
    """The receiving server said there is no such mailbox."""
    BOUNCING = "bouncing"
    """Too many returned issues in a row."""
    COMPLAINT = "complaint"
    """The reader marked a mail as spam."""
    REQUEST = "request"
    """The person asked never to be written to."""
    ERASED = "erased"
    """The person was erased; only a keyed hash remains."""
    IMPORTED = "imported"
    """It was on another system's list."""
    MERGED = "merged"
    """Its reader turned out to be one we write to at another address."""


class Rhythm(StrEnum):
    """How often a reader wants to hear from one publication."""

    EVERY = "every"
    """Each issue when it appears."""
    WEEKLY = "weekly"
    """One mail on Monday about the issues of the week before."""
    MONTHLY = "monthly"
    """One mail on the first of the month about the issues of the month before."""


class LeavingReason(StrEnum):
    """Why a reader left, if the reader cares to say."""

    TOO_OFTEN = "too_often"
    """It came too often."""
    NOT_FOR_ME = "not_for_me"
    """The subjects are not the reader's."""
    NEVER_ASKED = "never_asked"
    """The reader does not remember having asked for it."""
    ELSEWHERE = "elsewhere"
    """The reader gets it another way or at another address."""
    OTHER = "other"
    """Something else, perhaps in the reader's words."""


class WishKind(StrEnum):
    """What somebody asked for on a page that anybody may use."""

    JOIN = "join"
    """To get newsletters."""
    LINK = "link"
    """To be mailed the link to one's own choices."""
    INVITATION = "invitation"
    """The team asks whether somebody would like a newsletter."""


class WishForm(StrEnum):
    """Where a wish was made."""

    PAGE = "page"
    """On our sign-up page."""
    EMBEDDED = "embedded"
    """In a form on somebody's web site."""
    API = "api"
    """By a program."""
    TEAM = "team"
    """By the team, for somebody it invites."""


class LinkKind(StrEnum):
    """What a freshly mailed link is for; each works once."""

    RIGHTS = "rights"
    """Opens the reader's own data: to see, take along, correct or erase them."""
    NEW_ADDRESS = "new_address"
    """Confirms that a new address is the reader's."""
    UNDO = "undo"
    """Takes back an unsubscribing."""
