"""Rich text as data for the PDF templates: spans and blocks in dictionaries, never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, assert_never

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.pictures import Pictures
from newsletter.manuscripts.richtext import (
    Block,
    Break,
    BulletList,
    Emphasis,
    Figure,
    Footnote,
    Inline,
    Link,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Subscript,
    Superscript,
    Table,
    Text,
    plain,
)
from newsletter.rendering.characters import printable
from newsletter.rendering.languages import script_runs
from newsletter.rendering.links import href

Data = dict[str, Any]

MAX_DEPTH = 12
"""Lists and quotes inside one another; Typst gives up at some twenty, and no page has room for them."""
LONG_WORD = 32
"""From here on a word may be broken anywhere, because hyphenation will not know it (URLs, codes)."""
MAX_URL = 8000
"""Typst refuses longer ones."""

_LONG = re.compile(rf"[^\s\u200b]{{{LONG_WORD},}}")
_BREAKABLE_AFTER = re.compile(r"(?<=[/.\-_?&=,;:+])(?=\w)|(?<=\w{12})(?=\w{4})")
_EASTERN = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")
# A table column is as wide as its words ask for, within bounds, so that "Yes" does not get the room of a sentence.
_COLUMN_WEIGHTS = (6.0, 36.0)


@dataclass(frozen=True, slots=True)
class Typesetter:
    """Turns rich text into data; collects nothing, so that the same text always gives the same data."""

    language: str
    pictures: Pictures
    figure_word: str
    """The alternative text of last resort: a picture without any would make the PDF inaccessible."""

    def text(self, text: str, style: Data | None = None) -> list[Data]:
        """Return plain *text* as spans, one per language."""
        return [
            {"text": _breakable(run), **({"language": language} if language else {}), **(style or {})}
            for run, language in script_runs(printable(text), self.language)
        ]

    def title(self, text: str) -> list[Data]:
        """Return a heading's *text* as spans; blank is empty, because PDF/UA has no empty headings."""
        return self.text(text) if text.strip() else []

    def spans(self, inlines: Iterable[Inline]) -> list[Data]:
        """Return *inlines* as a flat list of spans; styles nest in the source and add up here."""
        return list(self._spans(inlines, {}))

    def blocks(self, blocks: Iterable[Block], depth: int = 0) -> list[Data]:
        """Return *blocks* as data; raises ``RenderingError`` where they nest deeper than a page can show."""
        if depth > MAX_DEPTH:
            raise RenderingError(
                f"The PDF edition cannot show lists or quotes nested more than {MAX_DEPTH} deep; flatten them."
            )
        return [self._block(block, depth) for block in blocks if not _is_empty(block)]

    def _spans(self, inlines: Iterable[Inline], style: Data) -> Iterator[Data]:
        for inline in inlines:
            match inline:
                case Text():
                    yield from self.text(inline.text, style)
                case Break():
                    yield {"break": True}
                case Strong() | Emphasis() | Superscript() | Subscript():
                    yield from self._spans(inline.children, {**style, inline.kind: True})
                case Link():
                    yield from self._link(inline, style)
                case Footnote():
                    yield {"footnote": self.spans(_without_footnotes(inline.children))}
                case _:
                    assert_never(inline)

    def _link(self, link: Link, style: Data) -> Iterator[Data]:
        url = link_target(link.url)
        body: list[Data] = []
        for span in self._spans(link.children, style):
            if "footnote" not in span:
                body.append(span)
                continue
            # A note's own mark is a link; it cannot stand inside another.
            if body:
                yield {"link": url, "body": body} if url else {"body": body}
            body = []
            yield span
        if body:
            yield {"link": url, "body": body} if url else {"body": body}

    def _block(self, block: Block, depth: int) -> Data:  # noqa: PLR0911  # one kind, one line
        match block:
            case Paragraph():
                return {"kind": "paragraph", "spans": self.spans(block.children)}
            case BulletList():
                return {"kind": "bullets", "items": [self.blocks(item.blocks, depth + 1) for item in block.items]}
            case OrderedList():
                items = [self.blocks(item.blocks, depth + 1) for item in block.items]
                return {"kind": "numbers", "items": items, "start": max(block.start, 0)}
            case Quote():
                return {"kind": "quote", "blocks": self.blocks(block.blocks, depth + 1)}
            case Figure():
                return self._figure(block, nested=depth > 0)
            case Table():
                return self._table(block)
            case Subheading():
                return {"kind": "subheading", "spans": self.spans(block.children), "level": block.level}
            case _:
                assert_never(block)

    def _figure(self, figure: Figure, *, nested: bool) -> Data:
        picture = self.pictures.get(figure.source)
        if picture is None:
            raise RenderingError(f"The PDF edition lacks the picture {figure.source!r}; add it beside the manuscript.")
        return {
            "kind": "figure",
            "file": file_name(picture.sha256, picture.suffix),
            "width": picture.width,
            "height": picture.height,
            "alt": printable(figure.alt).strip() or plain(figure.caption).strip() or self.figure_word,
            "caption": self.spans(figure.caption),
            "nested": nested,
        }

    def _table(self, table: Table) -> Data:
        columns = max([len(table.header), *(len(row) for row in table.rows)], default=0)
        if columns == 0:  # nothing but its caption
            return {"kind": "paragraph", "spans": self.spans(table.caption)}
        rows = [[*row, *([()] * (columns - len(row)))] for row in (table.header, *table.rows)]
        alignment = [*table.alignment, *(["left"] * columns)][:columns]
        header = [self.spans(cell) for cell in rows[0]]
        return {
            "kind": "table",
            "header": header,
            # On later pages the head is an artifact, which must not hold a link (ISO 14289-1 §7.3, §7.18.5).
            "repeat": not any("link" in span or "footnote" in span for cell in header for span in cell),
            "rows": [[self.spans(cell) for cell in row] for row in rows[1:]],
            "alignment": alignment,
            "weights": [_weight([plain(row[column]) for row in rows]) for column in range(columns)],
            "caption": self.spans(table.caption),
        }


def file_name(sha256: str, suffix: str) -> str:
    """Return the name under which a picture lies beside the templates."""
    return f"{sha256[:32]}{suffix}"


def link_target(url: str) -> str:
    """Return *url* as a PDF may hold it (ASCII, ISO 32000-1 §12.6.4.7), or ``""`` for one that leads nowhere."""
    target = href(url)
    return target if len(target) <= MAX_URL else ""


def _breakable(text: str) -> str:
    """Put zero-width spaces into long words, so that none runs off the paper."""

    def open_up(match: re.Match[str]) -> str:
        word = match[0]
        return word if _EASTERN.search(word) else _BREAKABLE_AFTER.sub("\u200b", word)

    return _LONG.sub(open_up, text)


def _is_empty(block: Block) -> bool:
    """A heading or a table of nothing is an error to PDF/UA and nothing to a reader."""
    match block:
        case Subheading():
            return not plain(block.children).strip()
        case Table():
            return not block.header and not any(block.rows) and not block.caption
    return False


def _without_footnotes(inlines: Iterable[Inline]) -> Iterator[Inline]:
    """A note inside a note is said in brackets; Typst would set it, but no reader finds it."""
    for inline in inlines:
        match inline:
            case Footnote():
                yield Text(" [")
                yield from _without_footnotes(inline.children)
                yield Text("]")
            case Text() | Break():
                yield inline
            case _:
                yield replace(inline, children=tuple(_without_footnotes(inline.children)))


def _weight(cells: list[str]) -> float:
    longest_word = max((len(word) for cell in cells for word in cell.split()), default=0)
    average = sum(map(len, cells)) / max(len(cells), 1)
    low, high = _COLUMN_WEIGHTS
    return round(min(max(average, longest_word + 2, low), high), 1)
