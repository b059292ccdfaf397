"""What the message compiler is given: a source for everybody, and the slots of one recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from newsletter.manuscripts.pictures import Picture


@dataclass(frozen=True, slots=True)
class ListId:
    """A publication's name among mail programs, stable for good: ``Name <label.domain>`` (RFC 2919)."""

    label: str
    domain: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the message."""

    file_name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSource:
    """What a message says to everybody; recipients come later."""

    from_name: str
    from_address: str
    subject: str
    text: str
    html: str | None = None
    """None for text alone. Pictures as ``cid:<sha256>``."""
    reply_to: str = ""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """By SHA-256; those the HTML names go along, others do not."""
    attachments: tuple[Attachment, ...] = ()
    list_id: ListId | None = None
    list_help: str = ""
    """A URI, https or mailto; so the two below."""
    list_owner: str = ""
    list_archive: str = ""
    bulk: bool = False
    """``Precedence: bulk``, for issues."""
    auto_submitted: bool = False
    """``Auto-Submitted: auto-generated`` (RFC 3834), for confirmations and notices."""
    feedback_id: str = ""
    """At most four fields with colons, no reader in it."""
    language: str = ""
    """BCP 47."""
    test: bool = False
    """Marked as a trial copy, in the subject too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSlots:
    """What one recipient's copy has of its own. A URL may stay empty if the message has no place for it."""

    to_address: str
    to_name: str = ""
    message_id: str
    """Unique per delivery and the same on a retry: the part before the @, or the whole id without angle brackets."""
    date: datetime
    """Aware; when it leaves."""
    one_click_url: str = ""
    """For List-Unsubscribe (RFC 8058); empty for none, as in notices."""
    unsubscribe_mailto: str = ""
    """``mailto:…`` beside it, only where an inbound route reads it."""
    unsubscribe_url: str = ""
    preferences_url: str = ""
    web_url: str = ""
    pdf_url: str = ""
