"""Page furniture: page numbers, and the running heads beside them, that a PDF's text carries between its lines."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from newsletter.manuscripts.pieces import Chunk
from newsletter.manuscripts.repairs import Finding

_NUMBER = re.compile(
    r"(?:page|seite|p\.|s\.)?\s*[-–—|]?\s*(\d{1,3})\s*[-–—|]?(?:\s*(?:/|of|von)\s*\d{1,3})?", re.IGNORECASE
)
_MOST_LINES = 3
"""Lines that a page's foot and the next one's head have together; a longer paragraph is text."""


def drop_furniture(chunks: Sequence[Chunk], findings: list[Finding]) -> list[Chunk]:
    """Return *chunks* without page furniture; its every line becomes a Finding.

    A lone number is a page's only if two or more stand in the manuscript and each is larger than the one before it.
    """
    pages = {at: number for at, chunk in enumerate(chunks) if (number := _page(chunk)) is not None}
    numbers = list(pages.values())
    if len(numbers) < 2 or any(next_one <= number for number, next_one in itertools.pairwise(numbers)):
        return list(chunks)
    heads = _heads(chunks, pages)
    kept: list[Chunk] = []
    for at, chunk in enumerate(chunks):
        beside = at in pages or (len(chunk) == 1 and (at - 1 in pages or at + 1 in pages))
        dropped = [
            line for line in chunk if beside and (line.text.strip() in heads or (at in pages and _is_page(line.text)))
        ]
        findings.extend(Finding("page-furniture", line.number, line.text.strip()) for line in dropped)
        if rest := tuple(line for line in chunk if line not in dropped):
            kept.append(rest)
    return kept


def _page(chunk: Chunk) -> int | None:
    """Return the page number that *chunk* has as its first or last line."""
    if len(chunk) > _MOST_LINES:
        return None
    match = _NUMBER.fullmatch(chunk[-1].text.strip()) or _NUMBER.fullmatch(chunk[0].text.strip())
    return int(match.group(1)) if match else None


def _is_page(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text.strip()))


def _heads(chunks: Sequence[Chunk], pages: dict[int, int]) -> set[str]:
    """The lines that stand beside more than one page number."""
    beside: Counter[str] = Counter()
    for at in pages:
        near = {line.text.strip() for line in chunks[at] if not _is_page(line.text)}
        for other in (at - 1, at + 1):
            if 0 <= other < len(chunks) and len(chunks[other]) == 1 and other not in pages:
                near.add(chunks[other][0].text.strip())
        beside.update(near)
    return {text for text, times in beside.items() if times > 1}
