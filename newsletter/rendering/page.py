"""The web edition: a Document as one HTML file that needs nothing else, for screen and paper."""

from __future__ import annotations

from types import MappingProxyType

from newsletter.kit.templating import environment
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.pictures import Pictures
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.html_text import Dress
from newsletter.rendering.html_view import view
from newsletter.rendering.languages import direction
from newsletter.rendering.palette import dark, light
from newsletter.rendering.preview import data_url
from newsletter.rendering.subject import preheader_of
from newsletter.rendering.theme import Masthead

NO_PICTURES: Pictures = MappingProxyType({})
COLUMN = 680
"""Of the text column, CSS pixels: some 66 characters at 19 pixels."""


def web_page(
    document: Document,
    masthead: Masthead,
    *,
    pictures: Pictures = NO_PICTURES,
    pdf_href: str | None = "issue.pdf",
) -> str:
    """Return the issue as a complete HTML page: styles inline, pictures as data: URLs, no script, no request.

    *pdf_href* is where the PDF edition lies, relative to the page; None leaves the link out. Raises ``RenderingError``
    where a picture is missing.
    """
    document, masthead = fit_to_render((document, masthead), edition="web")
    dress = Dress(pictures, data_url, COLUMN, linked_notes=True, scrolling_tables=True)
    issue = view(document, masthead, dress)
    sheet = environment("web", autoescape=False).get_template("page.css.j2")
    return (
        environment("web")
        .get_template("issue.html.j2")
        .render(
            issue=issue,
            description=preheader_of(document, masthead),
            colours=light(masthead.theme),
            style=sheet.render(
                light=light(masthead.theme),
                dark=dark(masthead.theme),
                serif=masthead.theme.serif,
                sans=masthead.theme.sans,
            ),
            pdf_href=pdf_href,
            wording_direction=direction(issue.words.language),
        )
    )
