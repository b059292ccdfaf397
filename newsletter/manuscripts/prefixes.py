"""Run-in beginnings of a paragraph, taken off its inlines: a label (``At a glance:``) or a date (``February 4:``)."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from newsletter.manuscripts.dates import FoundDate, find_dates
from newsletter.manuscripts.richtext import Break, Emphasis, Footnote, Inline, Inlines, Strong, Text, plain

_DATE_HEAD = re.compile(r"\s*(.{3,48}?)[ \t\xa0]*(?:[:：]|\s[-–—](?=\s))[ \t\xa0]*")
_DATE_REST = re.compile(r"[\s\xa0\d.,()/–—-]*(?:(?:to|and|bis|und|until)[\s\xa0\d.,()/–—-]*)?")
_LABEL_HEAD = re.compile(r"\s*([^\s:：][^:：\n]{0,47}?)[ \t\xa0]*[:：][ \t\xa0]*(?!//)")


@dataclass(frozen=True, slots=True)
class DatedText:
    """A text that began with a date: the date, how it was written, the rest."""

    found: FoundDate
    written: str
    rest: Inlines


def drop_prefix(inlines: Inlines, characters: int) -> Inlines:
    """Return *inlines* without their first *characters* as ``plain`` counts them; markup left empty goes."""
    kept: list[Inline] = []
    left = characters
    for inline in inlines:
        if left <= 0:
            kept.append(inline)
            continue
        match inline:
            case Text(text=text):
                if len(text) > left:
                    kept.append(Text(text[left:]))
                left -= len(text)
            case Break():
                left -= 1
            case Footnote():
                kept.append(inline)
            case _:
                children = drop_prefix(inline.children, left)
                left -= len(plain(inline.children))
                if children:
                    kept.append(dataclasses.replace(inline, children=children))
    return stripped(tuple(kept))


def stripped(inlines: Inlines) -> Inlines:
    """Return *inlines* without plain space at their two ends."""
    kept = list(inlines)
    if kept and isinstance(kept[0], Text):
        kept[0] = Text(kept[0].text.lstrip(" \n\xa0"))
    if kept and isinstance(kept[-1], Text):
        kept[-1] = Text(kept[-1].text.rstrip(" \n\xa0"))
    return tuple(inline for inline in kept if not isinstance(inline, Text) or inline.text)


def split_date(inlines: Inlines) -> DatedText | None:
    """Return the date that *inlines* begin with; None if they do not begin with one and a colon or dash."""
    text = plain(inlines)
    match = _DATE_HEAD.match(text)
    if match and (found := _only_date(match.group(1))):
        return DatedText(found, match.group(1), drop_prefix(inlines, match.end()))
    match inlines:
        case (Strong(children=children) | Emphasis(children=children), *_) if found := _only_date(plain(children)):
            written = plain(children)
            return DatedText(found, written.strip(), drop_prefix(inlines, len(written)))
    return None


def _only_date(text: str) -> FoundDate | None:
    """Return the first date of *text* if it consists of dates, or a span of days, and nothing else."""
    dates = find_dates(text)
    if not dates:
        return None
    rest = "".join(character for at, character in enumerate(text) if not any(d.start <= at < d.end for d in dates))
    return dates[0] if _DATE_REST.fullmatch(rest) else None


def split_label(inlines: Inlines) -> tuple[str, Inlines, bool] | None:
    """Return a run-in label, the rest, and whether it was set apart in bold or italics; None if there is no label."""
    match inlines:
        case (Strong(children=children) | Emphasis(children=children), *after):
            head = plain(children).strip()
            following = plain(tuple(after)).lstrip()
            if len(head) <= 48 and (head.endswith((":", "：")) or following.startswith((":", "：")) or not following):
                label = head.rstrip(":： \xa0")
                rest = stripped(tuple(after))
                if following.startswith((":", "：")) and not head.endswith((":", "：")):
                    rest = drop_prefix(rest, 1)
                return (label, stripped(rest), True) if label and ":" not in label else None
    match = _LABEL_HEAD.match(plain(inlines))
    if not match:
        return None
    return match.group(1).strip(), drop_prefix(inlines, match.end()), False
