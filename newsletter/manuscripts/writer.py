"""The writer: a Document to house-form Markdown that the reader turns back into the same Document."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.manuscripts.document import Article, Brief, BriefList, Document, Entry, Note, Part, Section, Source
from newsletter.manuscripts.front_matter import front_matter_of
from newsletter.manuscripts.markdown_text import write_blocks, write_field, write_inlines

_ATTRIBUTE = re.compile(r"\{(?=\.[a-z]+\}$)")
_NUMBER = re.compile(r"(\d{1,9})\.(?=\s|$)")
BRIEF_HEAD = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})?(?: ?\((?P<written>(?:\\.|[^()\\])*)\))?:(?: |$)")
"""How an item of a list of briefs begins: ``2024-02-04 (February 4): ``."""


def write(document: Document) -> str:
    """Return *document* as a manuscript in the house form (docs/manuscript.md)."""
    paragraphs = [front_matter_of(document).rstrip("\n")]
    for section in document.sections:
        paragraphs += _section(section)
    return "\n\n".join(paragraphs) + "\n"


def _heading(signs: str, title: str, kind: str = "") -> str:
    """Return a heading's line; *kind* in braces says what it opens, where that is not the usual."""
    written = _ATTRIBUTE.sub(r"\\{", write_field(title))
    if written.endswith("#"):
        written = written[:-1] + "\\#"
    return " ".join(part for part in (signs, written, f"{{.{kind}}}" if kind else "") if part)


def _section(section: Section) -> Iterator[str]:
    yield _heading("#", section.title)
    for position, entry in enumerate(section.entries):
        yield from _entry(entry, first=position == 0)


def _entry(entry: Entry, *, first: bool) -> Iterator[str]:
    match entry:
        case Article():
            yield _article_heading(entry)
            for position, part in enumerate(entry.parts):
                yield from _part(part, first=position == 0)
            for source in entry.sources:
                yield _heading("###", source.label, "source")
                yield _source(source)
        case BriefList():
            yield _heading("##", entry.title, "briefs")
            if entry.briefs:
                yield "\n".join(map(_brief, entry.briefs))
        case Note():
            if entry.title or not first or not entry.blocks:
                yield _heading("##", entry.title, "note")
            if entry.blocks:
                yield write_blocks(entry.blocks)


def _article_heading(article: Article) -> str:
    if article.number is not None:
        return _heading(f"## {article.number}.", article.title)
    heading = _heading("##", article.title)
    return "## " + _NUMBER.sub(r"\1\\.", heading[3:], count=1) if _NUMBER.match(heading[3:]) else heading


def _part(part: Part, *, first: bool) -> Iterator[str]:
    if part.label:
        yield _heading("###", part.label)
    elif not first or not part.blocks:
        yield "### {.part}"
    if part.blocks:
        yield write_blocks(part.blocks)


def _source(source: Source) -> str:
    fields = [("title", "", write_field(source.title))]
    if source.original_title or source.original_language:
        fields.append(("original", source.original_language, write_field(source.original_title)))
    if source.url:
        fields.append(("link", "", write_field(source.url)))
    if source.bodies or source.bodies_label:
        bodies = ", ".join(write_field(body).replace(",", "\\,") for body in source.bodies)
        fields.append(("bodies", source.bodies_label, bodies))
    label = "" if source.date_label == "Date" else source.date_label
    if source.date or label:
        fields.append(("date", label, source.date.isoformat() if source.date else ""))
    if source.date_text:
        fields.append(("date text", "", write_field(source.date_text)))
    return "\n".join(f"- {key}{_bracketed(label)}: {value}".rstrip(" ") for key, label, value in fields)


def _bracketed(label: str) -> str:
    return f" ({_in_brackets(label)})" if label else ""


def _in_brackets(text: str) -> str:
    return write_field(text).replace("(", "\\(").replace(")", "\\)").replace(":", "\\:")


def _brief(brief: Brief) -> str:
    text = write_inlines(brief.text)
    if not brief.date and not brief.date_text:
        head = "(): " if BRIEF_HEAD.match(text) or text.startswith(("(", "[ ]", "[x]")) or not text else ""
        guard = "\\" if not head and re.match(r"[#>+\-=:]", text) else ""
        if not head and re.match(r"\d{1,9}[.)](?:\s|$)", text):
            head = "(): "
        return f"- {head}{guard}{text}".rstrip(" ")
    date = brief.date.isoformat() if brief.date else ""
    written = f"({_in_brackets(brief.date_text)})" if brief.date_text else ""
    return f"- {' '.join(part for part in (date, written) if part)}: {text}".rstrip(" ")
