"""Rich text as HTML: the one writer that the mail and the web page share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

from markupsafe import Markup, escape

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.pictures import Picture, Pictures
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
    plain,
)
from newsletter.rendering.languages import script_runs
from newsletter.rendering.links import href
from newsletter.rendering.wording import Wording

_TAGS = {Strong: "strong", Emphasis: "em", Superscript: "sup", Subscript: "sub"}


@dataclass(frozen=True, slots=True)
class Dress:
    """What differs between the HTML of a mail and that of a web page."""

    pictures: Pictures
    picture_url: Callable[[Picture], str]
    widest: int
    """Width of the column a picture stands in, CSS pixels."""
    linked_notes: bool
    """Whether a footnote's number links to the note and back; mail programs rewrite such links badly."""
    scrolling_tables: bool
    """Whether a table too wide for the screen scrolls by itself; mail programs have no such thing."""


@dataclass(slots=True)
class HtmlWriter:
    """Writes one issue's rich text; remembers the heading level it is at and the footnotes of the entry it is in."""

    language: str
    words: Wording
    dress: Dress
    level: int = 0
    _anchor: str = ""
    _notes: list[Inlines] = field(default_factory=list)
    _in_link: bool = False
    _postponed: list[Markup] = field(default_factory=list)

    def heading_level(self, wanted: int) -> int:
        """Return the level a heading gets that would like *wanted*: never one that skips a level, never below h6."""
        self.level = min(wanted, self.level + 1, 6)
        return self.level

    def begin_entry(self, anchor: str) -> None:
        """Start counting footnotes anew; *anchor* keeps their ids apart."""
        self._anchor, self._notes = anchor, []

    def notes(self) -> tuple[tuple[int, str, str, Markup], ...]:
        """Return the entry's footnotes as number, id, id of their place, text; a note may add notes of its own."""
        written = []
        for number, children in enumerate(self._notes, 1):  # grows while it is read
            written.append((number, *self._note_ids(number), self.inlines(children)))
        return tuple(written)

    def text(self, text: str) -> Markup:
        """Return plain characters, escaped, foreign scripts tagged with their language."""
        return Markup("").join(
            Markup('<span lang="{}">{}</span>').format(language, run) if language else escape(run)
            for run, language in script_runs(text, self.language)
        )

    def inlines(self, given: Iterable[Inline]) -> Markup:
        """Return inline text."""
        return Markup("").join(self._inline(one) for one in given)

    def _inline(self, one: Inline) -> Markup:
        match one:
            case Text():
                return self.text(one.text)
            case Strong() | Emphasis() | Superscript() | Subscript():
                return Markup("<{0}>{1}</{0}>").format(_TAGS[type(one)], self.inlines(one.children))
            case Link():
                return self._link(one)
            case Footnote():
                return self._note(one)
            case Break():
                return Markup("<br/>")
            case _:
                assert_never(one)

    def _link(self, link: Link) -> Markup:
        url = href(link.url)
        if self._in_link or not url:
            return self.inlines(link.children)
        self._in_link = True
        # A link that shows nothing could not be seen, clicked or read out: it shows where it leads.
        inside = self.inlines(link.children if plain(link.children).strip() else (*link.children, Text(url)))
        self._in_link = False
        # A note's number inside a link would be a link in a link: it follows after.
        after, self._postponed = Markup("").join(self._postponed), []
        return Markup('<a href="{}">{}</a>{}').format(url, inside, after)

    def _note(self, note: Footnote) -> Markup:
        self._notes.append(note.children)
        number = len(self._notes)
        note_id, place_id = self._note_ids(number)
        if self.dress.linked_notes:
            mark = Markup('<sup class="mark"><a href="#{}" id="{}" aria-label="{}">{}</a></sup>').format(
                note_id, place_id, self.words.note_number.format(number=number), number
            )
        else:
            mark = Markup('<sup class="mark">[{}]</sup>').format(number)
        if self._in_link:
            self._postponed.append(mark)
            return Markup("")
        return mark

    def _note_ids(self, number: int) -> tuple[str, str]:
        return f"{self._anchor}-note-{number}", f"{self._anchor}-place-{number}"

    def blocks(self, given: Iterable[Block], *, level: int) -> Markup:
        """Return blocks; *level* is the heading they stand under."""
        return Markup("\n").join(self._block(one, level) for one in given)

    def _block(self, one: Block, level: int) -> Markup:  # noqa: PLR0911  # one return a kind
        match one:
            case Paragraph():
                return Markup("<p>{}</p>").format(self.inlines(one.children))
            case BulletList():
                return Markup("<ul>{}</ul>").format(self._items(one.items, level))
            case OrderedList():
                start = Markup(' start="{}"').format(one.start) if one.start != 1 else ""
                return Markup("<ol{}>{}</ol>").format(start, self._items(one.items, level))
            case Quote():
                return Markup("<blockquote>{}</blockquote>").format(self.blocks(one.blocks, level=level))
            case Figure():
                return self._figure(one)
            case Table():
                return self._table(one)
            case Subheading():
                if not plain(one.children).strip():
                    return Markup("<p>{}</p>").format(self.inlines(one.children))
                tag = f"h{self.heading_level(level + one.level)}"
                return Markup("<{0}>{1}</{0}>").format(tag, self.inlines(one.children))
            case _:
                assert_never(one)

    def _items(self, items: Iterable[ListItem], level: int) -> Markup:
        written = Markup("")
        for item in items:
            # One bare paragraph needs no <p>, which saves its style in every item of a mail.
            match item.blocks:
                case (Paragraph() as only,):
                    inside = self.inlines(only.children)
                case (Paragraph() as first, *rest):
                    inside = self.inlines(first.children) + self.blocks(rest, level=level)
                case blocks:
                    inside = self.blocks(blocks, level=level)
            written += Markup("<li>{}</li>").format(inside)
        return written

    def _figure(self, figure: Figure) -> Markup:
        picture = self.dress.pictures.get(figure.source)
        if picture is None:
            raise RenderingError(f"The picture {figure.source!r} is missing; put it with the manuscript.")
        width = min(picture.width, self.dress.widest)
        height = max(1, round(picture.height * width / picture.width))
        image = Markup('<img src="{}" alt="{}" width="{}" height="{}"/>').format(
            self.dress.picture_url(picture), figure.alt, width, height
        )
        caption = (
            Markup('<figcaption><p class="caption">{}</p></figcaption>').format(self.inlines(figure.caption))
            if figure.caption
            else ""
        )
        return Markup("<figure>{}{}</figure>").format(image, caption)

    def _table(self, table: Table) -> Markup:
        columns = max([len(table.header), *(len(row) for row in table.rows)], default=0)
        if not columns:
            return Markup("<p>{}</p>").format(self.inlines(table.caption)) if table.caption else Markup("")
        aligned = [*table.alignment, *["left"] * columns][:columns]
        caption = Markup("<caption>{}</caption>").format(self.inlines(table.caption)) if table.caption else ""
        head = Markup("<thead>{}</thead>").format(self._row(table.header, aligned, "th")) if table.header else ""
        body = Markup("").join(self._row(row, aligned, "td") for row in table.rows)
        written = Markup('<table class="data" cellspacing="0" cellpadding="0">{}{}<tbody>{}</tbody></table>').format(
            caption, head, body
        )
        if not self.dress.scrolling_tables:
            return written
        # What scrolls must be reachable by keyboard and have a name (WCAG 2.1.1, 4.1.2).
        name = ": ".join(filter(None, (self.words.table, plain(table.caption).strip())))
        return Markup('<div class="scroll" role="group" aria-label="{}" tabindex="0">{}</div>').format(name, written)

    def _row(self, cells: Iterable[Inlines], aligned: list[str], tag: str) -> Markup:
        given = list(cells)
        written = Markup("<tr>")
        for align, cell in zip(aligned, [*given, *[()] * (len(aligned) - len(given))], strict=True):
            # A heading without words heads nothing (WCAG 1.3.1).
            kind = tag if plain(cell).strip() else "td"
            scope = Markup(' scope="col"') if kind == "th" else ""
            written += Markup('<{0}{1} align="{2}">{3}</{0}>').format(kind, scope, align, self.inlines(cell))
        return written + Markup("</tr>")
