"""An installation with many readers, and messages of a chosen size made by the compiler that real ones go through."""

from __future__ import annotations

import html
from datetime import datetime

from sqlalchemy import insert

from newsletter import publications
from newsletter.delivery import planning, progress
from newsletter.delivery.message import MessageSlots, compile_message
from newsletter.delivery.message_source import ListId, MessageSource
from newsletter.delivery.messages import OutgoingMessages
from newsletter.delivery.promise import Fill
from newsletter.delivery.states import DispatchKind, Variant
from newsletter.kit.clock import utc_now
from newsletter.kit.database import Database
from newsletter.kit.migrations import migrate
from newsletter.kit.tokens import Keyring
from newsletter.publications import Profile
from newsletter.rendering.slots import Slot
from subscribers.links import ReaderLinks
from subscribers.models import ConsentBasis, Format, Subscriber, Subscription, SubscriptionState

SECRET = "a secret for the benchmark alone and long enough"
PUBLIC_URL = "https://news.example.org"
ROUTE = "smtp"
CHUNK = 10_000
_WORDS = "The ministry published a plan for ports, rails and grids, and nobody was surprised. "


class SizedMessages(OutgoingMessages):
    """Real messages but for their content: compiled, with every slot, header and link, of about *size* octets."""

    def __init__(self, database: Database, size: int) -> None:
        keyring = Keyring([SECRET])
        super().__init__(database, keyring=keyring, links=ReaderLinks(PUBLIC_URL, keyring), public_url=PUBLIC_URL)
        self._size = size

    def prepare(self, dispatch_id: int, variant: Variant, language: str) -> Fill:
        """Compile a message of the size asked for."""
        with self._database.read() as session:
            publication_id = progress.get(session, dispatch_id).publication_id
        filling = 0
        while (compiled := compile_message(_source(filling), message_id_domain="example.org")).size < self._size:
            filling += max(1, (self._size - compiled.size) // (3 * len(_WORDS)))
        pages = MessageSlots(
            to_address="", message_id="", date=utc_now(), web_url=f"{PUBLIC_URL}/i/1", pdf_url=f"{PUBLIC_URL}/i/1.pdf"
        )
        return self._filler(compiled, pages, publication_id, "example.org", keyring=self._keyring, read_by_anybody=True)


def _source(paragraphs: int) -> MessageSource:
    body = _WORDS * paragraphs
    footer = {"Leave": Slot.UNSUBSCRIBE_URL, "Choices": Slot.PREFERENCES_URL, "In a browser": Slot.WEB_URL}
    links = "".join(f'<a href="{slot}">{name}</a> ' for name, slot in footer.items())
    return MessageSource(
        from_name="Pacific Grids", from_address="grids@example.org", subject="An issue",
        text=f"{body}\n\n" + "\n".join(f"{name}:\n{slot}" for name, slot in footer.items()) + "\n",
        html=f"<html><body><p>{html.escape(body)}</p><p>{links}</p></body></html>",
        list_id=ListId("grids", "example.org", "Pacific Grids"), list_owner="mailto:grids@example.org", bulk=True,
    )  # fmt: skip


def furnish(database: Database, readers: int) -> int:
    """Migrate, add a publication and its *readers*; return its id."""
    migrate(database)
    now = utc_now()
    with database.write() as session:
        profile = Profile(name="Pacific Grids", label="grids", from_address="grids@example.org")
        publication_id = publications.add(session, profile, now=now, by="bench").id
    for first in range(1, readers + 1, CHUNK):
        numbers = range(first, min(first + CHUNK, readers + 1))
        with database.write() as session:
            session.execute(insert(Subscriber), [_reader(number, now) for number in numbers])
            session.execute(insert(Subscription), [_tie(number, publication_id, now) for number in numbers])
    return publication_id


def _reader(number: int, now: datetime) -> dict[str, object]:
    address = f"reader{number}@d{number % 500}.example.org"
    return {
        "id": number, "address": address, "address_key": address, "name": f"Reader {number}", "language": "",
        "format": Format.HTML, "created_at": now, "chain_head": "",
    }  # fmt: skip


def _tie(number: int, publication_id: int, now: datetime) -> dict[str, object]:
    return {
        "id": number, "subscriber_id": number, "publication_id": publication_id, "state": SubscriptionState.ACTIVE,
        "basis": ConsentBasis.DOUBLE_OPT_IN, "started_at": now,
    }  # fmt: skip


def order(database: Database, publication_id: int, key: str) -> int:
    """Write down a sending to all readers; return its id."""
    with database.write() as session:
        wanted = planning.Order(
            key=key, kind=DispatchKind.ISSUE, publication_id=publication_id, route=ROUTE, created_by="bench",
            scheduled_for=utc_now(),
        )  # fmt: skip
        return planning.start(session, wanted, now=utc_now()).id
