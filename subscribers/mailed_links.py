"""Mailed links: each goes to one reader's mailbox, works once, and not for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from newsletter.kit.errors import BadToken
from newsletter.kit.tokens import LinkClaims
from subscribers.models import LinkKind, MailedLink

LIVES = {
    LinkKind.RIGHTS: timedelta(days=1),
    LinkKind.NEW_ADDRESS: timedelta(days=2),
    LinkKind.UNDO: timedelta(days=7),
}
"""How long each may be used; undoing takes a week because a colleague may have unsubscribed somebody on holiday."""
OPENED = timedelta(minutes=30)
"""How long the forms work that a link to one's own data has opened."""
KEPT = timedelta(days=30)
"""Used and expired ones are forgotten after this; till then they show that a mail asked for has done its work."""


def make(
    session: Session,
    kind: LinkKind,
    *,
    subscriber_id: int,
    publication_id: int,
    now: datetime,
    values: dict[str, Any] | None = None,
) -> LinkClaims:
    """Write a link down and return what its token says."""
    link = MailedLink(
        kind=kind, subscriber_id=subscriber_id, publication_id=publication_id, values=values or {}, made_at=now,
        expires_at=now + LIVES[kind],
    )  # fmt: skip
    session.add(link)
    session.flush()
    return LinkClaims(publication_id, subscriber_id, link.id)


def look_at(session: Session, claims: LinkClaims, *, now: datetime) -> MailedLink:
    """Return the link of a token, unused and in time; raise ``BadToken``."""
    link = session.get(MailedLink, claims.delivery_id, populate_existing=True)
    if link is None or not _is_of(link, claims) or link.used_at is not None or link.expires_at <= now:
        raise BadToken
    return link


def use(session: Session, claims: LinkClaims, *, now: datetime) -> MailedLink:
    """Use the link up and return it; raise ``BadToken``. Of two who press at once, one is too late."""
    link = look_at(session, claims, now=now)
    used = session.scalar(
        update(MailedLink)
        .where(MailedLink.id == link.id, MailedLink.used_at.is_(None))
        .values(used_at=now)
        .returning(MailedLink.id)
        .execution_options(synchronize_session=False)
    )
    if used is None:
        raise BadToken
    return link


def opened(session: Session, claims: LinkClaims, *, now: datetime) -> MailedLink:
    """Return the link to one's own data that has just been opened; raise ``BadToken`` once its half hour is over."""
    link = session.get(MailedLink, claims.delivery_id, populate_existing=True)
    if (
        link is None
        or not _is_of(link, claims)
        or link.kind is not LinkKind.RIGHTS
        or link.used_at is None
        or link.used_at + OPENED <= now
    ):
        raise BadToken
    return link


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete links that ended a month ago."""
    session.execute(delete(MailedLink).where(MailedLink.expires_at < now - KEPT))


def _is_of(link: MailedLink, claims: LinkClaims) -> bool:
    return (link.subscriber_id, link.publication_id) == (claims.subscriber_id, claims.publication_id)
