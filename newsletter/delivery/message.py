"""The message compiler: a message is made once per dispatch, variant and language; a recipient only fills its slots.

The bytes are put together by hand, from checked header fields (``newsletter/mail/headers.py``) and quoted-printable
stretches (``mime.py``): the standard library folds structured fields into encoded words and would cut a link in half.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from newsletter.delivery.message_headers import LABEL, header_values, source_headers
from newsletter.delivery.message_source import Attachment, ListId, MessageSlots, MessageSource
from newsletter.kit.errors import BadInput, RenderingError
from newsletter.mail.dkim import DkimSigner
from newsletter.mail.headers import LINE_LIMIT, checked, checked_uri
from newsletter.mail.mime import (
    Form,
    Hole,
    Part,
    base64_part,
    multipart,
    quoted_printable_value,
    split_at_first_hole,
    text_part,
)
from newsletter.mail.stuffing import WORTHWHILE
from newsletter.rendering.slots import Slot

__all__ = [
    "Attachment", "CompiledMessage", "ListId", "MessageSlots", "MessageSource", "compile_message",
]  # fmt: skip

_CID = re.compile(r"cid:([0-9a-f]{64})\b")
_LEFT_OVER = b"slot.invalid"
_FILLED_BY = {
    Slot.UNSUBSCRIBE_URL.value: "unsubscribe_url",
    Slot.PREFERENCES_URL.value: "preferences_url",
    Slot.WEB_URL.value: "web_url",
    Slot.PDF_URL.value: "pdf_url",
}
"""Which of a recipient's values stands in the hole of each slot."""
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,90}")


@dataclass(frozen=True, slots=True)
class CompiledMessage:
    """A message as segments of bytes with holes; ``fill`` makes one recipient's copy, in microseconds."""

    headers: Form
    opening: bytes
    """The body up to its first hole: the same for everybody."""
    body: Form
    """The rest of the body."""
    message_id_domain: str
    shared: tuple[bytes, ...] = field(init=False, repr=False, compare=False)
    """The long stretches that every copy has."""
    _opening_hash: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        long = tuple(stretch for stretch in (self.opening, *self.body.fixed) if len(stretch) >= WORTHWHILE)
        object.__setattr__(self, "shared", long)
        object.__setattr__(self, "_opening_hash", hashlib.sha256(self.opening))

    def __reduce__(self) -> tuple[type[CompiledMessage], tuple[Form, bytes, Form, str]]:
        """Travel to another process without the state of the hash, which is made anew."""
        return CompiledMessage, (self.headers, self.opening, self.body, self.message_id_domain)

    @property
    def slots(self) -> frozenset[Slot]:
        """The slots that each recipient must fill."""
        return frozenset(Slot(hole.name) for hole in self.body.holes)

    @property
    def size(self) -> int:
        """Octets of a copy, but for what fills the holes."""
        return len(self.opening) + sum(map(len, (*self.headers.fixed, *self.body.fixed)))

    def fill(self, slots: MessageSlots, *, sign: DkimSigner | None = None) -> bytes:
        """Return the message for one recipient, complete, CRLF throughout, not dot-stuffed.

        Raises ``BadInput`` where a value cannot stand in a mail or a URL the message needs is missing.
        """
        headers = self.headers.filled(header_values(slots, self.message_id_domain))
        body = self.body.filled(_body_values(self.body.holes, slots))
        if sign is None:
            return b"".join((headers, b"\r\n", self.opening, body))
        # The body ends in exactly one CRLF, as its simple canonical form does (RFC 6376 §3.4.3).
        body_hash = self._opening_hash.copy()
        body_hash.update(body)
        signature = sign.signature(headers, body_hash.digest(), at=slots.date)
        return b"".join((signature, headers, b"\r\n", self.opening, body))


def compile_message(source: MessageSource, *, message_id_domain: str) -> CompiledMessage:
    """Make the segments of *source*; the same source gives the same bytes.

    Raises ``BadInput`` for a value that cannot stand in a header, ``RenderingError`` for an edition that shows a
    picture nobody has or holds a slot nobody knows.
    """
    if not LABEL.fullmatch(message_id_domain):
        raise BadInput(f"Message-IDs cannot end in {message_id_domain!r}; it must be a domain.")
    for edition in (source.text, source.html or ""):
        if not edition.isascii() and any("\ud800" <= character <= "\udfff" for character in edition):
            raise BadInput("The message has half a character in it (a lone surrogate); write the word around it again.")
    root = _root(source, message_id_domain)
    opening, rest = split_at_first_hole(root.body)
    headers = Form([*source_headers(source), root.headers])
    compiled = CompiledMessage(headers, opening, Form(rest), message_id_domain)
    _check(compiled)
    return compiled


def _check(compiled: CompiledMessage) -> None:
    """Prove on the final bytes that nothing is left over and every line can travel."""
    whole = b"\n".join([*compiled.headers.fixed, compiled.opening, *compiled.body.fixed])
    if not whole.isascii() or any(len(line) > LINE_LIMIT for line in whole.split(b"\n")):
        raise RenderingError("The message came out with a line that no mail server takes; this is a fault of ours.")
    if _LEFT_OVER in whole.replace(b"=\r\n", b""):
        raise RenderingError(
            "The edition has a link to slot.invalid that is none of the known slots; mend its template."
        )


def _root(source: MessageSource, domain: str) -> Part:
    """Return the whole MIME tree: mixed(alternative(text, related(html, pictures)), attachments), as far as needed."""
    slots = [slot.value for slot in Slot]
    boundary = f"=_{_fingerprint(source)}"
    root = text_part("plain", source.text, slots)
    if source.html is not None:
        page = text_part("html", _CID.sub(lambda found: f"cid:{_content_id(found[1], domain)}", source.html), slots)
        pictures = _pictures(source, domain)
        if pictures:
            page = multipart("related", [page, *pictures], boundary=f"{boundary}_r", root_type="text/html")
        root = multipart("alternative", [root, page], boundary=f"{boundary}_a")
    if source.attachments:
        files = [_attachment(attachment) for attachment in source.attachments]
        root = multipart("mixed", [root, *files], boundary=f"{boundary}_m")
    return root


def _pictures(source: MessageSource, domain: str) -> list[Part]:
    parts = []
    for sha256 in dict.fromkeys(_CID.findall(source.html or "")):
        picture = source.pictures.get(sha256)
        if picture is None:
            raise RenderingError(f"The HTML edition shows a picture {sha256[:12]}… that is not among its pictures.")
        file_name = f"{sha256[:12]}{picture.suffix}"
        parts.append(
            base64_part(
                picture.media_type,
                picture.data,
                disposition="inline",
                file_name=file_name,
                content_id=_content_id(sha256, domain),
            )
        )
    return parts


def _content_id(sha256: str, domain: str) -> str:
    """Name a picture as RFC 2392 wants it, with a domain; 128 bits keep the line short and the name its own."""
    return f"{sha256[:32]}@{domain}"


def _attachment(attachment: Attachment) -> Part:
    name = checked(attachment.file_name, "The attachment's file name")
    if not name or "/" in name or "\\" in name or len(name) > 255:
        raise BadInput(f"The attachment's file name {name[:80]!r} must be 1 to 255 characters without a slash.")
    if not _MEDIA_TYPE.fullmatch(attachment.media_type):
        raise BadInput(f"The attachment {name!r} has no media type such as application/pdf.")
    return base64_part(attachment.media_type, attachment.data, disposition="attachment", file_name=name)


def _fingerprint(source: MessageSource) -> str:
    """Return 32 hex digits that depend on the content alone, for boundaries that are the same tomorrow."""
    digest = hashlib.sha256()
    for octets in (source.text.encode(), (source.html or "").encode(), *(a.data for a in source.attachments)):
        digest.update(len(octets).to_bytes(8, "big") + octets)
    return digest.hexdigest()[:32]


def _body_values(holes: Iterable[Hole], slots: MessageSlots) -> dict[Hole, bytes]:
    """Return what fills each hole of the body, escaped for its place."""
    values: dict[Hole, bytes] = {}
    for hole in holes:
        url: str = getattr(slots, _FILLED_BY[hole.name])
        if not url:
            raise BadInput(f"The message has a link for {Slot(hole.name).name}, and this recipient was given none.")
        in_text, in_html = _link(url)
        values[hole] = in_html if hole.place == "html" else in_text
    return values


@lru_cache(maxsize=16)  # the same link stands in text and HTML, and some are everybody's
def _link(url: str) -> tuple[bytes, bytes]:
    """Return *url* as it stands in a text and in HTML; raise ``BadInput``."""
    checked_uri(url, "A link in the message")
    in_text, escaped = quoted_printable_value(url.encode()), html.escape(url)
    return in_text, in_text if escaped == url else quoted_printable_value(escaped.encode())
