"""The header of a message: what is the same for everybody, and what a recipient's slots put into it."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from newsletter.delivery.message_source import ListId, MessageSlots, MessageSource
from newsletter.kit.errors import BadInput
from newsletter.mail.address import needs_smtputf8, wire_address
from newsletter.mail.headers import checked, checked_uri, mailbox, structured, unstructured
from newsletter.mail.mime import Hole, Pieces

TO = Hole("to", "header")
DATE = Hole("date", "header")
MESSAGE_ID = Hole("message-id", "header")
LIST_UNSUBSCRIBE = Hole("list-unsubscribe", "header")

LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*(@[A-Za-z0-9.-]+)?")
_FEEDBACK_ID = re.compile(r"[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+){0,3}")


def source_headers(source: MessageSource) -> Pieces:
    """Return the fields before the MIME ones, in the order people read them."""
    sender = wire_address(source.from_address)
    if needs_smtputf8(sender):
        raise BadInput(f"The From address {sender!r} has letters beyond ASCII before the @; few servers would take it.")
    if not source.subject.strip():
        raise BadInput("The subject is empty.")
    subject = f"[Test] {source.subject}" if source.test else source.subject
    lines = [b"From: " + mailbox(source.from_name, sender, "The From name") + b"\r\n"]
    if source.reply_to:
        lines.append(b"Reply-To: " + wire_address(source.reply_to).encode() + b"\r\n")
    return (
        b"".join(lines) + b"To: ",
        TO,
        b"\r\n" + unstructured("Subject", subject) + b"Date: ",
        DATE,
        b"\r\nMessage-ID: <",
        MESSAGE_ID,
        b">\r\nMIME-Version: 1.0\r\n",
        LIST_UNSUBSCRIBE,
        b"".join(_list_headers(source)),
    )


def _list_headers(source: MessageSource) -> list[bytes]:
    lines: list[bytes] = []
    if source.list_id is not None:
        lines += [_list_id(source.list_id), b"List-Post: NO\r\n"]
    for name, uri in (
        ("List-Help", source.list_help),
        ("List-Owner", source.list_owner),
        ("List-Archive", source.list_archive),
    ):
        if uri:
            lines.append(structured(name, [f"<{checked_uri(uri, name)}>"]))
    if source.bulk:
        lines.append(b"Precedence: bulk\r\n")
    if source.auto_submitted:
        lines.append(b"Auto-Submitted: auto-generated\r\n")
    if source.feedback_id:
        if not _FEEDBACK_ID.fullmatch(source.feedback_id) or len(source.feedback_id) > 200:
            raise BadInput(f"The Feedback-ID {source.feedback_id[:80]!r} must be at most four words with colons.")
        lines.append(structured("Feedback-ID", [source.feedback_id]))
    if source.language:
        if not _LANGUAGE.fullmatch(source.language):
            raise BadInput(f"The language {source.language[:40]!r} is no language tag such as en or zh-Hans.")
        lines.append(structured("Content-Language", [source.language]))
    if source.test:
        lines.append(b"X-Newsletter-Test: yes\r\n")
    return lines


def _list_id(list_id: ListId) -> bytes:
    name = checked(list_id.name, "The List-Id name")
    identifier = f"{list_id.label}.{list_id.domain}"
    if not LABEL.fullmatch(identifier) or len(identifier) > 250:
        raise BadInput(f"The List-Id {identifier[:80]!r} must be a label and a domain, as in news.example.org.")
    # Encoded words are legal here (RFC 2919 §2) and yet misread by receivers; the name is a courtesy, so leave it out.
    if not name or not name.isascii() or len(name) > 60 or "=?" in name:
        return structured("List-Id", [f"<{identifier}>"])
    return b"List-Id: " + mailbox(name, identifier) + b"\r\n"


def header_values(slots: MessageSlots, domain: str) -> dict[Hole, bytes]:
    """Return what fills the holes of the header; raise ``BadInput``."""
    if slots.date.tzinfo is None:
        raise BadInput("The date of a message needs its time zone.")
    if not _MESSAGE_ID.fullmatch(slots.message_id):
        raise BadInput(f"The Message-ID {slots.message_id[:80]!r} is none (RFC 5322 §3.6.4).")
    message_id = slots.message_id if "@" in slots.message_id else f"{slots.message_id}@{domain}"
    return {
        TO: mailbox(slots.to_name, wire_address(slots.to_address)),
        DATE: _date(slots.date.replace(microsecond=0)),
        MESSAGE_ID: message_id.encode(),
        LIST_UNSUBSCRIBE: _list_unsubscribe(slots),
    }


@lru_cache(maxsize=4)  # thousands of mails have the same
def _date(second: datetime) -> bytes:
    return format_datetime(second).encode()


def _list_unsubscribe(slots: MessageSlots) -> bytes:
    if not slots.one_click_url and not slots.unsubscribe_mailto:
        return b""
    uris = [
        f"<{checked_uri(uri, 'The link in List-Unsubscribe')}>"
        for uri in (slots.one_click_url, slots.unsubscribe_mailto)
        if uri
    ]
    # One URI a line, the https one first: some receivers read the field only up to its first fold.
    lines = "List-Unsubscribe: " + ",\r\n ".join(uris) + "\r\n"
    if slots.one_click_url:
        lines += "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return lines.encode()
