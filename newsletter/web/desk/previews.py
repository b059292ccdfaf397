"""Previews: an edition as a frame of the desk shows it, under a policy of its own."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response
from fastapi.responses import HTMLResponse

from newsletter.kit.templating import environment
from newsletter.manuscripts.document import Document, MailFormat
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.edition import FILE_NAMES, MEDIA_TYPES, Medium
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.pdf import pdf
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.preview import for_screen, in_light, with_urls, without_slots
from newsletter.rendering.slots import Slot
from newsletter.rendering.theme import Masthead

FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A mail may show itself and open its links elsewhere; it cannot act as a page of the desk."""
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; object-src 'self'; frame-ancestors 'self'"
"""Browsers show a PDF with a reader of their own, which a sandbox would not let start."""
HEADERS = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}
CLIPPED_AT = 102_000
"""Bytes of HTML after which Gmail cuts a mail off."""


def preview(
    medium: Medium, document: Document, masthead: Masthead, *, pictures: Pictures,
    mail_format: MailFormat = MailFormat.FULL, preheader: str = "", urls: Mapping[Slot, str] | None = None,
    dark: bool | None = None,
) -> Response:  # fmt: skip
    """Render one edition, as it would go out, for a frame; raises ``RenderingError``.

    *urls* fill the slots of a reader; None leaves them empty. *dark* says how the program is set that shows it; None
    takes what the browser is set to.
    """
    match medium:
        case Medium.HTML:
            mail = email_html(document, masthead, pictures=pictures, mail_format=mail_format, preheader=preheader)
            return framed(for_screen(mail, pictures, urls) if urls else for_screen(mail, pictures), dark=dark)
        case Medium.TEXT:
            text = plain_text(document, masthead, mail_format=mail_format, preheader=preheader)
            return words_alone(with_urls(text, urls) if urls else without_slots(text))
        case Medium.WEB:
            return framed(web_page(document, masthead, pictures=pictures, pdf_href=None), dark=dark)
        case Medium.PDF:
            return _answer(pdf(document, masthead, pictures=pictures), Medium.PDF, policy=FILE_POLICY)


def framed(html: str, *, dark: bool | None = None) -> Response:
    """Return the answer that shows a mail or a page; its links open beside the desk and not in the frame."""
    html = html.replace("<head>", '<head><base target="_blank">', 1)
    return _answer(html if dark is None else in_light(html, dark=dark), Medium.HTML)


def words_alone(text: str) -> Response:
    """Return the answer that shows a plain text."""
    return _answer(text, Medium.TEXT)


def unrendered(language: str, sentence: str) -> Response:
    """Return the page that stands where a preview cannot be made, with the reason."""
    template = environment("desk", language=language).get_template("desk/_unrendered.html")
    body = template.render(language=language, sentence=sentence)
    return HTMLResponse(body, 422, headers=HEADERS | {"Content-Security-Policy": FRAME_POLICY})


def _answer(body: str | bytes, medium: Medium, *, policy: str = FRAME_POLICY) -> Response:
    named = {"Content-Disposition": f'inline; filename="{FILE_NAMES[medium]}"', "Content-Security-Policy": policy}
    return Response(body, media_type=MEDIA_TYPES[medium], headers=HEADERS | named)
