"""The plain-text mail: a Document as a real edition, for those who read mail as text."""

from __future__ import annotations

from typing import assert_never

from newsletter.manuscripts.document import Article, BriefList, Document, Entry, MailFormat, Note, Section, Source
from newsletter.rendering.characters import fit_to_render
from newsletter.rendering.contents import contents, entry_anchor, title_of
from newsletter.rendering.lines import correction_label, dated, imprint_lines, organisation_of, with_colon
from newsletter.rendering.links import href
from newsletter.rendering.slots import Slot
from newsletter.rendering.teasers import teaser
from newsletter.rendering.text_layout import JOINT, WIDTH, underlined, wrapped
from newsletter.rendering.text_richtext import TextWriter
from newsletter.rendering.theme import Masthead
from newsletter.rendering.wording import Wording, wording


def plain_text(
    document: Document,
    masthead: Masthead,
    *,
    mail_format: MailFormat = MailFormat.FULL,
    preheader: str = "",
) -> str:
    """Return the text part of the mail in lines of 72 columns, ended by LF; slots stand on lines of their own.

    *preheader* opens the text, because inboxes take their preview from there. Raises ``RenderingError`` where the text
    holds what could be taken for a slot.
    """
    document, masthead, (preheader,) = fit_to_render((document, masthead, (preheader,)), edition="text")
    words = wording(masthead.language)
    stretches = [wrapped(preheader)] if preheader.strip() else []
    stretches.append(_head(document, masthead, words))
    stretches += [wrapped(f"{correction_label(one, words)} {one.text}") for one in reversed(document.corrections)]
    match mail_format:
        case MailFormat.FULL:
            stretches += [_other_editions(words), _contents(document, words), *_issue(document, words)]
        case MailFormat.TEASER:
            stretches += [_other_editions(words), *_teasers(document, words)]
        case MailFormat.PDF_ONLY:
            attached = wrapped(words.attached.replace("{title}", title_of(document, masthead.publication)))
            stretches += [attached, _other_editions(words), _contents(document, words)]
        case _:
            assert_never(mail_format)
    stretches.append(_foot(document, masthead, words))
    return "\n\n".join(stretch for stretch in stretches if stretch.strip()).replace(JOINT, " ") + "\n"


def _head(document: Document, masthead: Masthead, words: Wording) -> str:
    period = document.period
    when = [
        words.date(document.date) if document.date else "",
        f"{words.reporting_period}: {words.span(period.first, period.last)}" if period else "",
    ]
    lines = [
        wrapped(organisation_of(document, masthead)),
        underlined(title_of(document, masthead.publication), "="),
        wrapped(" · ".join(filter(None, when))),
    ]
    return "\n".join(line for line in lines if line.strip())


def _other_editions(words: Wording) -> str:
    return f"{words.view_in_browser}:\n{Slot.WEB_URL.value}\n\n{words.download_pdf}:\n{Slot.PDF_URL.value}"


def _contents(document: Document, words: Wording) -> str:
    lines = []
    for part in contents(document):
        if part.title:
            lines.append(wrapped(part.title, first="  ", rest="    "))
        for line in part.lines:
            first = f"    {line.number}. " if line.number else "    "
            lines.append(wrapped(line.title, first=first, rest="       "))
    return "\n".join([underlined(words.contents, "-"), *lines]) if lines else ""


def _issue(document: Document, words: Wording) -> list[str]:
    writer = TextWriter(words)
    stretches = []
    for section in document.sections:
        stretches += _section_title(section)
        for entry in section.entries:
            stretches += [*_entry(entry, writer), *writer.endings()]
    for group in document.people:
        people = [f"{person.name}, {person.role}" if person.role else person.name for person in group.people]
        stretches.append(
            "\n".join([underlined(group.title, "-")] * bool(group.title) + [wrapped(one) for one in people])
        )
    if document.contact:
        stretches.append(
            "\n".join(filter(None, (wrapped(with_colon(document.contact.label)), document.contact.address)))
        )
    if document.publisher:
        title = [underlined(document.publisher.title, "-")] if document.publisher.title else []
        stretches.append("\n".join([*title, *(wrapped(line) for line in document.publisher.lines)]))
    return stretches


def _section_title(section: Section) -> list[str]:
    return ["=" * WIDTH + "\n" + wrapped(section.title) + "\n" + "=" * WIDTH] if section.title.strip() else []


def _entry(entry: Entry, writer: TextWriter) -> list[str]:
    stretches = [underlined(_numbered(entry), "-")] if _numbered(entry) else []
    match entry:
        case Article():
            for part in entry.parts:
                label = [wrapped(with_colon(part.label))] if part.label.strip() else []
                stretches += [*label, writer.blocks(part.blocks)]
            stretches += [_source(source, writer.words) for source in entry.sources]
        case BriefList():
            for brief in entry.briefs:
                day = dated(brief.date_text, brief.date, writer.words)
                text = f"{with_colon(day)} {writer.inlines(brief.text)}"
                stretches.append(wrapped(text, first="* ", rest="  "))
        case Note():
            stretches.append(writer.blocks(entry.blocks))
        case _:
            assert_never(entry)
    return stretches


def _numbered(entry: Entry) -> str:
    number = f"{entry.number}." if isinstance(entry, Article) and entry.number is not None else ""
    return " ".join(filter(None, (number, entry.title.strip())))


def _source(source: Source, words: Wording) -> str:
    title = source.title.strip() or source.original_title.strip()
    original = f" ({source.original_title.strip()})" if source.title.strip() and source.original_title.strip() else ""
    date = dated(source.date_text, source.date, words)
    lines = [
        wrapped(f"{with_colon(source.label)} {title}{original}", rest="  "),
        f"  {href(source.url)}" if href(source.url) else "",
        wrapped(f"{with_colon(source.bodies_label or words.issued_by)} {', '.join(source.bodies)}", rest="  ")
        if source.bodies
        else "",
        wrapped(f"{with_colon(source.date_label)} {date}", rest="  ") if date else "",
    ]
    return "\n".join(line for line in lines if line.strip())


def _teasers(document: Document, words: Wording) -> list[str]:
    stretches = []
    for place, section in enumerate(document.sections, 1):
        stretches += _section_title(section)
        for nth, entry in enumerate(section.entries, 1):
            stretches += [underlined(_numbered(entry), "-")] if _numbered(entry) else []
            stretches.append(wrapped(teaser(entry)))
            if entry.title.strip():
                read_on = words.teaser_link.replace("{title}", entry.title)
                stretches.append(f"{wrapped(read_on + ':')}\n{Slot.WEB_URL.value}#{entry_anchor(place, nth)}")
    return stretches


def _foot(document: Document, masthead: Masthead, words: Wording) -> str:
    title = masthead.publication or title_of(document, "")
    reason = masthead.reason or words.reason.replace("{publication}", title)
    return "\n\n".join(
        (
            "-" * WIDTH + "\n" + wrapped(reason),
            f"{words.preferences}:\n{Slot.PREFERENCES_URL.value}",
            f"{words.unsubscribe}:\n{Slot.UNSUBSCRIBE_URL.value}",
            "\n".join(wrapped(line) for line in imprint_lines(masthead)),
        )
    )
