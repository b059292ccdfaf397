"""Changes: what an editor does to an issue's structure and fields, as values that apply to a Document."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Document,
    Note,
    Part,
    PeopleGroup,
    Person,
    Section,
    Source,
)
from newsletter.manuscripts.fields import with_field
from newsletter.manuscripts.keys import CHILDREN, Keyed, Node, children, find, key_of, path_to, rebuilt


class Kind(StrEnum):
    """What can be added to an issue."""

    SECTION = "section"
    """A titled part of the issue."""
    ARTICLE = "article"
    """A feature."""
    BRIEFS = "briefs"
    """A list of dated news lines."""
    NOTE = "note"
    """Free text."""
    PART = "part"
    """A labelled stretch of an article."""
    SOURCE = "source"
    """Where an article's news comes from."""
    BRIEF = "brief"
    """One dated news line."""
    GROUP = "group"
    """A heading with people under it."""
    PERSON = "person"
    """Somebody named on the last page."""


@dataclass(frozen=True, slots=True)
class SetField:
    """Give a field of the node *key* a new value."""

    key: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Add:
    """Put a new, empty node below *parent*: behind its child *after*, first where that is empty, last where None."""

    kind: Kind
    parent: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """Take the node *key* to *parent*, behind its child *after*; first where that is empty."""

    key: str
    parent: str
    after: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """Take the node *key* out, with everything below it."""

    key: str


Change = SetField | Add | Move | Remove

_NEW: dict[Kind, tuple[str, Keyed]] = {
    Kind.SECTION: ("sections", Section("")),
    Kind.ARTICLE: ("entries", Article("", (Part(()),))),
    Kind.BRIEFS: ("entries", BriefList("")),
    Kind.NOTE: ("entries", Note()),
    Kind.PART: ("parts", Part(())),
    Kind.SOURCE: ("sources", Source("")),
    Kind.BRIEF: ("briefs", Brief(())),
    Kind.GROUP: ("people", PeopleGroup("")),
    Kind.PERSON: ("people", Person("")),
}
_HOMES: dict[type, tuple[type, str]] = {
    Section: (Document, "sections"),
    PeopleGroup: (Document, "people"),
    Article: (Section, "entries"),
    BriefList: (Section, "entries"),
    Note: (Section, "entries"),
    Part: (Article, "parts"),
    Source: (Article, "sources"),
    Brief: (BriefList, "briefs"),
    Person: (PeopleGroup, "people"),
}
"""Where a node may stand: below which kind, in which of its fields."""


def apply(document: Document, change: Change, *, new_key: str = "") -> Document:
    """Return *document* with *change* made; a node that is added gets *new_key*.

    Raises ``NotFound`` where a node the change names is gone, ``BadInput`` where it cannot be made at all.
    """
    match change:
        case SetField(key, name, value):
            return _with(document, key, lambda node: with_field(node, name, value))
        case Add(kind, parent, after):
            slot, blank = _NEW[kind]
            node = rekeyed(blank, new_key)
            return insert(document, node, parent, last_of(document, parent, slot) if after is None else after)
        case Move(key, parent, after):
            moved = required(document, key)
            if isinstance(moved, Document) or any(key_of(one) == key for one in path_to(document, parent)):
                raise BadInput("This cannot be moved there.")
            return insert(without(document, key), moved, parent, "" if after == key else after)
        case Remove(key):
            if isinstance(required(document, key), Document):
                raise BadInput("An issue cannot be taken out of itself.")
            return without(document, key)


def required(document: Document, key: str) -> Node:
    """Return the node *key*; raise ``NotFound`` if it is gone."""
    node = find(document, key)
    if node is None:
        raise NotFound("What this change belongs to is no longer in the issue.")
    return node


def without(document: Document, key: str) -> Document:
    """Return *document* without the node *key*."""
    return cast("Document", rebuilt(document, lambda node: None if key_of(node) == key and key else node))


def insert(document: Document, node: Keyed, parent: str, after: str) -> Document:
    """Put *node* below *parent*, behind *after*; at the end where *after* is not there, first where it is empty."""
    kind, slot = _HOMES[type(node)]
    host = required(document, parent)
    if type(host) is not kind:
        raise BadInput(f"A {type(node).__name__.lower()} cannot stand below a {type(host).__name__.lower()}.")
    members = list(getattr(host, slot))
    at = next((at for at, one in enumerate(members, 1) if one.key == after), len(members)) if after else 0
    members.insert(at, node)
    changed: dict[str, Any] = {slot: tuple(members)}
    return _with(document, parent, lambda one: cast("Node", dataclasses.replace(one, **changed)))


def last_of(document: Document, parent: str, slot: str) -> str:
    """Return the key of the last node below *parent* in *slot*, empty if there is none."""
    members = getattr(required(document, parent), slot, ())
    return members[-1].key if members else ""


def before_it(document: Document, key: str) -> tuple[str, list[str]]:
    """Return the key of the parent of the node *key*, and the keys of the nodes before it there, nearest first."""
    *_, host, node = path_to(document, key)
    slot = _HOMES[type(node)][1]
    members = [one.key for name, one in children(host) if name == slot]
    return key_of(host), members[: members.index(key)][::-1]


def step(document: Document, key: str, by: int) -> Move | None:
    """Return the move that takes the node *key* one place up (-1) or down (1); None where it cannot go further.

    An entry at the edge of its section goes into the section beside it.
    """
    path = path_to(document, key)
    if len(path) < 2:
        raise NotFound("What this change belongs to is no longer in the issue.")
    host, node = path[-2], path[-1]
    slot = _HOMES[type(node)][1]
    members = [one.key for name, one in children(host) if name == slot]
    at = members.index(key) + by
    if 0 <= at < len(members):
        rest = [one for one in members if one != key]
        return Move(key, key_of(host), rest[at - 1] if at else "")
    if slot != "entries":
        return None
    sections = list(document.sections)
    beside = [one.key for one in sections].index(key_of(host)) + by
    if not 0 <= beside < len(sections):
        return None
    section = sections[beside]
    return Move(key, section.key, section.entries[-1].key if by < 0 and section.entries else "")


def rekeyed(node: Keyed, key: str) -> Keyed:
    """Return a new node under *key*, what is below it numbered from there."""
    below: dict[str, Any] = {
        name: tuple(rekeyed(child, f"{key}.{at}" if key else "") for at, child in enumerate(getattr(node, name), 1))
        for name in CHILDREN.get(type(node), ())
    }
    return dataclasses.replace(node, key=key, **below)


def _with(document: Document, key: str, change: Any) -> Document:
    required(document, key)
    return cast("Document", rebuilt(document, lambda node: change(node) if key_of(node) == key else node))
