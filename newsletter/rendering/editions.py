"""The four editions of one Document, made side by side."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Document, MailFormat, figures_of
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.edition import Edition, Medium
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.pdf import pdf
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.theme import Masthead

Editions = Mapping[Medium, Edition]


def render(
    document: Document,
    masthead: Masthead,
    *,
    pictures: Pictures,
    mail_format: MailFormat = MailFormat.FULL,
    preheader: str = "",
) -> Editions:
    """Render *document* in all four media; same input, same bytes.

    The PDF is made in a process of its own meanwhile. Raises ``RenderingError`` naming the edition and the cause.
    """
    missing = sorted({figure.source for figure in figures_of(document)} - set(pictures))
    if missing:
        raise RenderingError(f"These pictures are missing: {', '.join(missing)}. Put them beside the manuscript.")
    with ThreadPoolExecutor(max_workers=1) as aside:
        printed = aside.submit(pdf, document, masthead, pictures=pictures)
        made = {
            Medium.HTML: email_html(
                document, masthead, pictures=pictures, mail_format=mail_format, preheader=preheader
            ).encode(),
            Medium.TEXT: plain_text(document, masthead, mail_format=mail_format, preheader=preheader).encode(),
            Medium.WEB: web_page(document, masthead, pictures=pictures).encode(),
            Medium.PDF: printed.result(),
        }
    return {medium: Edition(medium, document.language, data) for medium, data in made.items()}
