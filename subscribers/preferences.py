"""Preferences: what one reader gets and might get, and carrying out what the reader chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from newsletter.kit.errors import NotFound
from newsletter.mail.address import masked
from newsletter.publications import Access, Publication
from subscribers import choices, evidence, subscriptions
from subscribers.models import ConsentBasis, Format, Rhythm, Subscriber, Subscription, SubscriptionState
from subscribers.suppression import keys_suppressed

OWN_HAND = frozenset({"one_click", "page", "all"})
"""Ends that were the reader's own doing; the reader may undo these, but not the end of a membership."""
SOURCE = "preferences"


@dataclass(frozen=True, slots=True)
class Choice:
    """One publication as the reader may tick it."""

    publication_id: int
    name: str
    publisher: str
    language: str
    state: SubscriptionState | None
    """None: never subscribed."""
    paused_until: datetime | None
    rhythm: Rhythm
    time_zone: str

    @property
    def paused_on(self) -> str:
        """The day a pause ends, on the publication's calendar, as a date field has it; empty if there is none."""
        if self.state is not SubscriptionState.PAUSED or self.paused_until is None:
            return ""
        return self.paused_until.astimezone(ZoneInfo(self.time_zone)).date().isoformat()

    @property
    def taken(self) -> bool:
        """Whether the reader gets it (a pause is part of that)."""
        return self.state in {SubscriptionState.ACTIVE, SubscriptionState.PAUSED}


@dataclass(frozen=True, slots=True)
class Preferences:
    """One reader's choices; the address is masked because newsletters are forwarded, links and all."""

    subscriber_id: int
    masked_address: str
    language: str
    format: Format
    suppressed: bool
    """We do not write to this address; ticking anything would promise what will not come."""
    choices: tuple[Choice, ...]

    @property
    def gets_anything(self) -> bool:
        """Whether there is anything to leave."""
        return any(choice.state not in {None, SubscriptionState.ENDED} for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Changes:
    """What saving changed."""

    joined: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    left_ids: frozenset[int] = frozenset()
    paused: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()
    others: bool = False
    """Whether format, language or rhythm changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the reader wants what was ticked; what is None or not named stays as it is."""

    format: Format | None = None
    language: str | None = None
    rhythms: Mapping[int, Rhythm] = field(default_factory=dict)
    pauses: Mapping[int, datetime | None] = field(default_factory=dict)
    """Publication → until when, None: no pause."""


def look_up(session: Session, subscriber_id: int, *, now: datetime) -> Preferences:
    """Return the choices of a reader: publications tied to, open ones, none that only the team can give."""
    person = session.get(Subscriber, subscriber_id, populate_existing=True)
    if person is None:
        raise NotFound(f"There is no reader {subscriber_id}.")
    rows = session.execute(
        select(Publication, Subscription)
        .outerjoin(
            Subscription,
            and_(Subscription.publication_id == Publication.id, Subscription.subscriber_id == subscriber_id),
        )
        .order_by(Publication.name, Publication.id)
        .execution_options(populate_existing=True)
    )
    return Preferences(
        subscriber_id=person.id,
        masked_address=masked(person.address),
        language=person.language,
        format=person.format,
        suppressed=bool(keys_suppressed(session, [person.address_key])),
        choices=tuple(_choice(row[0], row[1]) for row in rows if _may_choose(row[0], row[1], now=now)),
    )


def save(
    session: Session, subscriber_id: int, *, shown: Collection[int], ticked: Collection[int], wanted: Wanted,
    now: datetime, delivery_id: int = 0,
) -> Changes:  # fmt: skip
    """Carry out what the reader ticked among the publications that were *shown*; return what changed.

    A publication that was not on the page stays as it is: a page left open for a week must not end what it never
    showed. An ended subscription starts again by the reader's tick alone (consent event ``resubscribed``).
    """
    evidence.hold_chain(session, subscriber_id)  # what is compared here must not change under our hands
    before = look_up(session, subscriber_id, now=now)
    joined, left = [], []
    for choice in before.choices:
        if choice.publication_id not in shown:
            continue
        if choice.taken and choice.publication_id not in ticked:
            subscriptions.unsubscribe(
                session, subscriber_id, choice.publication_id,
                now=now, reason="page", source=SOURCE, delivery_id=delivery_id,
            )  # fmt: skip
            left.append(choice)
        elif not choice.taken and choice.publication_id in ticked and not before.suppressed:
            _join(session, subscriber_id, choice, now=now)
            joined.append(choice)
    paused, resumed = _pause(session, before, ticked, wanted, now=now)
    return Changes(
        joined=tuple(choice.name for choice in joined),
        left=tuple(choice.name for choice in left),
        left_ids=frozenset(choice.publication_id for choice in left),
        paused=paused,
        resumed=resumed,
        others=_set_wishes(session, before, ticked, wanted, now=now),
    )


def _pause(
    session: Session, before: Preferences, ticked: Collection[int], wanted: Wanted, *, now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pause and resume what was taken before and still is; return the names of either."""
    paused, resumed = [], []
    for choice in before.choices:
        if not choice.taken or choice.publication_id not in ticked or choice.publication_id not in wanted.pauses:
            continue
        until = wanted.pauses[choice.publication_id]
        if until is None:
            if subscriptions.resume(session, before.subscriber_id, choice.publication_id, now=now, source=SOURCE):
                resumed.append(choice.name)
        elif until != choice.paused_until and subscriptions.pause(
            session, before.subscriber_id, choice.publication_id, until=until, now=now, source=SOURCE
        ):
            paused.append(choice.name)
    return tuple(paused), tuple(resumed)


def _set_wishes(
    session: Session, before: Preferences, ticked: Collection[int], wanted: Wanted, *, now: datetime
) -> bool:
    """Set format, language and rhythms; tell whether anything changed."""
    person = before.subscriber_id
    changed = False
    if wanted.format is not None:
        changed |= choices.set_format(session, person, wanted.format, now=now, source=SOURCE)
    if wanted.language is not None:
        changed |= choices.set_language(session, person, wanted.language, now=now, source=SOURCE)
    known = {choice.publication_id for choice in before.choices}
    for publication_id, rhythm in wanted.rhythms.items():
        if publication_id in ticked and publication_id in known:
            changed |= choices.set_rhythm(session, person, publication_id, rhythm, now=now, source=SOURCE)
    return changed


def leave_all(session: Session, subscriber_id: int, *, now: datetime, delivery_id: int = 0) -> Changes:
    """End everything the reader gets; return what was left."""
    left = subscriptions.unsubscribe_all(session, subscriber_id, now=now, delivery_id=delivery_id)
    names = session.scalars(select(Publication.name).where(Publication.id.in_(left)).order_by(Publication.name))
    return Changes(left=tuple(names), left_ids=frozenset(left))


def _join(session: Session, subscriber_id: int, choice: Choice, *, now: datetime) -> None:
    # The page is reached by a link that was mailed to this address: whoever ticks reads its mail.
    details: dict[str, object] = {"publication_name": choice.name}
    if choice.state is SubscriptionState.ENDED:
        subscriptions.resubscribe(
            session, subscriber_id, choice.publication_id, now=now, source=SOURCE, details=details
        )
    else:
        subscriptions.subscribe(
            session, subscriber_id, choice.publication_id,
            now=now, basis=ConsentBasis.DOUBLE_OPT_IN, source=SOURCE, details=details,
        )  # fmt: skip


def _choice(publication: Publication, tie: Subscription | None) -> Choice:
    profile = publication.profile
    return Choice(
        publication_id=publication.id,
        name=profile.name,
        publisher=profile.masthead.publisher,
        language=profile.language,
        state=tie.state if tie else None,
        paused_until=tie.paused_until if tie else None,
        rhythm=tie.rhythm if tie else Rhythm.EVERY,
        time_zone=profile.time_zone,
    )


def _may_choose(publication: Publication, tie: Subscription | None, *, now: datetime) -> bool:
    if tie is not None and tie.state is not SubscriptionState.ENDED:
        return True
    if publication.access is Access.OPEN:
        return tie is None or tie.end_reason != "team"
    lapsed = tie is not None and tie.valid_until is not None and tie.valid_until <= now
    return tie is not None and tie.end_reason in OWN_HAND and not lapsed
