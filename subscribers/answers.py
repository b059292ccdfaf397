"""Answers: the mails with which wishes are answered, written by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.publications import Publication
from subscribers import letters, subscriptions, suppression
from subscribers.links import ReaderLinks
from subscribers.models import Subscriber, Subscription, SubscriptionState, Wish, WishKind
from subscribers.wishes import UNCONFIRMED, publications_of

BATCH = 100


def answer_waiting(session: Session, *, links: ReaderLinks, keyring: Keyring, now: datetime, batch: int = BATCH) -> int:
    """Write the mails that answer wishes; return how many wishes there were. Two workers share them."""
    waiting = session.scalars(
        select(Wish).where(Wish.answered_at.is_(None)).order_by(Wish.id).limit(batch).with_for_update(skip_locked=True)
    ).all()
    for wish in waiting:
        wish.answered_at = now
        match wish.kind:
            case WishKind.LINK:
                _mail_link(session, wish, links=links, now=now)
                session.delete(wish)
            case WishKind.JOIN:
                _answer_sign_up(session, wish, links=links, now=now)
            case WishKind.INVITATION:
                _mail_invitation(session, wish, links=links, keyring=keyring, now=now)
        session.flush()
    return len(waiting)


def _answer_sign_up(session: Session, wish: Wish, *, links: ReaderLinks, now: datetime) -> None:
    publications = publications_of(session, wish.publication_ids)
    known = session.scalar(select(Subscriber.id).where(Subscriber.address_key == wish.address_key))
    read = _read_already(session, known, publications)
    if known is not None and len(read) == len(publications):
        url = links.preferences(LinkClaims(publications[0].id, known))
        letter = letters.already(wish.language, names=[one.name for one in publications], url=url)
        wish.notice_id = letter.send(session, publications[0], wish.address, now=now, subscriber_id=known).id
        return
    subscriber_id = subscriptions.ensure_subscriber(
        session, wish.address, now=now, name=wish.name, language=wish.language
    )
    for publication in publications:
        details: dict[str, object] = {
            "source": "sign_up", "form": wish.form.value, "language": wish.language, "wording": wish.wording,
            "wording_version": wish.wording_version, "publication_name": publication.name, "address": wish.address,
            **({"network": wish.network} if wish.network else {}),
        }  # fmt: skip
        subscriptions.request(session, subscriber_id, publication.id, now=wish.asked_at, details=details)
    letter = letters.confirmation(
        wish.language, names=[one.name for one in publications], address=wish.address, days=UNCONFIRMED.days,
        url=links.confirm(wish.id, publications[0].id),
    )  # fmt: skip
    wish.notice_id = letter.send(session, publications[0], wish.address, now=now).id


def _read_already(session: Session, subscriber_id: int | None, publications: Sequence[Publication]) -> list[int]:
    return list(
        session.scalars(
            select(Subscription.publication_id).where(
                Subscription.subscriber_id == subscriber_id,
                Subscription.publication_id.in_([publication.id for publication in publications]),
                Subscription.state.in_([SubscriptionState.ACTIVE, SubscriptionState.PAUSED]),
            )
        )
    )


def _mail_invitation(session: Session, wish: Wish, *, links: ReaderLinks, keyring: Keyring, now: datetime) -> None:
    (publication,) = publications_of(session, wish.publication_ids)
    known = session.scalar(select(Subscriber.id).where(Subscriber.address_key == wish.address_key))
    # The person has not asked: whoever wants no mail, left or reads it already, is not asked either.
    asked_before = known is not None and session.scalar(
        select(Subscription.id).where(
            Subscription.subscriber_id == known, Subscription.publication_id == publication.id
        )
    )  # fmt: skip
    if asked_before or suppression.is_suppressed(session, wish.address, keyring=keyring):
        session.delete(wish)
        return
    letter = letters.invitation(
        wish.language, name=publication.name, publisher=publication.profile.masthead.publisher, address=wish.address,
        url=links.confirm(wish.id, publication.id), days=UNCONFIRMED.days,
    )  # fmt: skip
    wish.notice_id = letter.send(session, publication, wish.address, now=now).id


def _mail_link(session: Session, wish: Wish, *, links: ReaderLinks, now: datetime) -> None:
    """Mail a reader the way to the choices; an address nobody knows gets nothing, and the page said no more."""
    known = session.scalar(select(Subscriber).where(Subscriber.address_key == wish.address_key))
    if known is None:
        return
    chosen = session.scalar(
        select(Publication)
        .join(Subscription, Subscription.publication_id == Publication.id)
        .where(Subscription.subscriber_id == known.id)
        .order_by(Subscription.state != SubscriptionState.ACTIVE, Publication.id)
        .limit(1)
    )
    publication = chosen or session.get_one(Publication, wish.publication_ids[0])
    url = links.preferences(LinkClaims(publication.id, known.id))
    letter = letters.own_link(known.language or wish.language, url=url)
    letter.send(session, publication, known.address, now=now, subscriber_id=known.id)
