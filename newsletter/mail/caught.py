"""A caught message as a page shows it: envelope, headers, HTML with its pictures, text, attachments."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from urllib.parse import unquote

HEADER_OCTETS = 64 * 1024
"""How much of a file is read to find its headers."""
_OURS = re.compile(rb"X-Catcher-(Sender|Recipient|Received): ([^\r\n]*)\r\n")
_CID = re.compile(r"""cid:([^"'\s)<>]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CaughtAttachment:
    """A part of a caught message that is neither its text nor a picture of its page."""

    file_name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CaughtSummary:
    """A caught message as one line of a list."""

    key: str
    received: datetime
    sender: str
    """MAIL FROM."""
    recipients: tuple[str, ...]
    """RCPT TO."""
    from_: str
    to: str
    subject: str
    size: int
    """Octets as they came over the wire."""


@dataclass(frozen=True, slots=True)
class CaughtMessage:
    """A caught message, opened."""

    summary: CaughtSummary
    headers: tuple[tuple[str, str], ...]
    """Every header in its order, decoded and unfolded."""
    html: str | None
    """The HTML part with its pictures as ``data:`` URIs; foreign HTML, to be shown in a sandbox only."""
    text: str | None
    attachments: tuple[CaughtAttachment, ...]
    source: bytes = field(repr=False)
    """The message as it came over the wire, dot-stuffing taken out."""


def envelope_lines(sender: str, recipients: Sequence[str], received: datetime) -> bytes:
    """Return the lines that keep an envelope on top of its message."""
    lines = [f"X-Catcher-Sender: {sender}"]
    lines += [f"X-Catcher-Recipient: {recipient}" for recipient in recipients]
    lines += [f"X-Catcher-Received: {received.isoformat()}", ""]
    return "\r\n".join(lines).encode()


def summarise(key: str, stored: bytes, *, file_size: int) -> CaughtSummary:
    """Return the line of a list for *stored*, the file's beginning."""
    sender, recipients, received, start = _envelope(stored)
    message = message_from_bytes(stored[start:], policy=compat32)
    return CaughtSummary(
        key=key,
        received=received,
        sender=sender,
        recipients=recipients,
        from_=_readable(message.get("From", "")),
        to=_readable(message.get("To", "")),
        subject=_readable(message.get("Subject", "")),
        size=file_size - start,
    )


def open_caught(key: str, stored: bytes) -> CaughtMessage:
    """Parse a whole stored file; whatever is malformed is shown as well as it can be."""
    source = stored[_envelope(stored)[3] :]
    message = message_from_bytes(source, policy=compat32)
    html, text = None, None
    pictures: dict[str, str] = {}
    attachments = []
    for part in message.walk():
        if part.is_multipart():
            continue
        kind, name = part.get_content_type(), _file_name(part)
        is_body = part.get_content_disposition() != "attachment" and not name
        if is_body and kind == "text/html" and html is None:
            html = _text_of(part)
        elif is_body and kind == "text/plain" and text is None:
            text = _text_of(part)
        elif part.get("Content-ID") and part.get_content_maintype() == "image":
            picture = base64.b64encode(_octets_of(part)).decode()
            pictures[str(part["Content-ID"]).strip().strip("<>")] = f"data:{kind};base64,{picture}"
        else:
            attachments.append(CaughtAttachment(name or "unnamed", kind, _octets_of(part)))
    if html is not None:
        html = _CID.sub(lambda found: pictures.get(unquote(found[1]), found[0]), html)
    return CaughtMessage(
        summary=summarise(key, stored, file_size=len(stored)),
        headers=tuple((name, _readable(value)) for name, value in message.items()),
        html=html,
        text=text,
        attachments=tuple(attachments),
        source=source,
    )


def _envelope(stored: bytes) -> tuple[str, tuple[str, ...], datetime, int]:
    """Return MAIL FROM, RCPT TO, when it came, and where the message begins."""
    sender, recipients, received, start = "", [], datetime.fromtimestamp(0, UTC), 0
    while (found := _OURS.match(stored, start)) is not None:
        start = found.end()
        value = found[2].decode("utf-8", "replace")
        match found[1]:
            case b"Sender":
                sender = value
            case b"Recipient":
                recipients.append(value)
            case _:  # the last of ours; a line like it further down is the message's own
                received = datetime.fromisoformat(value)
                break
    return sender, tuple(recipients), received, start


def _readable(value: object) -> str:
    """Decode the encoded words of a header and unfold it."""
    try:
        decoded = str(make_header(decode_header(str(value))))
    except (ValueError, LookupError):  # a charset nobody knows, base64 that is none
        decoded = str(value)
    return " ".join(decoded.split())


def _octets_of(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text_of(part: Message) -> str:
    try:
        return _octets_of(part).decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return _octets_of(part).decode("utf-8", "replace")


def _file_name(part: Message) -> str:
    try:
        return _readable(part.get_filename() or "")
    except (ValueError, LookupError):
        return "unreadable name"
