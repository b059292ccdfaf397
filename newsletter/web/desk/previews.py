"""Previews: an edition as a frame of the desk shows it, under a policy of its own."""

from __future__ import annotations

from fastapi import Response

from newsletter.manuscripts.document import Document, MailFormat
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.edition import FILE_NAMES, MEDIA_TYPES, Medium
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.pdf import pdf
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.preview import for_screen, without_slots
from newsletter.rendering.theme import Masthead

FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A mail may show itself and open its links elsewhere; it cannot act as a page of the desk."""
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; object-src 'self'; frame-ancestors 'self'"
"""Browsers show a PDF with a reader of their own, which a sandbox would not let start."""


def preview(
    medium: Medium, document: Document, masthead: Masthead, *, pictures: Pictures,
    mail_format: MailFormat = MailFormat.FULL, preheader: str = "",
) -> Response:  # fmt: skip
    """Render one edition, as it would go out, for a frame; raises ``RenderingError``."""
    body: str | bytes
    match medium:
        case Medium.HTML:
            mail = email_html(document, masthead, pictures=pictures, mail_format=mail_format, preheader=preheader)
            body = for_screen(mail, pictures)
        case Medium.TEXT:
            body = without_slots(plain_text(document, masthead, mail_format=mail_format, preheader=preheader))
        case Medium.WEB:
            body = web_page(document, masthead, pictures=pictures, pdf_href=None)
        case Medium.PDF:
            body = pdf(document, masthead, pictures=pictures)
    if medium in {Medium.HTML, Medium.WEB}:
        assert isinstance(body, str)
        body = body.replace("<head>", '<head><base target="_blank">', 1)  # links open beside the desk, not in the frame
    headers = {
        "Content-Security-Policy": FILE_POLICY if medium is Medium.PDF else FRAME_POLICY,
        "Content-Disposition": f'inline; filename="{FILE_NAMES[medium]}"',
        "Cache-Control": "private, no-store",
    }
    return Response(body, media_type=MEDIA_TYPES[medium], headers=headers)
