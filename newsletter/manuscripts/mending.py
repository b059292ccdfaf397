"""Mending: sentences that an empty line tore in two are joined again, and named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from newsletter.manuscripts.briefs import shortened
from newsletter.manuscripts.inline_tree import merged
from newsletter.manuscripts.letters import CLOSING, SALUTATION
from newsletter.manuscripts.prefixes import split_date
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Block, Blocks, BulletList, Inlines, OrderedList, Paragraph, Text, plain

_EXPECTING = re.compile(
    r"(?:^|\s)(?:including|and|or|of|the|a|an|with|for|to|in|on|at|by|from|as|than|that|which|its|their|over|about|under|"
    r"einschließlich|und|oder|der|die|das|den|dem|des|mit|für|von|zu|zum|zur|im|am|auf|aus|bei|nach|als|dass|ein|eine|einen|rund)$",
    re.IGNORECASE,
)
"""Words after which a sentence goes on."""
_FINISHED = tuple('.!?:;…)]}”"»。！？：；）')


def mend(blocks: Sequence[Block], findings: list[Finding]) -> Blocks:
    """Join each paragraph that continues the unfinished sentence before it, in a paragraph or a list's last item."""
    mended: list[Block] = []
    for block in blocks:
        before = mended[-1] if mended else None
        if isinstance(block, Paragraph) and before is not None and (joined := _joined(before, block)):
            findings.append(Finding("split-sentence", block.line, _quote(block)))
            mended[-1] = joined
        elif isinstance(block, BulletList) and isinstance(before, BulletList):
            mended[-1] = replace(before, items=(*before.items, *block.items))
        else:
            mended.append(block)
    return tuple(mended)


def _quote(block: Paragraph) -> str:
    return shortened(plain(block.children))


def _joined(before: Block, rest: Paragraph) -> Block | None:
    """Return *before* with *rest* joined to its last sentence; None if that sentence is finished."""
    match before:
        case Paragraph(children=children) if _continues(children, rest, listed=False):
            return replace(before, children=merged((*children, Text(" "), *rest.children)))
        case BulletList(items=items) | OrderedList(items=items) if items and items[-1].blocks:
            last = items[-1].blocks[-1]
            if not isinstance(last, Paragraph) or not _continues(last.children, rest, listed=True):
                return None
            whole = replace(last, children=merged((*last.children, Text(" "), *rest.children)))
            item = replace(items[-1], blocks=(*items[-1].blocks[:-1], whole))
            return replace(before, items=(*items[:-1], item))
    return None


def _continues(children: Inlines, rest: Paragraph, *, listed: bool) -> bool:
    ending, beginning = plain(children).rstrip(), plain(rest.children).lstrip()
    if not ending or not beginning or ending.endswith(_FINISHED) or split_date(rest.children):
        return False
    if SALUTATION.fullmatch(ending) or CLOSING.fullmatch(ending):
        return False
    if beginning[0].islower() and not re.match(r"[a-z][A-Z]|https?://|www\.", beginning):
        return True
    if ending.endswith((",", "-", "–")):
        return beginning[0].isalnum()
    if _EXPECTING.search(ending):
        return True
    # Items of a list often end without a stop, so a number alone does not show that one goes on: its news line must.
    return listed and beginning[0].isdigit() and split_date(children) is not None
