"""Rich text: the closed vocabulary of every text field, a small frozen tree with nothing in it to sanitise.

Fields are stored as this tree and written as Markdown. Raw HTML is never part of it: the reader turns it into a Remark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

# --- inline ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters; no markup inside."""

    text: str
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Strong:
    """Bold."""

    children: tuple[Inline, ...]
    kind: Literal["strong"] = "strong"


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Italic."""

    children: tuple[Inline, ...]
    kind: Literal["emphasis"] = "emphasis"


@dataclass(frozen=True, slots=True)
class Link:
    """A link to an http, https or mailto URL; ``url`` is ``"#"`` or empty for a placeholder, which proofing names."""

    url: str
    children: tuple[Inline, ...]
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Superscript:
    """Raised text, as in m²."""

    children: tuple[Inline, ...]
    kind: Literal["superscript"] = "superscript"


@dataclass(frozen=True, slots=True)
class Subscript:
    """Lowered text, as in CO₂."""

    children: tuple[Inline, ...]
    kind: Literal["subscript"] = "subscript"


@dataclass(frozen=True, slots=True)
class Footnote:
    """A note at this point of the text; editions number footnotes per article."""

    children: tuple[Inline, ...]
    kind: Literal["footnote"] = "footnote"


@dataclass(frozen=True, slots=True)
class Break:
    """A line break inside a paragraph."""

    kind: Literal["break"] = "break"


Inline = Text | Strong | Emphasis | Link | Superscript | Subscript | Footnote | Break
Inlines = tuple[Inline, ...]

# --- blocks ---------------------------------------------------------------------------------------------------
# ``line`` is the 1-based line of the manuscript the block began on, None where it came from elsewhere; it is a place to
# point at and no part of what the block says, so it does not count when two are compared.


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    children: Inlines
    line: int | None = field(default=None, compare=False)
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list."""

    blocks: tuple[Block, ...]
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BulletList:
    """An unordered list."""

    items: tuple[ListItem, ...]
    line: int | None = field(default=None, compare=False)
    kind: Literal["bullets"] = "bullets"


@dataclass(frozen=True, slots=True)
class OrderedList:
    """A numbered list, counting from ``start``."""

    items: tuple[ListItem, ...]
    start: int = 1
    line: int | None = field(default=None, compare=False)
    kind: Literal["numbers"] = "numbers"


@dataclass(frozen=True, slots=True)
class Quote:
    """A block quotation."""

    blocks: tuple[Block, ...]
    line: int | None = field(default=None, compare=False)
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture of its own with alternative text and an optional caption.

    ``source`` is the name the manuscript gives the picture (``chart.png``) or, once stored, ``asset:<sha256>``.
    """

    source: str
    alt: str
    caption: Inlines = ()
    line: int | None = field(default=None, compare=False)
    kind: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with one header row; ``alignment`` has one of left, center, right per column."""

    header: tuple[Inlines, ...]
    rows: tuple[tuple[Inlines, ...], ...]
    alignment: tuple[Literal["left", "center", "right"], ...] = ()
    caption: Inlines = ()
    line: int | None = field(default=None, compare=False)
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Subheading:
    """A heading inside an article; ``level`` 1 stands directly below the article's own title."""

    children: Inlines
    level: int = 1
    line: int | None = field(default=None, compare=False)
    kind: Literal["subheading"] = "subheading"


Block = Paragraph | BulletList | OrderedList | Quote | Figure | Table | Subheading
Blocks = tuple[Block, ...]


def plain(inlines: Iterable[Inline]) -> str:
    """Return the characters of *inlines* without markup; a break is a space, a footnote is left out."""
    parts: list[str] = []
    for inline in inlines:
        match inline:
            case Text():
                parts.append(inline.text)
            case Break():
                parts.append(" ")
            case Footnote():
                pass
            case _:
                parts.append(plain(inline.children))
    return "".join(parts)
