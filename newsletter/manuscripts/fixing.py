"""Fixing: the changes that mend what a Remark names, where a machine can."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, cast

from newsletter.manuscripts.changes import SetField
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.fields import HEADING_OFFSET, NAMES, RICH, read_field
from newsletter.manuscripts.keys import Node, find
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.places import passages
from newsletter.manuscripts.remarks import Fix, Remark
from newsletter.manuscripts.richtext import Figure, Text

ADDRESSES = frozenset({"url", "contact_address", "language", "original_language", "format"})
"""Fields that are no words: a spelling is not mended in them."""


def fixes_of(document: Document, remark: Remark) -> tuple[SetField, ...]:
    """Return the changes that mend *remark* in *document*: none where its words stand no more, or across markup."""
    values: dict[tuple[str, str], str] = {}
    for place in remark.places:
        if place.fix is None:
            continue
        keys = {one.key for one in passages(document) if one.path == place.path and place.fix.wrong in one.words}
        for key in sorted(keys):
            node = find(document, key)
            if node is not None:
                values |= {(key, name): value for name, value in _mended(node, _all_at(remark, place.path))}
    return tuple(SetField(key, name, value) for (key, name), value in values.items())


def _all_at(remark: Remark, path: str) -> tuple[Fix, ...]:
    """Return everything that is to be mended at *path*: a field is written once, with all of it."""
    return tuple(dict.fromkeys(place.fix for place in remark.places if place.fix and place.path == path))


def _mended(node: Node, fixes: tuple[Fix, ...]) -> Iterator[tuple[str, str]]:
    for name in NAMES[type(node)]:
        if name in ADDRESSES:
            continue
        before = read_field(node, name)
        if (type(node), name) not in RICH:
            after = _right(before, fixes)
        elif name == "text" and hasattr(node, "blocks"):
            after = write_blocks(_throughout(node.blocks, fixes), heading_offset=HEADING_OFFSET)
        else:
            after = write_inlines(_throughout(getattr(node, name), fixes))
        if after != before:
            yield name, after


def _right(words: str, fixes: tuple[Fix, ...]) -> str:
    for fix in fixes:
        words = re.sub(rf"(?<!\w){re.escape(fix.wrong)}(?!\w)", fix.right.replace("\\", r"\\"), words)
    return words


def _throughout(value: Any, fixes: tuple[Fix, ...]) -> Any:
    """Return rich text with its words mended; addresses, and names of pictures, stay as they are."""
    match value:
        case Text(text=text):
            return Text(_right(text, fixes))
        case tuple():
            return tuple(_throughout(member, fixes) for member in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
            changed = {name: _throughout(one, fixes) for name, one in fields.items() if isinstance(one, tuple)}
            if isinstance(value, Figure):
                changed["alt"] = _right(value.alt, fixes)
            return dataclasses.replace(cast("Any", value), **changed)
        case _:
            return value
