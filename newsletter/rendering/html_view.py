"""The view: a Document as the HTML templates of mail and web page read it, every string ready to stand in HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import assert_never

from markupsafe import Markup

from newsletter.manuscripts.document import Article, BriefList, Document, Entry, Note, Part, Section, Source
from newsletter.rendering.contents import ContentsPart, contents, entry_anchor, section_anchor, title_of
from newsletter.rendering.html_text import Dress, HtmlWriter
from newsletter.rendering.languages import direction, script_runs, tag
from newsletter.rendering.lines import correction_label, dated, imprint_lines, organisation_of, with_colon
from newsletter.rendering.links import href
from newsletter.rendering.logo import logo_of
from newsletter.rendering.theme import Masthead
from newsletter.rendering.wording import Wording, wording


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with its element name; an empty text means there is none."""

    text: Markup = Markup("")
    tag: str = "p"
    anchor: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class PartView:
    """A labelled stretch; the first labelled one of an article stands in a box."""

    label: Heading
    body: Markup
    boxed: bool


@dataclass(frozen=True, slots=True)
class SourceView:
    """A source; ``facts`` are its other fields as label and value."""

    label: str
    title: Markup
    url: str
    original: Markup
    original_language: str
    facts: tuple[tuple[str, Markup], ...]


@dataclass(frozen=True, slots=True)
class BriefView:
    """A dated line."""

    date: Markup
    text: Markup


@dataclass(frozen=True, slots=True)
class NoteText:
    """A footnote's text and how text and note find each other."""

    number: int
    note_id: str
    place_id: str
    text: Markup


@dataclass(frozen=True, slots=True)
class EntryView:
    """An article, a list of briefs or a note; what a kind does not have is empty."""

    kind: str
    heading: Heading
    parts: tuple[PartView, ...] = ()
    sources: tuple[SourceView, ...] = ()
    briefs: tuple[BriefView, ...] = ()
    notes: tuple[NoteText, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section with its entries."""

    heading: Heading
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The whole issue for a template."""

    language: str
    direction: str
    words: Wording
    title: Markup
    plain_title: str
    organisation: Markup
    logo: Markup
    """An ``img`` that stands for the organisation's name; empty if there is none."""
    date: str
    period: str
    corrections: tuple[tuple[str, Markup], ...]
    """What was corrected since the first version: label and text, the newest first."""
    contents: tuple[ContentsPart, ...]
    sections: tuple[SectionView, ...]
    people: tuple[tuple[Heading, tuple[tuple[Markup, Markup], ...]], ...]
    contact_label: Markup
    contact: Markup
    publisher_title: Heading
    publisher_lines: tuple[Markup, ...]
    imprint_lines: tuple[Markup, ...]
    reason: str


def view(document: Document, masthead: Masthead, dress: Dress) -> View:
    """Return *document* ready for a template; both must have been made fit to render before."""
    words = wording(masthead.language)
    language = tag(document.language, words.language)
    writer = HtmlWriter(language, words, dress, level=1)
    title = title_of(document, masthead.publication)
    # The headings' levels follow the order of reading, so the order of these lines matters.
    sections = tuple(_section(one, place, writer) for place, one in enumerate(document.sections, 1))
    people = tuple(
        (_heading(group.title, 2, writer), tuple((writer.text(p.name), writer.text(p.role)) for p in group.people))
        for group in document.people
    )
    publisher = document.publisher
    return View(
        language=language,
        direction=direction(language),
        words=words,
        title=writer.text(title),
        plain_title=title,
        organisation=writer.text(organisation_of(document, masthead)),
        logo=_logo(document, masthead, dress),
        date=words.date(document.date) if document.date else "",
        period=words.span(document.period.first, document.period.last) if document.period else "",
        corrections=tuple(
            (correction_label(one, words), writer.text(one.text)) for one in reversed(document.corrections)
        ),
        contents=tuple(_tagged(part, writer) for part in contents(document)),
        sections=sections,
        people=people,
        contact_label=writer.text(with_colon(document.contact.label) if document.contact else ""),
        contact=linked(document.contact.address, writer) if document.contact else Markup(""),
        publisher_title=_heading(publisher.title, 2, writer) if publisher else Heading(),
        publisher_lines=tuple(linked(line, writer) for line in publisher.lines) if publisher else (),
        imprint_lines=tuple(linked(line, writer) for line in imprint_lines(masthead)),
        reason=masthead.reason or words.reason.format(publication=masthead.publication or title),
    )


def _logo(document: Document, masthead: Masthead, dress: Dress) -> Markup:
    found = logo_of(document, masthead, dress.pictures)
    if found is None:
        return Markup("")
    return Markup('<img class="logo" src="{}" alt="{}" width="{}" height="{}"/>').format(
        dress.picture_url(found.picture), found.alt, found.width, found.height
    )


def _tagged(part: ContentsPart, writer: HtmlWriter) -> ContentsPart:
    """Titles in the contents carry the language of their foreign words, as everywhere."""
    lines = tuple(replace(line, title=writer.text(line.title)) for line in part.lines)
    return replace(part, title=writer.text(part.title), lines=lines)


def linked(line: str, writer: HtmlWriter) -> Markup:
    """Return *line* with mail and web addresses in it as links, word by word."""
    written = []
    for word in re.split(r"( )", line):
        url = reachable(word)
        written.append(Markup('<a href="{}">{}</a>').format(url, word) if url else writer.text(word))
    return Markup("").join(written)


def reachable(word: str) -> str:
    """Return the URL that *word* is, as far as it is a mail or web address, else an empty string."""
    if word.startswith(("http://", "https://", "mailto:")):
        return href(word)
    if word.startswith("www."):
        return href(f"https://{word}")
    return href(f"mailto:{word}") if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", word) else ""


def _heading(text: str, level: int, writer: HtmlWriter, *, anchor: str = "", number: str = "") -> Heading:
    if not text.strip() and not number:
        return Heading(anchor=anchor)
    return Heading(writer.text(text), f"h{writer.heading_level(level)}", anchor, number)


def _section(section: Section, place: int, writer: HtmlWriter) -> SectionView:
    heading = _heading(section.title, 2, writer, anchor=section_anchor(place))
    # Without a section's title the titles below it move up one level, all of them, so that none stands below its equal.
    level = 3 if heading.text else 2
    entries = tuple(
        _entry(one, entry_anchor(place, nth), writer, level=level) for nth, one in enumerate(section.entries, 1)
    )
    return SectionView(heading, entries)


def _entry(entry: Entry, anchor: str, writer: HtmlWriter, *, level: int) -> EntryView:
    writer.begin_entry(anchor)
    number = str(entry.number) if isinstance(entry, Article) and entry.number is not None else ""
    heading = _heading(entry.title, level, writer, anchor=anchor, number=number)
    parts: tuple[PartView, ...] = ()
    sources: tuple[SourceView, ...] = ()
    briefs: tuple[BriefView, ...] = ()
    match entry:
        case Article():
            parts = tuple(_part(one, writer, first=nth == 0, level=level) for nth, one in enumerate(entry.parts))
            sources = tuple(_source(one, writer) for one in entry.sources)
        case BriefList():
            briefs = tuple(
                BriefView(writer.text(dated(one.date_text, one.date, writer.words)), writer.inlines(one.text))
                for one in entry.briefs
            )
        case Note():
            above = level if entry.title.strip() else level - 1
            parts = (PartView(Heading(), writer.blocks(entry.blocks, level=above), boxed=False),)
        case _:
            assert_never(entry)
    notes = tuple(NoteText(*note) for note in writer.notes())
    return EntryView(entry.kind, heading, parts, sources, briefs, notes)


def _part(part: Part, writer: HtmlWriter, *, first: bool, level: int) -> PartView:
    """Return a part of an article whose title is a heading of *level*."""
    label = _heading(part.label, level + 1, writer)
    body = writer.blocks(part.blocks, level=level + 1 if part.label.strip() else level)
    return PartView(label, body, boxed=first and bool(label.text))


def _source(source: Source, writer: HtmlWriter) -> SourceView:
    url = href(source.url)
    title = source.title.strip() or source.original_title.strip() or url
    original = source.original_title.strip() if source.title.strip() else ""
    language = tag(source.original_language, "")
    if not language and source.original_title:
        language = next((found for _, found in script_runs(source.original_title, writer.language) if found), "")
    facts = (
        (source.bodies_label or writer.words.issued_by, ", ".join(source.bodies)),
        (source.date_label, dated(source.date_text, source.date, writer.words)),
    )
    return SourceView(
        label=with_colon(source.label),
        title=writer.text(title),
        url=url,
        original=Markup.escape(original),
        original_language=language,
        facts=tuple((with_colon(label), writer.text(value)) for label, value in facts if value),
    )
