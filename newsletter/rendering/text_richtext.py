"""Rich text as plain text: links numbered, notes lettered, blocks wrapped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import assert_never

from newsletter.manuscripts.richtext import (
    Block,
    Break,
    BulletList,
    Emphasis,
    Figure,
    Footnote,
    Inline,
    Inlines,
    Link,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Subscript,
    Superscript,
    Table,
    Text,
)
from newsletter.rendering.links import href
from newsletter.rendering.text_layout import JOINT, table, underlined, wrapped
from newsletter.rendering.wording import Wording

_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


@dataclass(slots=True)
class TextWriter:
    """Writes one issue's rich text; remembers the links and notes that still have to be listed."""

    words: Wording
    _numbers: dict[str, int] = field(default_factory=dict)
    _unlisted: list[int] = field(default_factory=list)
    _notes: list[Inlines] = field(default_factory=list)

    def endings(self) -> list[str]:
        """Return the lists of notes and links that have come up since the last call, and start anew."""
        notes = [
            wrapped(self.inlines(children), first=f"[{_letters(nth)}] ", rest="    ")
            for nth, children in enumerate(self._notes)  # grows while it is read
        ]
        urls = {number: url for url, number in self._numbers.items()}
        links = [f"[{number}] {urls[number]}" for number in self._unlisted]
        self._notes, self._unlisted = [], []
        listed = (self.words.footnotes, notes), (self.words.links, links)
        return [f"{title}:\n" + "\n".join(lines) for title, lines in listed if lines]

    def inlines(self, given: Iterable[Inline]) -> str:
        """Return inline text; a break is a newline."""
        return "".join(self._inline(one) for one in given)

    def _inline(self, one: Inline) -> str:  # noqa: PLR0911  # one return a kind
        match one:
            case Text():
                return one.text
            case Strong() | Emphasis():
                return self.inlines(one.children)
            case Superscript():
                return _shifted(self.inlines(one.children), _RAISED, "^")
            case Subscript():
                return _shifted(self.inlines(one.children), _LOWERED, "_")
            case Link():
                return self._link(one)
            case Footnote():
                self._notes.append(one.children)
                return f"{JOINT}[{_letters(len(self._notes) - 1)}]"
            case Break():
                return "\n"
            case _:
                assert_never(one)

    def _link(self, link: Link) -> str:
        url, text = href(link.url), self.inlines(link.children)
        if not url or text.strip() in (url, url.removeprefix("mailto:")):
            return text
        if url not in self._numbers:
            self._numbers[url] = len(self._numbers) + 1
        number = self._numbers[url]
        if number not in self._unlisted:
            self._unlisted.append(number)
        return f"{text}{JOINT}[{number}]" if text.strip() else f"[{number}]"

    def blocks(self, given: Iterable[Block], *, indent: str = "") -> str:
        """Return blocks with an empty line between, every line begun with *indent*."""
        return "\n\n".join(filter(None, (self._block(one, indent) for one in given)))

    def _block(self, one: Block, indent: str) -> str:  # noqa: PLR0911  # one return a kind
        match one:
            case Paragraph():
                return wrapped(self.inlines(one.children), first=indent)
            case BulletList():
                return "\n".join(self._item(item, indent, "- ") for item in one.items)
            case OrderedList():
                return "\n".join(self._item(item, indent, f"{nth}. ") for nth, item in enumerate(one.items, one.start))
            case Quote():
                return self.blocks(one.blocks, indent=indent + "  ")
            case Figure():
                alternative = f"[{self.words.figure}: {one.alt}]" if one.alt.strip() else f"[{self.words.figure}]"
                caption = self.inlines(one.caption)
                return wrapped(alternative + ("\n" + caption if caption else ""), first=indent)
            case Table():
                return self._table(one)
            case Subheading():
                title = self.inlines(one.children)
                return wrapped(title, first=indent) if indent or one.level > 1 else underlined(title, ".")
            case _:
                assert_never(one)

    def _item(self, item: ListItem, indent: str, mark: str) -> str:
        inner = indent + " " * len(mark)
        match item.blocks:
            case (Paragraph() as only, *more):
                lines = wrapped(self.inlines(only.children), first=indent + mark, rest=inner)
                return "\n".join([lines, *filter(None, (self._block(block, inner) for block in more))])
            case blocks:
                return f"{indent}{mark}".rstrip() + "\n" + self.blocks(blocks, indent=inner)

    def _table(self, given: Table) -> str:
        count = max([len(given.header), *(len(row) for row in given.rows)], default=0)
        if not count:
            return self.inlines(given.caption)
        caption = wrapped(f"{self.words.table}: {self.inlines(given.caption)}") + "\n\n" if given.caption else ""
        rows = [
            [" ".join(self.inlines(cell).split()) for cell in (*row, *[()] * (count - len(row)))]
            for row in (given.header, *given.rows)
        ]
        headed = any(rows[0])
        rows = rows if headed else rows[1:]
        alignment = [*given.alignment, *["left"] * count][:count]
        return caption + (table(rows, alignment, headed=headed) if rows else "")


def _shifted(text: str, shapes: dict[int, int], sign: str) -> str:
    """Return *text* in raised or lowered characters where all of it has them, else after *sign*."""
    moved = text.translate(shapes)
    return moved if all(ord(character) in shapes for character in text) else f"{sign}{text}"


def _letters(nth: int) -> str:
    """Return a, b, … z, aa, ab, … for 0, 1, …: notes are lettered because links are numbered."""
    letters = ""
    while nth >= 0:
        nth, place = divmod(nth, 26)
        letters, nth = chr(ord("a") + place) + letters, nth - 1
    return letters
