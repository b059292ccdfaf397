"""Fields: every text of an issue by the name an editor changes it under, read and written as one string."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable
from typing import Any, cast

from newsletter.kit.errors import BadInput
from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Contact,
    Document,
    MailFormat,
    Note,
    Part,
    PeopleGroup,
    Period,
    Person,
    Publisher,
    Section,
    Source,
)
from newsletter.manuscripts.keys import Node
from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.richtext import Blocks, Inlines, Paragraph

LONGEST = 200_000
"""Characters of one field; an article has ten thousand."""
HEADING_OFFSET = 0
"""In a field of its own a subheading of level 1 is one ``#``."""
_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*)?\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")

NAMES: dict[type, tuple[str, ...]] = {
    Document: (
        "title", "organisation", "date", "period_first", "period_last", "language", "subject", "preheader", "format",
        "contact_label", "contact_address", "publisher_title", "publisher_lines",
    ),
    Section: ("title",),
    Article: ("number", "title"),
    Part: ("label", "text"),
    Source: (
        "label", "title", "original_title", "original_language", "url", "bodies_label", "bodies", "date_label", "date",
        "date_text",
    ),
    BriefList: ("title",),
    Brief: ("date", "date_text", "text"),
    Note: ("title", "text"),
    PeopleGroup: ("title",),
    Person: ("name", "role"),
}  # fmt: skip
"""The fields of each kind of node, in the order an editor meets them."""
RICH = {(Part, "text"), (Note, "text"), (Brief, "text")}
"""Fields that hold Markdown; all others are plain words."""


def read_field(node: Node, name: str) -> str:  # noqa: PLR0911  # one return for each shape of field
    """Return the field *name* of *node* as text; raise ``BadInput`` if it has none of that name."""
    _check_name(node, name)
    match node, name:
        case Brief(), "text":
            return write_inlines(node.text)
        case ((Part() | Note()), "text"):
            return write_blocks(node.blocks, heading_offset=HEADING_OFFSET)
        case Source(), "bodies":
            return "\n".join(node.bodies)
        case Document(), "period_first" | "period_last":
            return getattr(node.period, name.removeprefix("period_")).isoformat() if node.period else ""
        case Document(), "subject" | "preheader":
            return str(getattr(node.mailing, name))
        case Document(), "format":
            return node.mailing.format.value if node.mailing.format else ""
        case Document(), "contact_label" | "contact_address":
            return str(getattr(node.contact, name.removeprefix("contact_"))) if node.contact else ""
        case Document(), "publisher_title":
            return node.publisher.title if node.publisher else ""
        case Document(), "publisher_lines":
            return "\n".join(node.publisher.lines) if node.publisher else ""
        case _:
            value = getattr(node, name)
            return "" if value is None else value.isoformat() if isinstance(value, datetime.date) else str(value)


def with_field(node: Node, name: str, value: str) -> Node:  # noqa: PLR0911, PLR0912  # one branch for each shape
    """Return *node* with its field *name* set to *value*; raise ``BadInput`` for a value that cannot be used."""
    _check_name(node, name)
    if len(value) > LONGEST:
        raise BadInput(f"This text has more than {LONGEST:,} characters; divide it.")
    value = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    match node, name:
        case Brief(), "text":
            return dataclasses.replace(node, text=one_line(value))
        case ((Part() | Note()), "text"):
            return dataclasses.replace(node, blocks=blocks_in(value))
        case Source(), "bodies":
            return dataclasses.replace(node, bodies=_lines(value))
        case Document(), "period_first" | "period_last":
            return dataclasses.replace(node, period=_period(node, name, _date(value)))
        case Document(), "subject":
            return dataclasses.replace(node, mailing=dataclasses.replace(node.mailing, subject=_words(value)))
        case Document(), "preheader":
            return dataclasses.replace(node, mailing=dataclasses.replace(node.mailing, preheader=_words(value)))
        case Document(), "format":
            chosen = _parsed(MailFormat, value) if value.strip() else None
            return dataclasses.replace(node, mailing=dataclasses.replace(node.mailing, format=chosen))
        case Document(), "contact_label" | "contact_address":
            contact = node.contact or Contact("")
            contact = dataclasses.replace(contact, **{name.removeprefix("contact_"): _words(value)})
            return dataclasses.replace(node, contact=contact if contact.label or contact.address else None)
        case Document(), "publisher_title" | "publisher_lines":
            return dataclasses.replace(node, publisher=_publisher(node, name, value))
        case ((Document() | Source() | Brief()), "date"):
            return dataclasses.replace(node, date=_date(value))
        case Article(), "number":
            return dataclasses.replace(node, number=_number(value))
        case ((Document() | Source()), "language" | "original_language"):
            if not _LANGUAGE.match(value.strip()):
                raise BadInput(f"{value.strip()!r} is no language; write a code such as en, de or zh-Hans.")
            fallback = "en" if isinstance(node, Document) else ""
            return _plain(node, name, value.strip() or fallback)
        case _:
            return _plain(node, name, _words(value))


def _plain(node: Node, name: str, value: str) -> Node:
    changed: dict[str, Any] = {name: value}
    return dataclasses.replace(node, **changed)


def blocks_in(markdown: str) -> Blocks:
    """Return the blocks of a field's *markdown*, without lines: it is no manuscript that one could look them up in."""
    blocks, _ = read_blocks(markdown, heading_offset=HEADING_OFFSET)
    return cast("Blocks", _without_lines(blocks))


def one_line(markdown: str) -> Inlines:
    """Return the inlines of a one-line field's *markdown*."""
    inlines, _ = read_inlines(" ".join(markdown.split("\n")))
    return inlines


def _without_lines(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_without_lines, value))
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    names = {each.name for each in dataclasses.fields(value)}
    changed = {name: _without_lines(getattr(value, name)) for name in names - {"kind", "line"}}
    kind = Paragraph if isinstance(value, Paragraph) else type(value)
    return kind(**changed)


def _check_name(node: Node, name: str) -> None:
    if name not in NAMES[type(node)]:
        raise BadInput(f"A {type(node).__name__.lower()} has no field {name[:40]!r}.")


def _words(value: str) -> str:
    return " ".join(value.split("\n")).replace("\t", " ")


def _lines(value: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in value.split("\n") if line.strip())


def _parsed(kind: Callable[[str], Any], value: str) -> Any:
    try:
        return kind(value.strip())
    except ValueError as error:
        raise BadInput(f"{value.strip()[:40]!r} cannot stand here.") from error


def _date(value: str) -> datetime.date | None:
    if not value.strip():
        return None
    try:
        return datetime.date.fromisoformat(value.strip())
    except ValueError as error:
        raise BadInput(f"{value.strip()[:40]!r} is no date; write it as 2026-03-04.") from error


def _number(value: str) -> int | None:
    if not value.strip():
        return None
    if not re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        raise BadInput(f"{value.strip()[:40]!r} is no number; write digits, or nothing.")
    return int(value)


def _period(document: Document, name: str, date: datetime.date | None) -> Period | None:
    """Set one end of the period; an end that is empty or beyond the other takes the other along."""
    if date is None:
        return None
    old = document.period or Period(date, date)
    if name == "period_first":
        return Period(date, max(date, old.last))
    return Period(min(date, old.first), date)


def _publisher(document: Document, name: str, value: str) -> Publisher | None:
    old = document.publisher or Publisher("", ())
    if name == "publisher_title":
        new = dataclasses.replace(old, title=_words(value))
    else:
        new = dataclasses.replace(old, lines=_lines(value))
    return new if new.title or new.lines else None
