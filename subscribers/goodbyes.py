"""Goodbyes: the mail that confirms a leaving to its owner, the week in which it can be taken back, and the reason."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.publications import Publication
from subscribers import letters, limits, mailed_links, subscriptions, suppression
from subscribers.links import ReaderLinks
from subscribers.models import (
    ConsentBasis,
    LeavingReason,
    LinkKind,
    MailedLink,
    Subscriber,
    Subscription,
    SubscriptionState,
)

WORDS_LIMIT = 500


def say_goodbye(
    session: Session, subscriber_id: int, left: Collection[int], *, links: ReaderLinks, keyring: Keyring, now: datetime
) -> bool:
    """Mail the reader that the publications *left* have ended, with a way back; tell whether a mail was written.

    None is written to an address on the do-not-mail list, nor beyond a handful a day: a forwarded link must not become
    a way to flood its owner.
    """
    person = session.get_one(Subscriber, subscriber_id)
    whose = limits.hidden(keyring, "person", str(subscriber_id))
    if not left or suppression.is_suppressed(session, person.address):
        return False
    if not limits.take(session, limits.PERSON, whose, now=now):
        return False
    publications = session.scalars(select(Publication).where(Publication.id.in_(left)).order_by(Publication.name)).all()
    first = publications[0]
    claims = mailed_links.make(
        session, LinkKind.UNDO, subscriber_id=subscriber_id, publication_id=first.id, now=now,
        values={"publications": [publication.id for publication in publications], "ended_at": now.isoformat()},
    )  # fmt: skip
    letter = letters.goodbye(
        person.language or first.profile.language, names=[one.name for one in publications], url=links.mailed(claims)
    )
    letter.send(session, first, person.address, now=now, subscriber_id=subscriber_id)
    return True


def undoable(session: Session, link: MailedLink) -> tuple[Publication, ...]:
    """Return what the link would take up again: what was left then and has not been touched since."""
    ended_at = datetime.fromisoformat(link.values["ended_at"])
    return tuple(
        session.scalars(
            select(Publication)
            .join(Subscription, Subscription.publication_id == Publication.id)
            .where(
                Subscription.subscriber_id == link.subscriber_id,
                Publication.id.in_(link.values["publications"]),
                Subscription.state == SubscriptionState.ENDED,
                Subscription.ended_at == ended_at,
            )
            .order_by(Publication.name)
        )
    )


def undo(session: Session, claims: LinkClaims, *, now: datetime) -> tuple[Publication, ...]:
    """Take a leaving back; return what is taken up again. Raises ``BadToken`` for a used, old or foreign link."""
    link = mailed_links.use(session, claims, now=now)
    if link.kind is not LinkKind.UNDO:
        raise BadToken
    back = undoable(session, link)
    for publication in back:
        basis = _basis(session, link.subscriber_id, publication.id)
        subscriptions.resubscribe(session, link.subscriber_id, publication.id, now=now, source="undo", basis=basis)
    return back


def say_why(
    session: Session, subscriber_id: int, publication_id: int, *, reason: LeavingReason | None, words: str
) -> bool:
    """Keep why a reader left, with the subscription that ended; tell whether there is one."""
    kept = session.scalar(
        update(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id,
            Subscription.publication_id == publication_id,
            Subscription.state == SubscriptionState.ENDED,
        )
        .values(leaving_reason=reason, leaving_words=" ".join(words.split())[:WORDS_LIMIT])
        .returning(Subscription.id)
    )
    return kept is not None


def _basis(session: Session, subscriber_id: int, publication_id: int) -> ConsentBasis:
    """The grounds on which it ran before: taking a leaving back gives no new ones."""
    return session.scalars(
        select(Subscription.basis).where(
            Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication_id
        )
    ).one()
