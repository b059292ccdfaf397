"""The body of a Word file as Markdown for the reader, each line traced back to the paragraph it came of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mammoth import documents

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.docx_inlines import Splinter, inlines_of, splinters_of
from newsletter.manuscripts.docx_oddities import Oddity
from newsletter.manuscripts.docx_styles import Numbering, ParagraphKind
from newsletter.manuscripts.docx_tables import rows_of
from newsletter.manuscripts.inline_tree import merged
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.picture_files import reencoded
from newsletter.manuscripts.pictures import Picture
from newsletter.manuscripts.richtext import (
    Block,
    Blocks,
    Break,
    BulletList,
    Figure,
    Inline,
    Inlines,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Table,
    Text,
    plain,
)

MARK = "desk:"
"""Begins the names of the bookmarks that carry a paragraph's number through mammoth."""
_FIELD = re.compile(r"^[^\W\d_][^:：\n]{0,45}[:：](?:\s|$)")
_GUARD = re.compile(r"[#>|=:]|-[ \t]*(?:-[ \t]*)+$")
_MADE_ALT = re.compile(
    r"\s*(?:Description automatically generated.*|Automatisch generierte Beschreibung.*|"
    r"Ein Bild, das .* enthält\.?|A picture containing .*|AI-generated content may be incorrect\.?)\s*$",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ParagraphFacts:
    """What is known of a paragraph beside its words."""

    kind: ParagraphKind
    level: int
    numbering: Numbering | None


@dataclass
class Body:
    """A body in the making: ``lines`` of Markdown, and for each paragraph the line it begins on."""

    facts: Mapping[int, ParagraphFacts]
    notes: Mapping[tuple[str, str], Any]
    name: str
    lines: list[str] = field(default_factory=list)
    line_of: dict[int, int] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Every text put down, without markup: what the words of the file are held against."""
    _listed: list[tuple[Numbering, list[Block], int]] = field(default_factory=list)
    _here: int = 0
    _titled: bool = False

    def read(self, elements: Sequence[Any]) -> None:
        """Take the elements of the document in, one after the other."""
        self._titled = any(fact.kind is ParagraphKind.TITLE for fact in self.facts.values())
        for at, element in enumerate(elements):
            match element:
                case documents.Paragraph():
                    self._paragraph(element, elements[at + 1 :])
                case documents.Table():
                    self._end_list()
                    self._table(element)
                case documents.Image():
                    self._put([self._figure(element)])
                case _:
                    pass
        self._end_list()

    # --- paragraphs -------------------------------------------------------------------------------------------

    def _paragraph(self, paragraph: Any, following: Sequence[Any]) -> None:
        facts = self._enter(paragraph)
        splinters = list(splinters_of(paragraph.children, self._note))
        figures: list[Block] = [self._figure(s.content, s) for s in splinters if isinstance(s.content, documents.Image)]
        heading = facts.kind in {ParagraphKind.HEADING, ParagraphKind.TITLE}
        words = inlines_of(splinters, plain=heading)
        if facts.numbering and not heading and words:
            if not self._is_lone_title(facts.numbering, words, following):
                self._say(words)
                self._listed.append((facts.numbering, [Paragraph(words), *figures], self._here))
                return
            words = merged((Text(f"{facts.numbering.number.rstrip('.)')}. "), *words))
        self._end_list()
        if words and heading:
            self._heading(words, facts)
        elif words and facts.kind is ParagraphKind.CAPTION and self._takes_caption(words):
            self._say(words)
        elif words and facts.kind is ParagraphKind.QUOTE:
            self._put([Quote((Paragraph(words),))])
        elif words:
            self._text(words)
        self._put(figures)

    def _enter(self, paragraph: Any) -> ParagraphFacts:
        """Find the paragraph's number among its bookmarks; one without is a part of the one before."""
        for child in paragraph.children:
            if isinstance(child, documents.Bookmark) and child.name.startswith(MARK):
                self._here = int(child.name.removeprefix(MARK))
                return self.facts[self._here]
        return ParagraphFacts(ParagraphKind.TEXT, 0, None)

    def _heading(self, words: Inlines, facts: ParagraphFacts) -> None:
        level = facts.level + (1 if self._titled and facts.kind is ParagraphKind.HEADING else 0)
        number = facts.numbering.number.rstrip(".)") if facts.numbering else ""
        flat = tuple(Text(" ") if isinstance(inline, Break) else inline for inline in words)
        self._say(flat)
        written = write_inlines(merged(flat))
        self._write([f"{'#' * min(6, level)} {f'{number}. ' if number else ''}{written}"])

    def _text(self, words: Inlines) -> None:
        """Write a paragraph; a line break before a label (``Date:``) begins a line that the reader can tell."""
        self._say(words)
        stretches: list[list[Inline]] = [[]]
        for at, inline in enumerate(words):
            if isinstance(inline, Break) and _FIELD.match(plain(words[at + 1 : at + 3]).lstrip()):
                stretches.append([])
            else:
                stretches[-1].append(inline)
        self._write([_guarded(write_inlines(merged(stretch))) for stretch in stretches if stretch])

    def _is_lone_title(self, numbering: Numbering, words: Inlines, following: Sequence[Any]) -> bool:
        """Say whether a numbered paragraph stands alone in bold: a title, not an item."""
        if (
            not numbering.number
            or numbering.level
            or self._listed
            or not isinstance(words[0], Strong)
            or len(words) > 1
        ):
            return False
        after = following[0] if following else None
        return not (isinstance(after, documents.Paragraph) and self._numbered(after))

    def _numbered(self, paragraph: Any) -> bool:
        marks = (c.name for c in paragraph.children if isinstance(c, documents.Bookmark) and c.name.startswith(MARK))
        return any(self.facts[int(mark.removeprefix(MARK))].numbering for mark in marks)

    def _note(self, reference: Any) -> Inlines:
        """Return the words of a footnote or endnote, its paragraphs one after the other."""
        note = self.notes.get((reference.note_type, reference.note_id))
        if note is None:
            return ()
        words: list[Inline] = []
        for paragraph in note.body:
            inner = inlines_of(list(splinters_of(getattr(paragraph, "children", ()), lambda _: ())))
            words += [Text(" "), *inner] if words and inner else inner
        self._say(merged(words))
        return merged(words)

    # --- lists, tables, pictures ------------------------------------------------------------------------------

    def _end_list(self) -> None:
        if self._listed:
            listed, self._listed = self._listed, []
            here, self._here = self._here, listed[0][2]
            for _, _, paragraph in listed:
                self.line_of.setdefault(paragraph, len(self.lines) + 1)
            self._write(write_blocks(_nested(listed)).split("\n"))
            self._here = here

    def _table(self, table: Any) -> None:
        rows, plain_rows = rows_of(table, self._note, self.oddities, self._here)
        for paragraph in _paragraphs_in(table):
            self._enter(paragraph)
            self.line_of.setdefault(self._here, len(self.lines) + 1)
        if not rows or max(map(len, rows)) <= 1:
            self._box(table)  # a box drawn with a table of one column
            return
        for text in plain_rows:
            self.said.append(text)
        width = max(map(len, rows))
        filled = tuple((*row, *[()] * (width - len(row))) for row in rows)
        self._put([Table(filled[0], filled[1:])])

    def _box(self, table: Any) -> None:
        for row in table.children:
            for cell in row.children:
                inner = list(cell.children)
                for at, child in enumerate(inner):
                    if isinstance(child, documents.Paragraph):
                        self._paragraph(child, inner[at + 1 :])
                    elif isinstance(child, documents.Table):
                        self._table(child)
                self._end_list()

    def _takes_caption(self, words: Inlines) -> bool:
        """Put a caption under the picture or table that was just written."""
        last = next((line for line in reversed(self.lines) if line.strip()), "")
        if last.startswith(("![", "|")):
            self._write([f": {write_inlines(words)}"])
            return True
        return False

    def _figure(self, image: Any, splinter: Splinter | None = None) -> Block:
        """Return the picture as a figure; one that cannot be shown becomes an oddity and leaves its description."""
        alt = _MADE_ALT.sub("", " ".join((image.alt_text or "").split()))
        name = f"picture-{len(self.pictures) + 1}"
        try:
            with image.open() as file:
                picture = reencoded(file.read(), alt[:60] or name)
        except ManuscriptError as error:
            self.oddities.append(Oddity("word-picture", str(error), self._here))
        except (KeyError, OSError, ValueError):
            self.oddities.append(
                Oddity("word-picture", f"The picture {alt[:60] or name!r} is not in the file.", self._here)
            )
        else:
            source = f"{name}{picture.suffix}"
            self.pictures[source] = picture
            return Figure(source, alt)
        return Paragraph(())

    # --- writing ----------------------------------------------------------------------------------------------

    def _put(self, blocks: Sequence[Block]) -> None:
        kept: Blocks = tuple(b for b in blocks if not (isinstance(b, Paragraph) and not b.children))
        for block in kept:
            if isinstance(block, Quote):
                self.said += [plain(p.children) for p in block.blocks if isinstance(p, Paragraph)]
            self._write(write_blocks((block,)).split("\n"))

    def _write(self, lines: Sequence[str]) -> None:
        if self.lines:
            self.lines.append("")
        self.line_of.setdefault(self._here, len(self.lines) + 1)
        self.lines += lines

    def _say(self, words: Inlines) -> None:
        self.said.append(plain(words))


def _guarded(line: str) -> str:
    """Keep a paragraph from being read as a heading, a quote or a table; typed bullets and numbers are meant."""
    return f"\\{line}" if _GUARD.match(line) else line


def _paragraphs_in(element: Any) -> list[Any]:
    found: list[Any] = []
    for child in getattr(element, "children", ()):
        found += [child] if isinstance(child, documents.Paragraph) else _paragraphs_in(child)
    return found


def _nested(listed: Sequence[tuple[Numbering, list[Block], int]]) -> Blocks:
    """Return paragraphs in a list as lists within lists, by their levels."""
    blocks: list[Block] = []
    at = 0
    while at < len(listed):
        level, ordered = listed[at][0].level, bool(listed[at][0].number)
        start, items = listed[at][0].start, []
        while at < len(listed) and (
            listed[at][0].level > level or (listed[at][0].level == level and bool(listed[at][0].number) == ordered)
        ):
            end = at + 1
            while end < len(listed) and listed[end][0].level > level:
                end += 1
            inner = _nested(listed[at + 1 : end]) if end > at + 1 else ()
            items.append(ListItem((*listed[at][1], *inner)))
            at = end
        blocks.append(OrderedList(tuple(items), start) if ordered else BulletList(tuple(items)))
    return tuple(blocks)
