"""Keys: which section, entry, part, source, brief or person is which, across the revisions of one issue."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any, cast

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

Node = Document | Section | Article | BriefList | Note | Part | Source | Brief | PeopleGroup | Person
Keyed = Section | Article | BriefList | Note | Part | Source | Brief | PeopleGroup | Person
CHILDREN: dict[type, tuple[str, ...]] = {
    Document: ("sections", "people"),
    Section: ("entries",),
    Article: ("parts", "sources"),
    BriefList: ("briefs",),
    PeopleGroup: ("people",),
}
"""The fields of a node that hold nodes."""
ISSUE = ""
"""The key of the Document itself."""


def children(node: Node) -> Iterator[tuple[str, Keyed]]:
    """Yield the nodes directly below *node*, each with the name of the field that holds it."""
    for name in CHILDREN.get(type(node), ()):
        for child in getattr(node, name):
            yield name, child


def walk(node: Node) -> Iterator[Node]:
    """Yield *node* and every node below it in reading order."""
    yield node
    for _, child in children(node):
        yield from walk(child)


def find(document: Document, key: str) -> Node | None:
    """Return the node called *key*; the Document itself for an empty key."""
    if key == ISSUE:
        return document
    return next((node for node in walk(document) if not isinstance(node, Document) and node.key == key), None)


def path_to(document: Document, key: str) -> tuple[Node, ...]:
    """Return the nodes from the Document down to the one called *key*; empty if there is none."""

    def search(node: Node) -> tuple[Node, ...]:
        if key_of(node) == key:
            return (node,)
        for _, child in children(node):
            if below := search(child):
                return (node, *below)
        return ()

    return search(document)


def key_of(node: Node) -> str:
    """Return the node's key."""
    return ISSUE if isinstance(node, Document) else node.key


def rebuilt(node: Node, change: Callable[[Node], Node | None]) -> Node | None:
    """Return *node* with *change* applied to every node of it, the inner ones first; None takes a node out."""
    below: dict[str, Any] = {}
    for name in CHILDREN.get(type(node), ()):
        before = getattr(node, name)
        after = tuple(kept for child in before if (kept := rebuilt(child, change)) is not None)
        if len(after) != len(before) or any(one is not other for one, other in zip(before, after, strict=True)):
            below[name] = after
    return change(dataclasses.replace(node, **below) if below else node)


def keyed(document: Document, *, stem: str, like: Document | None = None) -> Document:
    """Return *document* with a key for every node: those it has, those of the node of *like* it stands for, new ones.

    *stem* begins each new key and must not have been used in this issue before. Without *like*, all keys are new: those
    of another issue mean nothing here. A node stands for one of *like* that has neither been matched nor kept its key,
    with the same words, else with the same title in the same place.
    """
    if like is None:
        document = cast("Document", rebuilt(document, lambda node: _named(node, "")))
    seen: set[str] = set()

    def first_of_its_key(node: Node) -> Node:
        if isinstance(node, Document) or not node.key:
            return node
        if node.key in seen:
            return _named(node, "")
        seen.add(node.key)
        return node

    document = cast("Document", rebuilt(document, first_of_its_key))
    if like is not None:
        document = cast("Document", _matched(document, like, seen))
    counter = 0

    def with_new(node: Node) -> Node:
        nonlocal counter
        if isinstance(node, Document) or node.key:
            return node
        counter += 1
        while f"{stem}-{counter}" in seen:
            counter += 1
        return _named(node, f"{stem}-{counter}")

    return cast("Document", rebuilt(document, with_new))


def _named(node: Node, key: str) -> Node:
    return node if isinstance(node, Document) or node.key == key else dataclasses.replace(node, key=key)


def _matched(node: Node, like: Node, seen: set[str]) -> Node:
    """Give the nodes below *node* the keys of those below *like* that they stand for."""
    below: dict[str, Any] = {}
    for name in CHILDREN.get(type(node), ()):
        members: Sequence[Keyed] = getattr(node, name)
        before: Sequence[Keyed] = getattr(like, name)
        below[name] = tuple(_pairs(members, before, seen))
    return dataclasses.replace(node, **below) if below else node


def _pairs(members: Sequence[Keyed], before: Sequence[Keyed], seen: set[str]) -> Iterator[Node]:
    known = {one.key: one for one in before}
    free = [one for one in before if one.key and one.key not in seen]
    partner: dict[int, Keyed] = {}
    open_ones = [(at, one) for at, one in enumerate(members) if not one.key]
    for sign in (lambda one: one, _sign):  # the same words first, then the same heading
        rest = [(at, one) for at, one in open_ones if at not in partner]
        left = [one for one in free if not any(one is other for other in partner.values())]
        matcher = SequenceMatcher(None, [sign(one) for one in left], [sign(one) for _, one in rest], autojunk=False)
        for start, to, size in matcher.get_matching_blocks():
            for step in range(size):
                partner[rest[to + step][0]] = left[start + step]
    for at, one in enumerate(members):
        other = partner.get(at) if not one.key else known.get(one.key)
        named = _named(one, other.key) if other is not None else one
        seen.add(key_of(named))
        yield _matched(named, other, seen) if other is not None and type(other) is type(one) else named


def _sign(node: Keyed) -> tuple[str, str]:
    """Return what a reader knows a node by."""
    match node:
        case Part(label=name) | Person(name=name):
            return type(node).__name__, name.casefold()
        case Brief():
            return "Brief", f"{node.date} {node.date_text}"
        case Source():
            return "Source", node.url or node.title
        case _:
            return type(node).__name__, node.title.casefold()
