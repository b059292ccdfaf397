"""The house form: front matter, # sections, ## entries, ### parts and sources; docs/manuscript.md describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from newsletter.manuscripts.document import Article, BriefList, Document, Entry, Note, Part, Section
from newsletter.manuscripts.house_fields import briefs_in, source_in
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.lines import Line
from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Blocks, plain

_HEADING = re.compile(r"(#{1,3})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_KIND = re.compile(r"(?:^|[ \t])\{\.([a-z]+)\}$")
_NUMBER = re.compile(r"(\d{1,9})\.(?:[ \t]+|$)")
KINDS = {2: ("article", "briefs", "note"), 3: ("part", "source")}
"""What may stand in braces after a heading, by its level."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading with the lines below it; level 0 is what stands before the first heading."""

    level: int
    title: str
    kind: str
    line: int
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)

    @property
    def first_line(self) -> int:
        return self.lines[0].number if self.lines else self.line + 1


def read_house(lines: Sequence[Line], values: Document, house: HouseStyle) -> tuple[Document, list[Finding], list[str]]:
    """Return *values* with the sections that *lines* hold, the findings, and the words that became values."""
    form = _HouseForm(house)
    sections: list[Section] = []
    blocks = list(_blocks(lines))
    at = 0
    while at < len(blocks):
        block = blocks[at]
        end = at + 1
        while end < len(blocks) and blocks[end].level > 1:
            end += 1
        if block.level == 0 and end == at + 1 and not block.text.strip():
            at = end
            continue
        sections.append(form.section(block, blocks[at + 1 : end]))
        at = end
    return replace(values, sections=tuple(sections)), form.findings, form.taken


def _blocks(lines: Sequence[Line]) -> Iterator[_Block]:
    """Cut at the headings of the first three levels; deeper ones are subheadings within the text."""
    level, title, kind, number = 0, "", "", lines[0].number if lines else 1
    gathered: list[Line] = []
    for line in lines:
        match = _HEADING.match(line.text)
        if not match:
            gathered.append(line)
            continue
        yield _Block(level, title, kind, number, tuple(gathered))
        level, title, kind, number, gathered = len(match.group(1)), match.group(2) or "", "", line.number, []
        named = _KIND.search(title)
        if named and named.group(1) in KINDS.get(level, ()):
            title, kind = title[: named.start()].strip(" \t"), named.group(1)
    yield _Block(level, title, kind, number, tuple(gathered))


class _HouseForm:
    """Read headings and what is below them; ``findings`` and ``taken`` collect on the way."""

    def __init__(self, house: HouseStyle) -> None:
        self.house = house
        self.findings: list[Finding] = []
        self.taken: list[str] = []

    def section(self, head: _Block, below: Sequence[_Block]) -> Section:
        """Return the section that *head* opens; text directly below it is a note."""
        entries: list[Entry] = []
        blocks = self._text(head)
        if blocks:
            entries.append(Note(blocks, line=blocks[0].line))
        at = 0
        while at < len(below):
            end = at + 1
            while end < len(below) and below[end].level > 2:
                end += 1
            entries += self._entry(below[at], below[at + 1 : end])
            at = end
        return Section(self._words(head.title, head.line), tuple(entries), line=head.line if head.level else None)

    def _entry(self, head: _Block, below: Sequence[_Block]) -> list[Entry]:
        if head.level == 3:  # a part without an article: an article without a title holds it
            return [self._article(_Block(2, "", "", head.line, ()), [head, *below])]
        match head.kind:
            case "briefs":
                briefs, rest = briefs_in(head.text, head.first_line, self.findings, self.taken)
                entry: Entry = BriefList(self._words(head.title, head.line), briefs, line=head.line)
                rest = (*rest, *self._beneath(below))
                return [entry, Note(rest, line=rest[0].line)] if rest else [entry]
            case "note":
                blocks = (*self._text(head), *self._beneath(below))
                return [Note(blocks, self._words(head.title, head.line), line=head.line)]
            case _:
                return [self._article(head, below)]

    def _beneath(self, below: Sequence[_Block]) -> Blocks:
        """Read ### headings in a note or under briefs as subheadings with their text."""
        blocks: list[object] = []
        for block in below:
            lines = f"#### {block.title}\n{block.text}"
            found, findings = read_blocks(lines, first_line=block.line, heading_offset=3)
            self.findings += findings
            blocks += found
        return tuple(blocks)  # type: ignore[arg-type]

    def _article(self, head: _Block, below: Sequence[_Block]) -> Article:
        title, number = head.title, None
        match = _NUMBER.match(title)
        if match:
            title, number = title[match.end() :], int(match.group(1))
        parts: list[Part] = []
        sources = []
        opening = self._text(head)
        if opening:
            parts.append(Part(opening, line=opening[0].line))
        for block in below:
            if block.kind == "source":
                label = self._words(block.title, block.line)
                source, rest = source_in(block.text, label, block.line, self.findings, self.taken)
                sources.append(source)
                if rest:
                    parts.append(Part(rest, line=rest[0].line))
                continue
            label = "" if block.kind == "part" else self._words(block.title, block.line)
            parts.append(Part(self._text(block), label, line=block.line))
        return Article(self._words(title, head.line), tuple(parts), tuple(sources), number, line=head.line)

    def _text(self, block: _Block) -> Blocks:
        blocks, found = read_blocks(block.text, first_line=block.first_line, heading_offset=3)
        self.findings += found
        return blocks

    def _words(self, title: str, line: int) -> str:
        inlines, found = read_inlines(title, line=line)
        self.findings += found
        return plain(inlines)
