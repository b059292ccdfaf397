"""Onlookers: the reader, a real one or a sample, with whose eyes a preview is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from newsletter.delivery import audience
from newsletter.delivery.audience import VARIANT_OF
from newsletter.delivery.states import Variant
from newsletter.issues.places import PDF_NAME, issue_path, opened_for, pdf_path
from newsletter.kit.catalogue import N_
from newsletter.kit.errors import NotFound, NotPermitted
from newsletter.kit.settings import Settings
from newsletter.kit.tokens import UNSUBSCRIBE_PATH, LinkClaims, Purpose
from newsletter.mail.address import address_key
from newsletter.publications import Access, Publication
from newsletter.rendering.slots import Slot
from newsletter.team.roles import Permission
from newsletter.team.sessions import Visitor
from newsletter.web.auth import NOTHING_HERE
from subscribers.links import PREFERENCES_PATH
from subscribers.models import Subscriber, Subscription

LARGEST_ID = 2**63 - 1
SAMPLES = (
    ("", N_("A reader who takes the mail as it is")), ("text", N_("A reader who wants text only")),
    ("notice", N_("A reader who wants a short note with links")), ("pdf", N_("A reader who wants the PDF attached")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who looks: what the mail says to them and in which form they get it."""

    chosen: str
    """What the address of the page calls them: a sample's form, or the number of a reader."""
    name: str
    address: str
    variant: Variant
    gets_it: bool = True
    """Whether an issue sent now would go to them."""

    @property
    def is_sample(self) -> bool:
        """Whether there is no such reader."""
        return not self.chosen.isdigit()

    @property
    def words_only(self) -> bool:
        """Whether their mail has no HTML."""
        return self.variant in {Variant.TEXT, Variant.NOTICE}


def chosen(session: Session, visitor: Visitor, publication: Publication, reader: str, *, now: datetime) -> Onlooker:
    """Return the onlooker called *reader*; raise ``NotPermitted`` for a real one whom *visitor* may not see,
    ``NotFound`` if *publication* has none such."""
    if not reader or reader in {variant.value for variant in Variant}:
        return Onlooker(reader, "Alex Sample", "alex@example.org", Variant(reader or Variant.HTML))
    if not visitor.may(Permission.READERS, publication.id):
        raise NotPermitted
    if not (reader.isascii() and reader.isdigit() and len(reader) < 20 and int(reader) <= LARGEST_ID):
        raise NotFound(NOTHING_HERE)
    found = session.scalar(
        select(Subscriber)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.publication_id == publication.id, Subscriber.id == int(reader))
    )
    if found is None:
        raise NotFound(NOTHING_HERE)
    now_sent = audience.audience(session, publication.id, now=now).where(Subscriber.id == found.id)
    return Onlooker(
        reader, found.name, found.address, VARIANT_OF[found.format], session.execute(now_sent).first() is not None
    )


def number_of(session: Session, publication: Publication, address: str) -> int | None:
    """Return the number of the reader of *publication* at *address*; None if there is none."""
    return session.scalar(
        select(Subscriber.id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.publication_id == publication.id, Subscriber.address_key == address_key(address))
    )


def urls_of(settings: Settings, publication: Publication, number: int) -> Mapping[Slot, str]:
    """Return what fills a preview's slots: as long as a reader's own, under a token that opens nothing."""
    label, base = publication.label, settings.public_url.rstrip("/")
    token = settings.keyring.link(Purpose.PREVIEW, LinkClaims(publication.id, 0))
    web, pdf = base + issue_path(label, number), base + pdf_path(label, number)
    if publication.access is not Access.OPEN:
        web = opened_for(web, token)
        pdf = web + PDF_NAME
    return {
        Slot.UNSUBSCRIBE_URL: base + UNSUBSCRIBE_PATH + token,
        Slot.PREFERENCES_URL: base + PREFERENCES_PATH + token,
        Slot.WEB_URL: web,
        Slot.PDF_URL: pdf,
    }
