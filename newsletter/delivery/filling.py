"""Filling: one recipient's envelope from a compiled message, with the links and addresses that are theirs alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.delivery.message import CompiledMessage
from newsletter.delivery.message_source import MessageSlots
from newsletter.delivery.promise import Promise
from newsletter.issues.places import PDF_NAME, opened_for
from newsletter.kit.tokens import Keyring, LinkClaims, Purpose
from newsletter.mail.dkim import DkimSigner
from newsletter.mail.envelope import Envelope
from subscribers.links import ReaderLinks

RETURN_PREFIX = "b+"
"""Before the token of the envelope sender: ``b+<token>@…``, so that one mailbox takes all returns (RFC 5233)."""


@dataclass(frozen=True, slots=True)
class Filling:
    """A ``Fill`` that can travel to another process: everything it needs and no database."""

    compiled: CompiledMessage
    pages: MessageSlots
    """What is the same for everybody: where the web edition and the PDF stand, if there are any."""
    publication_id: int
    return_domain: str
    keyring: Keyring
    links: ReaderLinks
    read_by_anybody: bool
    signer: DkimSigner | None = None

    def __call__(self, promise: Promise, at: datetime) -> Envelope:
        """Make the envelope of *promise* at the given moment; raises ``BadInput`` for a value no mail can carry."""
        web_url, pdf_url, leave_url, preferences_url = self.pages.web_url, self.pages.pdf_url, "", ""
        if web_url:
            # A test has no subscriber: its links are whole and lead to a page, but unsubscribe nobody (id 0).
            claims = LinkClaims(self.publication_id, promise.subscriber_id or 0, promise.id)
            leave_url = self.links.one_click(claims)  # the same page answers click and one-click POST
            preferences_url = self.links.preferences(claims)
            if not self.read_by_anybody:
                web_url = opened_for(web_url, self.keyring.link(Purpose.READ, claims))
                pdf_url = web_url + PDF_NAME
        slots = MessageSlots(
            to_address=promise.address,
            to_name=promise.name,
            message_id=self.keyring.delivery(Purpose.MESSAGE_ID, promise.id),
            date=at,
            one_click_url=leave_url,
            unsubscribe_url=leave_url,
            preferences_url=preferences_url,
            web_url=web_url,
            pdf_url=pdf_url,
        )
        sender = f"{RETURN_PREFIX}{self.keyring.delivery(Purpose.RETURN_PATH, promise.id)}@{self.return_domain}"
        return Envelope(sender, promise.address, self.compiled.fill(slots, sign=self.signer), self.compiled.shared)
