"""The view of the editor: the outline of an issue, and one entry of it as fields to be filled in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from newsletter.kit.catalogue import N_
from newsletter.manuscripts.changes import Kind, SetField
from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Document,
    MailFormat,
    Note,
    Part,
    PeopleGroup,
    Person,
    Section,
    Source,
)
from newsletter.manuscripts.fields import NAMES, RICH, read_field
from newsletter.manuscripts.keys import Node, children, find, key_of
from newsletter.manuscripts.places import title_of

SEPARATOR = "|"
"""Between key and name in the name of a form's field."""
FORMATS = (
    ("", N_("As the newsletter has it")), (MailFormat.FULL.value, N_("The whole issue")),
    (MailFormat.TEASER.value, N_("First lines with links")), (MailFormat.PDF_ONLY.value, N_("A note with the PDF")),
)  # fmt: skip
WIDE = frozenset({"title", "text", "url", "original_title", "subject", "preheader", "publisher_lines", "bodies"})
"""Fields that take the whole width."""
KINDS: dict[type, str] = {
    Document: N_("The issue"),
    Section: N_("Section"),
    Article: N_("Article"),
    Part: N_("Part"),
    Source: N_("Source"),
    BriefList: N_("Briefs"),
    Brief: N_("Brief"),
    Note: N_("Text"),
    PeopleGroup: N_("People"),
    Person: N_("Person"),
}
LABELS: dict[str, str] = {
    "title": N_("Title"),
    "organisation": N_("Name over the title"),
    "date": N_("Date"),
    "period_first": N_("Period from"),
    "period_last": N_("Period to"),
    "language": N_("Language of the text"),
    "subject": N_("Subject of the mail"),
    "preheader": N_("First line shown in the inbox"),
    "format": N_("What the mail carries"),
    "contact_label": N_("Label of the contact"),
    "contact_address": N_("Contact address"),
    "publisher_title": N_("Heading of the publisher's block"),
    "publisher_lines": N_("Publisher, one line a row"),
    "number": N_("Number"),
    "label": N_("Label"),
    "text": N_("Text"),
    "original_title": N_("Original title"),
    "original_language": N_("Original language"),
    "url": N_("Link"),
    "bodies_label": N_("Label of the bodies"),
    "bodies": N_("Issuing bodies, one a line"),
    "date_label": N_("Label of the date"),
    "date_text": N_("Date as it should be read"),
    "name": N_("Name"),
    "role": N_("Role"),
}
ADDITIONS: dict[type, tuple[tuple[Kind, str], ...]] = {
    Document: ((Kind.SECTION, N_("Add a section")), (Kind.GROUP, N_("Add a heading with people"))),
    Section: (
        (Kind.ARTICLE, N_("Add an article")), (Kind.BRIEFS, N_("Add a list of briefs")), (Kind.NOTE, N_("Add a text")),
    ),
    Article: ((Kind.PART, N_("Add a part")), (Kind.SOURCE, N_("Add a source"))),
    BriefList: ((Kind.BRIEF, N_("Add a brief")),),
    PeopleGroup: ((Kind.PERSON, N_("Add a person")),),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    id: str
    label: str
    value: str
    shape: str
    """``line``, ``date``, ``lines``, ``text`` (Markdown), ``passage`` (Markdown of one paragraph) or ``format``."""
    wide: bool


@dataclass(frozen=True, slots=True)
class Block:
    """One node with its fields; ``own`` says that it is what the page is about and not below it."""

    key: str
    kind: str
    fields: tuple[Field, ...]
    own: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the outline."""

    key: str
    kind: str
    title: str
    level: int
    here: bool
    marks: int
    """Findings and open comments there."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the editor."""

    key: str
    kind: str
    title: str
    movable: bool
    reviewable: bool
    blocks: tuple[Block, ...]
    additions: tuple[tuple[str, str], ...]


def sheet(document: Document, key: str) -> Sheet:
    """Return the page for the node *key*; the issue's own where it is not there (any more)."""
    node = find(document, key) or document
    blocks = [_block(node, own=True)]
    if isinstance(node, Article | BriefList | PeopleGroup):
        blocks += [_block(child, own=False) for _, child in children(node)]
    return Sheet(
        key_of(node),
        KINDS[type(node)],
        _title(node),
        not isinstance(node, Document),
        isinstance(node, Article | BriefList | Note),
        tuple(blocks),
        tuple((f"add:{kind}:{key_of(node)}", label) for kind, label in ADDITIONS.get(type(node), ())),
    )


def outline(document: Document, here: str, marks: Iterable[str]) -> list[Line]:
    """Return the lines of the outline; *marks* are the keys of the pages that findings and comments stand on."""
    counted = Counter(marks)

    def lines(node: Node, level: int) -> Iterator[Line]:
        key = key_of(node)
        yield Line(key, KINDS[type(node)], _title(node), level, key == here, counted[key])
        if isinstance(node, Document | Section):
            for _, child in children(node):
                yield from lines(child, level + 1)

    return list(lines(document, 0))


def changes_of(fields: Mapping[str, str]) -> list[SetField]:
    """Return what a form of the editor says about fields."""
    named = ((*name.partition(SEPARATOR), value) for name, value in fields.items() if SEPARATOR in name)
    return [SetField(key, name, value) for key, _, name, value in named]


def label_of(name: str) -> str:
    """Return what the field *name* is called on screens, in English."""
    return LABELS.get(name, name)


def _block(node: Node, *, own: bool) -> Block:
    key = key_of(node)
    fields = tuple(
        Field(f"{key}{SEPARATOR}{name}", LABELS[name], read_field(node, name), _shape(node, name), name in WIDE)
        for name in NAMES[type(node)]
    )
    return Block(key, KINDS[type(node)], fields, own)


def _shape(node: Node, name: str) -> str:
    if (type(node), name) in RICH:
        return "passage" if isinstance(node, Brief) else "text"
    if name in {"bodies", "publisher_lines"}:
        return "lines"
    if name in {"date", "period_first", "period_last"}:
        return "date"
    return "format" if name == "format" else "line"


def _title(node: Node) -> str:
    match node:
        case Document() | Section() | PeopleGroup():
            return node.title
        case Article() | BriefList() | Note():
            return title_of(node)
        case _:
            return ""
