"""The HTML of the mail: a Document through Jinja, MJML and inlining to what Outlook, Gmail and a phone can show."""

from __future__ import annotations

from types import MappingProxyType

from markupsafe import Markup

from newsletter.kit.templating import environment
from newsletter.manuscripts.document import Document, MailFormat
from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.contents import entry_anchor
from newsletter.rendering.html_text import Dress, HtmlWriter
from newsletter.rendering.html_view import view
from newsletter.rendering.inlining import inlined
from newsletter.rendering.languages import direction
from newsletter.rendering.mjml_source import compiled
from newsletter.rendering.palette import dark, light
from newsletter.rendering.slots import Slot
from newsletter.rendering.subject import preheader_of
from newsletter.rendering.teasers import teaser
from newsletter.rendering.theme import Masthead

NO_PICTURES: Pictures = MappingProxyType({})
WIDTH = 640
"""Of the sheet, CSS pixels: what the preview panes of desktop mail programs show without scrolling."""
COLUMN = 560
"""Of the text column, CSS pixels: some 66 characters of Georgia at 17 pixels."""
META = (
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">'
)
"""What MJML has no element for: colours of its own in the dark, and no guessing at telephone numbers."""


def email_html(
    document: Document,
    masthead: Masthead,
    *,
    pictures: Pictures = NO_PICTURES,
    mail_format: MailFormat = MailFormat.FULL,
    preheader: str = "",
) -> str:
    """Return the HTML part of the mail; pictures as ``cid:<sha256>``, the reader's links as slots.

    Raises ``RenderingError`` where a picture is missing or the text holds what could be taken for a slot.
    """
    document, masthead, (preheader,) = fit_to_render((document, masthead, (preheader,)), edition="email")
    dress = Dress(pictures, _attached, COLUMN, linked_notes=False, scrolling_tables=False)
    issue = view(document, masthead, dress)
    colours = light(masthead.theme)
    templates, sheets = environment("email"), environment("email", autoescape=False)
    source = templates.get_template(f"{mail_format.value}.mjml.j2").render(
        issue=issue,
        colours=colours,
        head_style=sheets.get_template("head.css.j2").render(colours=dark(masthead.theme)),
        preheader=preheader or preheader_of(document, masthead),
        teasers=_teasers(document, HtmlWriter(issue.language, issue.words, dress)),
        slots=Slot,
        linked=mail_format is MailFormat.FULL,
        width=WIDTH,
        wording_direction=direction(issue.words.language),
    )
    css = sheets.get_template("inlined.css.j2").render(colours=colours)
    html = compiled(source).replace("<head>", f"<head>{META}", 1)
    return inlined(html, css)


def _attached(picture: Picture) -> str:
    return f"cid:{picture.sha256}"


def _teasers(document: Document, writer: HtmlWriter) -> dict[str, Markup]:
    return {
        entry_anchor(place, nth): writer.text(teaser(entry))
        for place, section in enumerate(document.sections, 1)
        for nth, entry in enumerate(section.entries, 1)
    }
