"""Searching: finding readers by address, name or domain, a page at a time however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, null, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key, domain_of
from subscribers.models import Subscriber, Subscription, SubscriptionState, Suppression
from subscribers.search_keys import folded

PAGE_SIZE = 50
SHORTEST_NAME = 2
"""Letters: one alone begins too many names."""
LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Question:
    """Which readers are looked for; empty: all."""

    publication_id: int | None = None
    """None: of any newsletter, or of none."""
    words: str = ""
    """What an address, a name or a last name begins with, or a domain."""
    state: SubscriptionState | None = None
    """Of the subscription to the publication; without one it is not asked."""
    within: Select[Any] | None = None
    """A query for the ids of a segment."""
    before: int = 0
    """The id of the last reader of the page before; 0 begins."""


@dataclass(frozen=True, slots=True)
class Found:
    """One reader of a page."""

    id: int
    address: str
    name: str
    state: SubscriptionState | None
    """Of the subscription to the publication that was asked for."""
    since: datetime
    suppressed: bool


def search(session: Session, asked: Question, *, size: int = PAGE_SIZE) -> tuple[list[Found], int]:
    """Return a page of readers, the newest first, and where the next page begins (0: there is none).

    Each way in which the words can fit is one look into one index, and no way yields more than a page.
    """
    rows = session.execute(_page(asked, _ways(session, asked), size + 1)).all()
    found = [Found(row.id, row.address, row.name, row.state, row.created_at, row.suppressed) for row in rows[:size]]
    return found, found[-1].id if len(rows) > size else 0


def states(session: Session, publication_id: int) -> dict[SubscriptionState, int]:
    """Return how many subscriptions of a publication stand where."""
    rows = session.execute(
        select(Subscription.state, func.count()).where(Subscription.publication_id == publication_id)
        .group_by(Subscription.state)
    )  # fmt: skip
    found = {row[0]: row[1] for row in rows}
    return {state: found.get(state, 0) for state in SubscriptionState}


def everybody(session: Session) -> int:
    """Return how many people there are in all, whatever they read."""
    return session.scalar(select(func.count()).select_from(Subscriber).where(Subscriber.domain != "")) or 0


def begins(session: Session, column: InstrumentedAttribute[Any], words: str) -> ColumnElement[bool]:
    """Return whether *column* begins with *words*, so that an index answers: letter by letter, in no language."""
    if session.get_bind().dialect.name == "postgresql":
        return column.op("~>=~", is_comparison=True)(words) & column.op("~<~", is_comparison=True)(words + LAST_LETTER)
    return (column >= words) & (column < words + LAST_LETTER)


def _ways(session: Session, asked: Question) -> Sequence[ColumnElement[bool]]:
    """Return the ways in which the words can fit; none if there are no words."""
    words = folded(" ".join(asked.words.replace("\0", "").split()))
    if not words:
        return []
    if words.startswith("@"):
        return [_at_domain(session, words[1:])]
    if "@" in words:
        return [begins(session, Subscriber.address_key, _key(words))]
    ways = [begins(session, Subscriber.address_key, words)]
    if "." in words:
        ways.append(_at_domain(session, words))
    if len(words) >= SHORTEST_NAME:
        ways += [begins(session, column, words) for column in (Subscriber.name_key, Subscriber.surname_key)]
    return ways


def _page(asked: Question, ways: Sequence[ColumnElement[bool]], size: int) -> Select[Any]:
    """Return the query for one page, which walks down the ids of whoever is asked for and stops when it is full."""
    tie = Subscription.publication_id == asked.publication_id
    if asked.state is not None:
        tie &= Subscription.state == asked.state
    suppressed = select(Suppression.id).where(Suppression.address_key == Subscriber.address_key).exists()
    columns: list[Any] = [
        Subscriber.id, Subscriber.address, Subscriber.name, Subscriber.created_at, suppressed.label("suppressed"),
        null().label("state") if asked.publication_id is None else Subscription.state,
    ]  # fmt: skip
    query: Select[Any] = select(*columns).limit(size)
    number: Any = Subscriber.id
    if asked.publication_id is not None:
        number = Subscription.subscriber_id
        query = query.join(Subscription, number == Subscriber.id).where(tie)
    query = query.order_by(number.desc())
    narrow = [Subscriber.domain != "", Subscriber.merged_into.is_(None)]
    if asked.within is not None:
        narrow.append(Subscriber.id.in_(asked.within))
    if not ways:
        return query.where(*narrow, *([number < asked.before] if asked.before else []))
    if asked.before:
        narrow.append(Subscriber.id < asked.before)
    if asked.publication_id is not None:
        narrow.append(select(Subscription.id).where(tie, number == Subscriber.id).correlate(Subscriber).exists())
    parts = [
        select(select(Subscriber.id).where(way, *narrow).order_by(Subscriber.id.desc()).limit(size).subquery().c.id)
        for way in ways
    ]
    return query.where(Subscriber.id.in_(union(*parts)))


def _at_domain(session: Session, words: str) -> ColumnElement[bool]:
    """Return whether somebody is at the domain, or, if nobody is, at one that begins so.

    Of a large domain an index has everybody in the order of the list; all that begins with something must be sorted.
    """
    domain = _domain(words)
    if domain and session.scalar(select(Subscriber.id).where(Subscriber.domain == domain).limit(1)) is not None:
        return Subscriber.domain == domain
    return begins(session, Subscriber.domain, domain)


def _domain(words: str) -> str:
    """Return *words* as A-labels if they are a whole domain, else as they are."""
    try:
        return domain_of(f"x@{words}")
    except BadInput:
        return words


def _key(words: str) -> str:
    try:
        return address_key(words)
    except BadInput:
        return words
