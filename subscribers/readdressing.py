"""Readdressing: a reader moves to another address, which says yes, while the old one is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput, BadToken, Conflict
from newsletter.kit.tokens import Keyring, LinkClaims
from newsletter.mail.address import address_key, masked
from newsletter.publications import Publication
from subscribers import evidence, letters, limits, mailed_links, suppression, wishes
from subscribers.links import ReaderLinks
from subscribers.models import LinkKind, Subscriber
from subscribers.search_keys import domain_key


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a change of address."""

    subscriber_id: int
    address: str
    publication_id: int


def ask_new(
    session: Session, subscriber_id: int, address: str, *, publication_id: int, links: ReaderLinks, keyring: Keyring,
    now: datetime,
) -> bool:  # fmt: skip
    """Mail *address* a link that confirms it; nothing changes before that. False: it has had too many mails today.

    Raises ``BadInput`` for what is no address or is the reader's already.
    """
    person = session.get_one(Subscriber, subscriber_id)
    key = address_key(address)
    if key == person.address_key and address == person.address:
        raise BadInput("This is the address we have.")
    if key.endswith(".invalid"):
        raise BadInput("There is no mail at this domain; please look at the address once more.")
    if not limits.take(session, limits.ADDRESS, limits.hidden(keyring, "address", key), now=now):
        return False
    publication = session.get_one(Publication, publication_id)
    claims = mailed_links.make(
        session, LinkKind.NEW_ADDRESS, subscriber_id=subscriber_id, publication_id=publication_id, now=now,
        values={"address": address},
    )  # fmt: skip
    letter = letters.new_address(
        person.language or publication.profile.language, old=masked(person.address), url=links.mailed(claims)
    )
    letter.send(session, publication, address, now=now, subscriber_id=subscriber_id)
    return True


def move(session: Session, claims: LinkClaims, *, keyring: Keyring, now: datetime) -> Moved:
    """Give the reader the address whose mailbox pressed the button, and tell the old one.

    Raises ``BadToken`` for a used, old or foreign link, ``Conflict`` if another reader has the address: two persons do
    not become one by a click.
    """
    link = mailed_links.use(session, claims, now=now)
    if link.kind is not LinkKind.NEW_ADDRESS:
        raise BadToken
    address = str(link.values["address"])
    key = address_key(address)
    evidence.hold_chain(session, link.subscriber_id)
    person = session.get_one(Subscriber, link.subscriber_id, populate_existing=True)
    other = session.scalar(select(Subscriber.id).where(Subscriber.address_key == key, Subscriber.id != person.id))
    if other is not None:
        raise Conflict(N_("This address reads our newsletters already; unsubscribe one of the two."))
    old = person.address
    wishes.forget(session, person.address_key)
    suppression.lift(session, address, keyring=keyring)
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == person.id)
        .values(address=address, address_key=key, domain=domain_key(key))
    )
    evidence.record(
        session, person.id, kind="readdressed", at=now, publication_id=None,
        payload={"from": old, "to": address, "asked_at": link.made_at.isoformat(), "source": "own data"},
    )  # fmt: skip
    publication = session.get_one(Publication, link.publication_id)
    profile = publication.profile
    letter = letters.moved_away(
        person.language or profile.language, new=masked(address), contact=profile.reply_to or profile.from_address
    )
    if not suppression.is_suppressed(session, old):
        letter.send(session, publication, old, now=now, subscriber_id=person.id)
    session.expire(person)
    return Moved(person.id, address, link.publication_id)
