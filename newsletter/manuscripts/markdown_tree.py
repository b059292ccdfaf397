"""The parser's tokens to the closed vocabulary of rich text; whatever is outside it becomes a Finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from newsletter.manuscripts.inline_tree import InlineBuilder
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import (
    Block,
    Blocks,
    Break,
    BulletList,
    Figure,
    Footnote,
    Inline,
    Inlines,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Subheading,
    Table,
    Text,
    plain,
)

_ALIGN = re.compile(r"text-align:(left|center|right)")
Alignment = Literal["left", "center", "right"]


class Builder:
    """Build blocks from one parse; ``findings`` collects what was left out on the way."""

    def __init__(self, first_line: int, heading_offset: int, footnotes: dict[str, Any]) -> None:
        self.first_line = first_line
        self.heading_offset = heading_offset
        self.findings: list[Finding] = []
        self._inline = InlineBuilder(self.findings, footnotes)

    def blocks(self, tokens: Sequence[Token]) -> Blocks:
        """Return the blocks of a whole text."""
        root = SyntaxTreeNode(tokens)
        definitions = [(node.meta["label"], node) for node in root.walk() if node.type == "footnote_reference"]
        for label, node in definitions:
            self._inline.definitions[label] = self._joined(node)
        built = self._children(root)
        for label, node in definitions:
            if label not in self._inline.referred:
                children = self._inline.definitions[label]
                line = self._line(node)
                self.findings.append(Finding("unused-footnote", line, f"[^{label}]: {_quote(children)}"))
                built.append(Paragraph((Text(f"[^{label}]: "), *children), line=line))
        return with_captions(built)

    def inlines(self, tokens: Sequence[Token], line: int | None) -> Inlines:
        """Return the inlines of one field; a picture in it is left out and named."""
        children, figures = self._inline.build(tokens, line)
        return (*children, *self._described(figures, line))

    def _line(self, node: SyntaxTreeNode) -> int | None:
        return node.map[0] + self.first_line if node.map else None

    def _children(self, node: SyntaxTreeNode) -> list[Block]:
        built: list[Block] = []
        for child in node.children:
            built += self._block(child)
        return built

    def _block(self, node: SyntaxTreeNode) -> list[Block]:  # noqa: PLR0911  # one return for each kind
        line = self._line(node)
        match node.type:
            case "paragraph":
                return self._paragraph(node, line)
            case "heading":
                level = max(1, int(node.tag[1]) - self.heading_offset)
                return [Subheading(self._content(node, line), level, line=line)]
            case "bullet_list":
                return [BulletList(self._items(node), line=line)]
            case "ordered_list":
                start = node.attrs.get("start", 1)
                return [OrderedList(self._items(node), int(start), line=line)]
            case "blockquote":
                return [Quote(with_captions(self._children(node)), line=line)]
            case "table":
                return [self._table(node, line)]
            case _:  # a rule (no words) or a footnote's definition (placed where it is referred to)
                return []

    def _items(self, node: SyntaxTreeNode) -> tuple[ListItem, ...]:
        return tuple(ListItem(with_captions(self._children(item)), line=self._line(item)) for item in node.children)

    def _paragraph(self, node: SyntaxTreeNode, line: int | None) -> list[Block]:
        inline = node.children[0]
        children, figures = self._inline.build(_tokens(inline), line)
        caption = inline.content.startswith(": ")  # an escaped colon does not make a caption
        if not figures:
            return [_Caption(children, line=line) if caption else Paragraph(children, line=line)] if children else []
        blocks: list[Block] = list(figures)
        if any(not isinstance(child, Text) or child.text.strip() for child in children):
            blocks.insert(0, Paragraph(_trimmed(children), line=line))
        return blocks

    def _content(self, node: SyntaxTreeNode, line: int | None) -> Inlines:
        """The inlines of a heading or cell, where a picture cannot stand."""
        children, figures = self._inline.build(_tokens(node.children[0]), line) if node.children else ((), ())
        return (*children, *self._described(figures, line))

    def _described(self, figures: Sequence[Figure], line: int | None) -> Inlines:
        for figure in figures:
            self.findings.append(Finding("inline-picture", line, f"{figure.alt} {figure.source}".strip()))
        return tuple(Text(f" {figure.alt}") for figure in figures if figure.alt)

    def _table(self, node: SyntaxTreeNode, line: int | None) -> Table:
        head, *bodies = node.children
        cells = head.children[0].children
        styles = [_ALIGN.search(str(cell.attrs.get("style", ""))) for cell in cells]
        alignment: tuple[Alignment, ...] = ()
        if any(styles):
            alignment = tuple(_alignment(style) for style in styles)
        header = tuple(self._content(cell, line) for cell in cells)
        rows = tuple(
            tuple(self._content(cell, self._line(row)) for cell in row.children)
            for body in bodies
            for row in body.children
        )
        return Table(header, rows, alignment, line=line)

    def _joined(self, node: SyntaxTreeNode) -> Inlines:
        """The text of a footnote's definition as one run, its paragraphs separated by breaks."""
        children: list[Inline] = []
        for part in node.walk():
            if part.type == "inline":
                if children:
                    children.append(Break())
                found, figures = self._inline.build(_tokens(part), self._line(node))
                children += [*found, *self._described(figures, self._line(node))]
        return tuple(children)


class _Caption(Paragraph):
    """A paragraph written as ``: words``, which belongs to the picture or table above it."""

    __slots__ = ()


def with_captions(blocks: Sequence[Block]) -> Blocks:
    """Give each caption paragraph to the figure or table before it; elsewhere it is a paragraph."""
    built: list[Block] = []
    for block in blocks:
        if not isinstance(block, _Caption):
            built.append(block)
            continue
        before = built[-1] if built else None
        words = _without_colon(block.children)
        if isinstance(before, Figure):
            caption = (*before.caption, Break(), *words) if before.caption else words
            built[-1] = Figure(before.source, before.alt, caption, line=before.line)
        elif isinstance(before, Table) and not before.caption:
            built[-1] = Table(before.header, before.rows, before.alignment, words, line=before.line)
        else:
            built.append(Paragraph(block.children, line=block.line))
    return tuple(built)


def _without_colon(children: Inlines) -> Inlines:
    first = children[0]
    assert isinstance(first, Text)
    rest = first.text.removeprefix(":").removeprefix(" ")
    return (Text(rest), *children[1:]) if rest else children[1:]


def _tokens(node: SyntaxTreeNode) -> Sequence[Token]:
    return node.token.children or [] if node.token else []


def _alignment(style: re.Match[str] | None) -> Alignment:
    match style.group(1) if style else "left":
        case "center":
            return "center"
        case "right":
            return "right"
        case _:
            return "left"


def _trimmed(children: Inlines) -> Inlines:
    """Take the space away that a picture taken out of the text leaves at either end."""
    trimmed = list(children)
    if trimmed and isinstance(trimmed[0], Text):
        trimmed[0] = Text(trimmed[0].text.lstrip())
    if trimmed and isinstance(trimmed[-1], Text):
        trimmed[-1] = Text(trimmed[-1].text.rstrip())
    return tuple(child for child in trimmed if not isinstance(child, Text) or child.text)


def _quote(children: Inlines) -> str:
    return plain(child for child in children if not isinstance(child, Footnote))
