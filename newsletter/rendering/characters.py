"""Characters: what of an author's text may stand in an edition; asked once of a whole value, before it is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from newsletter.kit.errors import RenderingError

RESERVED_HOST = "slot.invalid"
"""The host of every slot; in an author's text it could become somebody's personal link."""
MAX_DEPTH = 60
"""Levels of nesting (lists in quotes in lists, each field counting one): beyond this no person wrote it, and parsers of
HTML give up at 256."""

_SPACES = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
"""Every character that ends a line somewhere; a break inside text is a node of its own (Break)."""
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufeff]|[\U0001fffe-\U0001ffff\ufffe\uffff]"
)
_SURROGATES = re.compile(r"[\ud800-\udfff]")

Value = TypeVar("Value")


def printable(text: str) -> str:
    """Return *text* on one line, without control characters and noncharacters; a lone surrogate is a �."""
    return _SURROGATES.sub("\ufffd", _UNPRINTABLE.sub("", _SPACES.sub(" ", text)))


def fit_to_render(value: Value, *, edition: str) -> Value:
    """Return *value* (frozen dataclasses, tuples, strings) with every string printable.

    Raise ``RenderingError`` where it nests too deeply or holds what could be taken for a slot. The strings are looked
    at joined, because two of them may meet in the edition's text.
    """
    clean: Value = _printable_tree(value, edition, depth=0)
    joined = "".join(_strings(clean)).casefold()
    if RESERVED_HOST in joined:
        at = joined.index(RESERVED_HOST)
        raise RenderingError(
            f"The {edition} edition cannot be made: the text {joined[max(0, at - 20) : at + 30]!r} names "
            f"{RESERVED_HOST}, which is kept for the links of each reader; write it another way."
        )
    return clean


def _printable_tree(value: Any, edition: str, *, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise RenderingError(
            f"The {edition} edition cannot be made: its lists or quotes are nested too deeply; take them apart."
        )
    if isinstance(value, str):
        # An enumeration's member is a str too, and stays what it is.
        return printable(value) if type(value) is str else value
    if isinstance(value, tuple):
        return tuple(_printable_tree(one, edition, depth=depth + 1) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            one.name: _printable_tree(getattr(value, one.name), edition, depth=depth + 1)
            for one in fields(value)
            if one.name not in ("kind", "line", "key")
        }
        return replace(value, **changed)
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _strings(one)
    elif is_dataclass(value):
        for one in fields(value):
            if one.name not in ("kind", "key"):
                yield from _strings(getattr(value, one.name))
