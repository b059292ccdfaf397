"""Articles of a loose manuscript: labelled parts and sources, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from newsletter.manuscripts.document import Article, Part, Source
from newsletter.manuscripts.labels import Labels
from newsletter.manuscripts.markdown import read_blocks
from newsletter.manuscripts.mending import mend
from newsletter.manuscripts.pieces import FieldLine
from newsletter.manuscripts.prefixes import split_label
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Block, Paragraph
from newsletter.manuscripts.sources import SourceFields, source_of


@dataclass(slots=True)
class ArticleDraft:
    """An article in the making."""

    title: str
    number: int | None
    line: int
    labels: Labels
    findings: list[Finding]
    taken: list[str]
    _parts: list[tuple[str, int | None, list[Block]]] = field(default_factory=list)
    _sources: list[Source] = field(default_factory=list)
    _waiting: list[FieldLine] = field(default_factory=list)

    def label(self, label: str, line: int | None) -> None:
        """Begin a part."""
        self._parts.append((label, line, []))

    def add(self, blocks: Sequence[Block]) -> None:
        """Add blocks to the article; a paragraph with a run-in label begins a part."""
        for block in blocks:
            head = split_label(block.children) if isinstance(block, Paragraph) else None
            if head and self._is_label(head[0], set_apart=head[2]):
                label, rest, _ = head
                self.label(label, block.line)
                if rest:
                    self._parts[-1][2].append(Paragraph(rest, line=block.line))
                continue
            if not self._parts or (self._sources and not self._parts[-1][2] and self._parts[-1][0]):
                self._parts.append(("", block.line, []))
            self._parts[-1][2].append(block)

    def _is_label(self, label: str, *, set_apart: bool) -> bool:
        """A label is one of the manuscript's, or a short run-in in bold once the article has labels."""
        return self.labels.is_part(label) or (set_apart and len(label.split()) <= 6 and any(p[0] for p in self._parts))

    def take(self, field_line: FieldLine) -> bool:
        """Take a field of a source; False if it has no source to go to."""
        if field_line.kind == "source":
            source = source_of(field_line, self.findings)
            for waiting in self._waiting:
                source = SourceFields(self.findings, self.taken).apply(source, waiting) or source
            self._waiting = []
            self._sources.append(source)
            return True
        if not self._sources:
            if any(waiting.kind == field_line.kind for waiting in self._waiting):
                return False
            self._waiting.append(field_line)
            return True
        changed = SourceFields(self.findings, self.taken).apply(self._sources[-1], field_line)
        if changed is None:
            return False
        self._sources[-1] = changed
        return True

    def finished(self) -> Article:
        """Return the article; a field that never met a source goes back into the text."""
        for waiting in self._waiting:
            words = f"{waiting.label}: {waiting.text}"
            self.findings.append(Finding("stray-field", waiting.line, words))
            blocks, found = read_blocks(words, first_line=waiting.line)
            self.findings += found
            if not self._parts:
                self._parts.append(("", waiting.line, []))
            self._parts[-1][2].extend(blocks)
        parts = tuple(Part(mend(blocks, self.findings), label, line=line) for label, line, blocks in self._parts)
        return Article(self.title, parts, tuple(self._sources), self.number, line=self.line)
