"""Merging: changes made to one revision, brought into another that came since, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from newsletter.kit.errors import NotFound
from newsletter.manuscripts.changes import Add, Change, Move, Remove, SetField, apply, before_it, insert
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.fields import NAMES, read_field, with_field
from newsletter.manuscripts.keys import Node, find, key_of, walk


@dataclass(frozen=True, slots=True)
class Clash:
    """A change that meets another one made since: both versions, for a person to choose."""

    change: Change
    base: str
    """The field as it was when the change was begun; empty where structure is concerned."""
    theirs: str | None
    """The field as somebody else has left it; None where they took its node out."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The document with every change that could be made, the clashes, and the keys of what was added."""

    document: Document
    clashes: tuple[Clash, ...]
    added: tuple[str, ...]


def merge(base: Document, current: Document, changes: Sequence[Change], *, stem: str) -> Merged:
    """Apply *changes*, which were made to *base*, to *current*; new nodes are called after *stem*.

    A field changed on both sides to different words is a Clash, and so is a change to a node that the other side took
    out, or taking out a node in which the other side changed something. Raises ``BadInput`` for what cannot be made.
    """
    document = current
    clashes: list[Clash] = []
    added: list[str] = []
    for change in changes:
        if _says_nothing(base, change):
            continue
        clash = _clash(base, current, document, change)
        if clash is not None:
            clashes.append(clash)
            continue
        key = f"{stem}-{len(added) + 1}n" if isinstance(change, Add) else ""
        try:
            document = apply(document, change, new_key=key)
        except NotFound:
            clashes.append(Clash(change, "", None))
            continue
        if key:
            added.append(key)
    return Merged(document, tuple(clashes), tuple(added))


def _clash(base: Document, current: Document, document: Document, change: Change) -> Clash | None:
    match change:
        case SetField(key, name, value):
            was, now = find(base, key), find(current, key)
            before = read_field(was, name) if was else ""
            if now is None or find(document, key) is None:
                return Clash(change, before, None)
            theirs = read_field(now, name)
            return Clash(change, before, theirs) if theirs not in {before, _written(now, name, value)} else None
        case Remove(key):
            was, now = find(base, key), find(current, key)
            if was is None or now is None or _words(was) == _words(now):
                return None
            return Clash(change, "", "\n\n".join(text for text in _words(now).values() if text))
        case Add() | Move():
            return None
        case _:
            assert_never(change)


def _says_nothing(base: Document, change: Change) -> bool:
    """Tell whether *change* sets a field to what it was: a form sends all, and that must not undo others' work."""
    if not isinstance(change, SetField):
        return False
    was = find(base, change.key)
    return was is not None and _written(was, change.name, change.value) == read_field(was, change.name)


def _written(node: Node, name: str, value: str) -> str:
    """Return *value* as it would be read back."""
    return read_field(with_field(node, name, value), name)


def _words(node: Node) -> dict[tuple[str, str], str]:
    """Every field of *node* and of what is below it, by key and name."""
    return {(key_of(one), name): read_field(one, name) for one in walk(node) for name in NAMES[type(one)]}


def changed_fields(before: Document, after: Document) -> dict[tuple[str, str], str]:
    """Return the fields of *after* that *before* has with another value: (key, name) → value."""
    old = _words(before)
    return {place: text for place, text in _words(after).items() if place in old and old[place] != text}


def same_structure(before: Document, after: Document) -> bool:
    """Tell whether both have the same nodes in the same order."""
    return [key_of(one) for one in walk(before)] == [key_of(one) for one in walk(after)]


def put_back(base: Document, current: Document, key: str) -> Document:
    """Return *current* with the node *key* of *base* in it again, behind what was before it; as it is if it is there.

    Raises ``NotFound`` if *base* has no such node, or the node it stood below is gone as well.
    """
    node = find(base, key)
    if node is None or isinstance(node, Document):
        raise NotFound("This is not in the version it should be taken from.")
    if find(current, key) is not None:
        return current
    parent, before = before_it(base, key)
    after = next((one for one in before if find(current, one) is not None), "")
    return insert(current, node, parent, after)
