"""Runs of a Word file as rich text: Word's splinters joined, spaces outside of bold, links and notes in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from mammoth import documents

from newsletter.manuscripts.inline_tree import merged
from newsletter.manuscripts.richtext import (
    Break,
    Emphasis,
    Footnote,
    Inline,
    Inlines,
    Link,
    Strong,
    Subscript,
    Superscript,
    Text,
)

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a-\u202e]")
_LABEL = re.compile(r"^[^:：]{1,50}[:：]\xa0?|\xa0[:：]")
NO_BREAK_HYPHEN = "\u2011"
"""A hyphen like any other for whoever searches or proofs."""


def visible(text: str) -> str:
    """Return *text* without what nobody sees, such as soft hyphens."""
    return _INVISIBLE.sub("", text).replace(NO_BREAK_HYPHEN, "-")


@dataclass(frozen=True, slots=True)
class Splinter:
    """A stretch of text with one look; ``content`` is a break, a note or a picture instead of text."""

    text: str = ""
    url: str = ""
    strong: bool = False
    emphasis: bool = False
    script: str = ""
    content: Break | Footnote | documents.Image | None = None


NoteWords = Callable[[Any], Inlines]


def splinters_of(elements: Iterable[Any], notes: NoteWords, look: Splinter = Splinter()) -> Iterator[Splinter]:
    """Yield what mammoth read within a paragraph, in order; *notes* gives the words of a note's reference."""
    for element in elements:
        match element:
            case documents.Run():
                script = {"superscript": "sup", "subscript": "sub"}.get(element.vertical_alignment, "")
                own = replace(look, strong=element.is_bold, emphasis=element.is_italic, script=script)
                yield from splinters_of(element.children, notes, own)
            case documents.Hyperlink():
                yield from splinters_of(element.children, notes, replace(look, url=element.href or look.url))
            case documents.Text():
                yield replace(look, text=visible(element.value))
            case documents.Tab():
                yield replace(look, text=" ")
            case documents.Break():
                if element.break_type == "line":
                    yield replace(look, content=Break())
            case documents.Checkbox():
                yield replace(look, text="☒ " if element.checked else "☐ ")
            case documents.Image():
                yield replace(look, content=element)
            case documents.NoteReference():
                words = notes(element)
                if words:
                    yield Splinter(content=Footnote(words))


def inlines_of(splinters: Sequence[Splinter], *, plain: bool = False) -> Inlines:
    """Return splinters as rich text; *plain* leaves bold and italics out, as in headings. Pictures are left out."""
    words = [s for s in splinters if not isinstance(s.content, documents.Image)]
    if plain:
        words = [replace(s, strong=False, emphasis=False) for s in words]
    return merged(_trimmed(_built(_calm(words), ("url", "strong", "emphasis", "script"))))


def _calm(splinters: Sequence[Splinter]) -> list[Splinter]:
    """Take the look off bare spaces: Word leaves bold spaces and empty links behind."""
    calm: list[Splinter] = []
    for splinter in splinters:
        bare = not splinter.text.strip() and splinter.content is None
        if not splinter.text and splinter.content is None:
            continue
        if bare or isinstance(splinter.content, Footnote):
            calm.append(Splinter(splinter.text, content=splinter.content))
            continue
        lead = splinter.text[: len(splinter.text) - len(splinter.text.lstrip())]
        tail = splinter.text[len(splinter.text.rstrip()) :]
        if lead:
            calm.append(Splinter(lead))
        calm.append(replace(splinter, text=splinter.text.strip()))
        if tail:
            calm.append(Splinter(tail))
    # A space between two pieces of one look belongs to it: two bold runs are one.
    for at in range(1, len(calm) - 1):
        one, space, other = calm[at - 1 : at + 2]
        if space.content is None and not space.text.strip() and _look(one) == _look(other):
            calm[at] = replace(one, text=space.text, content=None)
    return calm


def _look(splinter: Splinter) -> tuple[str, bool, bool, str]:
    return splinter.url, splinter.strong, splinter.emphasis, splinter.script


def _built(splinters: Sequence[Splinter], fields: tuple[str, ...]) -> Inlines:
    if not fields:
        return tuple(splinter.content if _is_inline(splinter) else Text(splinter.text) for splinter in splinters)  # type: ignore[misc]
    built: list[Inline] = []
    for value, group in groupby(splinters, key=lambda splinter: getattr(splinter, fields[0])):
        inner = _built(list(group), fields[1:])
        match fields[0], value:
            case _, "" | False:
                built += inner
            case "url", str(url):
                built.append(Link(url, inner))
            case "strong", _:
                built.append(Strong(inner))
            case "emphasis", _:
                built.append(Emphasis(inner))
            case _, "sup":
                built.append(Superscript(inner))
            case _:
                built.append(Subscript(inner))
    return tuple(built)


def _is_inline(splinter: Splinter) -> bool:
    return isinstance(splinter.content, Break | Footnote)


def _trimmed(inlines: Inlines) -> list[Inline]:
    """Take spaces and breaks off both ends, and the hard space out of a label's colon."""
    trimmed = list(inlines)
    while trimmed and (isinstance(trimmed[0], Break) or (isinstance(trimmed[0], Text) and not trimmed[0].text.strip())):
        trimmed.pop(0)
    while trimmed and (
        isinstance(trimmed[-1], Break) or (isinstance(trimmed[-1], Text) and not trimmed[-1].text.strip())
    ):
        trimmed.pop()
    if trimmed and isinstance(trimmed[0], Text):
        trimmed[0] = Text(_LABEL.sub(lambda match: match.group().replace("\xa0", " "), trimmed[0].text.lstrip()))
    if trimmed and isinstance(trimmed[-1], Text):
        trimmed[-1] = Text(trimmed[-1].text.rstrip())
    return trimmed
