"""Briefs: lists of dated news lines, and the repair of lines that fell out of them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from newsletter.manuscripts.dates import dated
from newsletter.manuscripts.document import Brief, Period
from newsletter.manuscripts.prefixes import DatedText, split_date
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import (
    Block,
    Break,
    BulletList,
    Inline,
    Inlines,
    ListItem,
    OrderedList,
    Paragraph,
    Text,
    plain,
)

EVENT_TITLES = re.compile(
    r"\b(?:events?|calendar|upcoming|dates|save the date|veranstaltung(?:en)?|termine|kalender)\b", re.IGNORECASE
)
"""Sections whose dated lists announce what comes, and are no news."""
_QUOTE_LENGTH = 90


def are_briefs(blocks: Sequence[Block]) -> bool:
    """Say whether *blocks* are a list of briefs: they begin with a list or a dated line, and most items have dates."""
    if not blocks or not isinstance(blocks[0], BulletList | OrderedList | Paragraph):
        return False
    dated_items = plain_items = others = 0
    for block in blocks:
        match block:
            case BulletList(items=items) | OrderedList(items=items):
                for item in items:
                    has_date = _date_of(item) is not None
                    dated_items += has_date
                    plain_items += not has_date
            case Paragraph(children=children) if split_date(children):
                others += 1
            case _:
                return False
    return dated_items > plain_items and dated_items >= others


def briefs_of(
    blocks: Sequence[Block], *, period: Period | None, issue_date: datetime.date | None, findings: list[Finding]
) -> tuple[Brief, ...]:
    """Return the briefs in *blocks*, of which ``are_briefs`` is true; a dated paragraph is one that lost its bullet."""
    briefs: list[Brief] = []

    def add(inlines: Inlines, line: int | None) -> None:
        head = split_date(inlines)
        if head is None:
            briefs.append(Brief(inlines, line=line))
            return
        date = dated(head.found, period=period, issue_date=issue_date)
        briefs.append(Brief(head.rest, date, _written(head), line=line))

    for block in blocks:
        match block:
            case BulletList(items=items) | OrderedList(items=items):
                for item in items:
                    add(flat(item.blocks), item.line)
            case Paragraph(children=children, line=line):
                words = plain(children)
                findings.append(Finding("stray-brief", line, shortened(words)))
                add(children, line)
    return tuple(briefs)


def shortened(words: str) -> str:
    """Return the beginning of *words*, for a quote."""
    words = " ".join(words.split())
    if len(words) <= _QUOTE_LENGTH:
        return words
    return words[:_QUOTE_LENGTH].rsplit(" ", 1)[0] + " …"


def _written(head: DatedText) -> str:
    return head.written.strip(" :：*_")


def _date_of(item: ListItem) -> DatedText | None:
    match item.blocks:
        case (Paragraph(children=children), *_):
            return split_date(children)
    return None


def flat(blocks: Sequence[Block]) -> Inlines:
    """Return the words of *blocks* as one run of inlines, breaks between the blocks."""
    run: list[Inline] = []
    for block in blocks:
        if run:
            run.append(Break())
        match block.kind:
            case "paragraph" | "subheading":
                run += block.children
            case "bullets" | "numbers":
                for n, item in enumerate(block.items):
                    run += [Break()] if n else []
                    run += flat(item.blocks)
            case "quote":
                run += flat(block.blocks)
            case "figure":
                run += [Text(f"{block.alt} ({block.source}) ".lstrip()), *block.caption]
            case "table":
                cells = [cell for row in (block.header, *block.rows) for cell in row] + [block.caption]
                for n, cell in enumerate(cells):
                    run += [Text(" ")] if n else []
                    run += cell
    return tuple(run)
