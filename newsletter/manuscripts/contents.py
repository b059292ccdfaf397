"""The manuscript's own table of contents: found, named in a Remark, and left out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.labels import known
from newsletter.manuscripts.lines import Line
from newsletter.manuscripts.pieces import Chunk
from newsletter.manuscripts.repairs import Finding

_LEADERS = re.compile(r"(?:\.{3,}|…+|(?:[ \t]\.){3,}|_{4,})[ \t]*\d{0,4}\s*$")
_PAGE = re.compile(r"(?:\t+|[ ]{2,})\d{1,4}\s*$")
_LONE_PAGE = re.compile(r"[ ]\d{1,4}\s*$")
_ANCHOR = re.compile(r"^\s*(?:[-*+]|\d+[.)])?\s*\[[^\]]*\]\(#[^)]*\)\s*$")
_ORNAMENT = re.compile(r"^[\s#*_]+|[\s*_:]+$")
_NUMBER = re.compile(r"^(?:[-*+]\s+)?(?:\d{1,3}[.)]\s+)?")


def drop_contents(chunks: Sequence[Chunk], house: HouseStyle, findings: list[Finding]) -> list[Chunk]:
    """Return *chunks* without the contents block; its every line becomes a Finding."""
    titles = {known(title) for title in house.contents_titles}
    last = _last(chunks)
    kept: list[Chunk] = []
    at = 0
    while at < len(chunks):
        chunk = chunks[at]
        if known(chunk[0].text) not in titles:
            leaders = sum(bool(_LEADERS.search(line.text)) for line in chunk)
            if leaders >= 2 and leaders * 2 >= len(chunk):
                _name(chunk, findings)
            else:
                kept.append(chunk)
            at += 1
            continue
        end = at + 1
        while end < len(chunks) and _is_contents(chunks[end], last, end):
            end += 1
        if end == at + 1 and not _is_contents(chunk[1:], last, at):
            kept.append(chunk)  # a heading called Contents over something else stays
        else:
            for dropped in chunks[at:end]:
                _name(dropped, findings)
        at = end
    return kept


def _last(chunks: Sequence[Chunk]) -> dict[str, int]:
    """The last chunk each line stands in, as titles are compared; the contents name titles that come again."""
    return {_title(line.text): at for at, chunk in enumerate(chunks) for line in chunk}


def _title(text: str) -> str:
    bare = _PAGE.sub("", _LEADERS.sub("", text))
    return known(_NUMBER.sub("", _ORNAMENT.sub("", bare)))


def _is_contents(chunk: Sequence[Line], last: dict[str, int], at: int) -> bool:
    """Say whether the chunk at position *at* is part of a contents block."""
    if not chunk:
        return False
    entries = sum(
        bool(_LEADERS.search(line.text) or _PAGE.search(line.text) or _ANCHOR.match(line.text)) for line in chunk
    )
    if entries * 2 > len(chunk):
        return True
    # Without page numbers a line is an entry if its title comes again further down; one alone may be that title.
    again = sum(
        max(last[_title(line.text)], last.get(_title(_LONE_PAGE.sub("", line.text)), -1)) > at for line in chunk
    )
    return entries + again > 1 and (entries + again) * 2 > len(chunk)


def _name(chunk: Chunk, findings: list[Finding]) -> None:
    findings.extend(Finding("contents-dropped", line.number, " ".join(line.text.split())) for line in chunk)
