"""The digest: one mail about several issues, for readers who want to hear less often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from newsletter.kit.templating import environment
from newsletter.manuscripts.document import Article, Document, Period
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.email_html import COLUMN, META, WIDTH
from newsletter.rendering.html_text import Dress, HtmlWriter
from newsletter.rendering.html_view import view
from newsletter.rendering.inlining import inlined
from newsletter.rendering.languages import direction
from newsletter.rendering.lines import imprint_lines, organisation_of
from newsletter.rendering.mjml_source import compiled
from newsletter.rendering.palette import dark, light
from newsletter.rendering.slots import Slot
from newsletter.rendering.teasers import teaser
from newsletter.rendering.text_layout import JOINT, underlined, wrapped
from newsletter.rendering.text_layout import WIDTH as COLUMNS
from newsletter.rendering.theme import Masthead
from newsletter.rendering.wording import wording

HEADLINES = 8
"""Of one issue; a digest announces, it does not repeat."""


@dataclass(frozen=True, slots=True)
class Told:
    """One issue as a digest tells of it."""

    number: int
    title: str
    date: date
    headlines: tuple[tuple[str, str], ...]
    """Title and first lines of its articles."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What one digest is about."""

    first: date
    last: date
    issues: tuple[Told, ...]


def told(number: int, document: Document, *, fallback: date, publication: str) -> Told:
    """Return what a digest says of an issue: its title (its date where all are called alike) and its articles."""
    day = document.date or fallback
    articles = [entry for section in document.sections for entry in section.entries if isinstance(entry, Article)]
    words = wording(document.language)
    return Told(
        number=number,
        title=words.date(day) if document.title in {"", publication} else document.title,
        date=day,
        headlines=tuple((one.title, teaser(one)) for one in articles[:HEADLINES]),
    )


def subject(digest: Digest, masthead: Masthead) -> str:
    """Return the subject: the publication and the days it is about."""
    return f"{masthead.publication}: {wording(masthead.language).span(digest.first, digest.last)}"


def digest_html(digest: Digest, masthead: Masthead) -> str:
    """Return the HTML part; ``Slot.WEB_URL`` is the place below which each issue stands under its number."""
    digest, masthead = fit_to_render((digest, masthead), edition="email")
    issue = view(_cover(digest, masthead), masthead, _dress())
    writer = HtmlWriter(issue.language, issue.words, _dress())
    colours = light(masthead.theme)
    templates, sheets = environment("email"), environment("email", autoescape=False)
    source = templates.get_template("digest.mjml.j2").render(
        issue=issue,
        told=[_as_html(one, writer, issue.words.teaser_link) for one in digest.issues],
        colours=colours,
        head_style=sheets.get_template("head.css.j2").render(colours=dark(masthead.theme)),
        preheader=" · ".join(one.title for one in digest.issues),
        slots=Slot,
        width=WIDTH,
        wording_direction=direction(issue.words.language),
    )
    css = sheets.get_template("inlined.css.j2").render(colours=colours)
    return inlined(compiled(source).replace("<head>", f"<head>{META}", 1), css)


def digest_text(digest: Digest, masthead: Masthead) -> str:
    """Return the text part, in lines of 72 columns."""
    digest, masthead = fit_to_render((digest, masthead), edition="text")
    words = wording(masthead.language)
    stretches = [
        "\n".join((underlined(masthead.publication, "="), wrapped(words.span(digest.first, digest.last)))),
    ]
    for one in digest.issues:
        stretches.append(underlined(one.title, "-"))
        stretches += [wrapped("\n".join(filter(None, pair)), first="* ", rest="  ") for pair in one.headlines]
        read_on = words.teaser_link.replace("{title}", one.title)
        stretches.append(f"{wrapped(read_on + ':')}\n{Slot.WEB_URL.value}{one.number}/")
    stretches += [
        "-" * COLUMNS + "\n" + wrapped(words.reason.replace("{publication}", masthead.publication)),
        f"{words.preferences}:\n{Slot.PREFERENCES_URL.value}",
        f"{words.unsubscribe}:\n{Slot.UNSUBSCRIBE_URL.value}",
        "\n".join(wrapped(line) for line in imprint_lines(masthead)),
    ]
    return "\n\n".join(stretch for stretch in stretches if stretch.strip()).replace(JOINT, " ") + "\n"


def _cover(digest: Digest, masthead: Masthead) -> Document:
    """The digest as far as every mail is alike: title, days, publisher."""
    bare = Document(title=masthead.publication, language=masthead.language)
    return Document(
        title=masthead.publication,
        language=masthead.language,
        organisation=organisation_of(bare, masthead),
        period=Period(digest.first, digest.last),
    )


def _as_html(one: Told, writer: HtmlWriter, link: str) -> dict[str, object]:
    before, after = link.split("{title}")
    title = writer.text(one.title)
    headlines: list[tuple[Markup, Markup]] = [(writer.text(head), writer.text(first)) for head, first in one.headlines]
    link_text = Markup("{}{}{}").format(before, title, after)
    return {"number": one.number, "title": title, "headlines": headlines, "link": link_text}


def _dress() -> Dress:
    return Dress({}, lambda picture: "", COLUMN, linked_notes=False, scrolling_tables=False)
