"""Teasers: the first lines of an entry, for mails that only announce it."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.manuscripts.document import Article, BriefList, Entry, Note
from newsletter.manuscripts.richtext import Block, Blocks, Paragraph, plain

LONGEST = 280
"""Characters of a teaser: some four lines of a mail."""


def teaser(entry: Entry) -> str:
    """Return the first lines of *entry* without markup; cut at a word, with an ellipsis where more follows."""
    match entry:
        case Article():
            return _cut(_first_words(part.blocks for part in entry.parts))
        case BriefList():
            return _cut(" · ".join(plain(brief.text) for brief in entry.briefs))
        case Note():
            return _cut(_first_words([entry.blocks]))


def _first_words(stretches: Iterable[Blocks]) -> str:
    for blocks in stretches:
        for block in blocks:
            words = _words(block)
            if words:
                return words
    return ""


def _words(block: Block) -> str:
    match block.kind:
        case "paragraph":
            assert isinstance(block, Paragraph)
            return plain(block.children).strip()
        case "bullets" | "numbers":
            return " · ".join(filter(None, (_first_words([item.blocks]) for item in block.items)))
        case "quote":
            return _first_words([block.blocks])
        case _:
            return ""


def _cut(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        # A colon promises the list that the teaser leaves out.
        return f"{text[:-1]} …" if text.endswith(":") else text
    words, space, _ = text[:LONGEST].rpartition(" ")
    return f"{words.rstrip(' ,;:–-') if space else text[:LONGEST]} …"
