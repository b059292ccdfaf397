"""Confirmations: the button behind a mailed link that turns a sign-up into a subscription, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.publications import Publication
from subscribers import subscriptions, suppression
from subscribers.models import ConsentBasis, Subscription, SubscriptionState, Wish, WishKind
from subscribers.wishes import UNCONFIRMED, may_join, publications_of


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a confirmation did."""

    subscriber_id: int
    joined: tuple[Publication, ...]
    latest_issue: bool
    news: bool = True
    """Whether this press of the button did it, or an earlier one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-up that waits for its button."""

    wish: Wish
    publications: tuple[Publication, ...] = field(default=())


def look_at(session: Session, claims: LinkClaims, *, now: datetime) -> Asked:
    """Return the sign-up behind a confirmation link; raise ``BadToken`` once its week is over."""
    wish = session.get(Wish, claims.delivery_id, populate_existing=True)
    if (
        wish is None
        or wish.kind is WishKind.LINK
        or wish.asked_at + UNCONFIRMED <= now
        or claims.subscriber_id
        or claims.publication_id != wish.publication_ids[0]
    ):
        raise BadToken
    return Asked(wish, publications_of(session, wish.publication_ids))


def confirm(
    session: Session, claims: LinkClaims, *, keyring: Keyring, now: datetime, mail: Mapping[str, object]
) -> Confirmed:
    """Carry out a sign-up whose button was pressed; raise ``BadToken``. Pressing again changes nothing.

    *mail* says what is known of the confirmation mail: Message-ID, when it was handed over, the server's answer.
    """
    asked = look_at(session, claims, now=now)
    wish = asked.wish
    first = session.scalar(
        update(Wish)
        .where(Wish.id == wish.id, Wish.confirmed_at.is_(None))
        .values(confirmed_at=now)
        .returning(Wish.id)
        .execution_options(synchronize_session=False)
    )
    subscriber_id = subscriptions.ensure_subscriber(
        session, wish.address, now=now, name=wish.name, language=wish.language
    )
    if first is None:
        return Confirmed(subscriber_id, asked.publications, wish.latest_issue, news=False)
    lifted = suppression.lift(session, wish.address, keyring=keyring)
    details: dict[str, object] = {
        "address": wish.address, "asked_at": wish.asked_at.isoformat(), "form": wish.form.value,
        "language": wish.language, "wording": wish.wording, "wording_version": wish.wording_version,
        "confirmation_mail": dict(mail),
        **({"network": wish.network} if wish.network else {}),
        **({"invited_by": wish.asked_by} if wish.asked_by else {}),
        **({"do_not_mail_lifted": lifted.value} if lifted else {}),
    }  # fmt: skip
    joined = [
        publication
        for publication in asked.publications
        if _join(
            session, subscriber_id, publication, invited=wish.kind is WishKind.INVITATION, now=now, details=details
        )
    ]
    return Confirmed(subscriber_id, tuple(joined), wish.latest_issue)


def _join(
    session: Session, subscriber_id: int, publication: Publication, *, invited: bool, now: datetime,
    details: dict[str, object],
) -> bool:  # fmt: skip
    if not (invited or may_join(publication)):
        return False  # closed since it was asked for
    told = {**details, "publication_name": publication.name}
    tie = session.scalar(
        select(Subscription)
        .where(Subscription.subscriber_id == subscriber_id, Subscription.publication_id == publication.id)
        .execution_options(populate_existing=True)
    )
    if tie is not None and tie.state is SubscriptionState.ENDED:
        if tie.end_reason == "team" and not invited:
            return False
        return subscriptions.resubscribe(
            session, subscriber_id, publication.id, now=now, source="confirmation", details=told
        )
    return subscriptions.subscribe(
        session, subscriber_id, publication.id, now=now, basis=ConsentBasis.DOUBLE_OPT_IN, source="confirmation",
        details=told,
    )  # fmt: skip
