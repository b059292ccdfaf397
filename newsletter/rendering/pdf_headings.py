"""Heading levels without gaps: PDF/UA refuses to go from a second level to a fourth (ISO 14289-1 §7.4.2)."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.rendering.pdf_richtext import Data

TITLE = 1
DEEPEST = 6


def number_levels(sections: list[Data]) -> None:
    """Give every titled entry and every subheading in *sections* its ``level``, in reading order.

    The issue's title is 1, a section's 2, an entry's 3 or, in a section without title, 2; a subheading stands as far
    below as it asks for, but never more than one level below what was last said.
    """
    for section in sections:
        parent = TITLE + 1 if section["title"] else TITLE
        for entry in section["entries"]:
            last = base = parent
            if entry["title"]:
                last = base = entry["level"] = parent + 1
            for subheading in _subheadings(entry):
                wanted = base + max(subheading["level"], 1)
                last = subheading["level"] = min(wanted, last + 1, DEEPEST)


def _subheadings(entry: Data) -> Iterator[Data]:
    for part in entry.get("parts", [entry]):
        yield from _within(part.get("blocks", []))


def _within(blocks: list[Data]) -> Iterator[Data]:
    for block in blocks:
        match block["kind"]:
            case "subheading":
                yield block
            case "quote":
                yield from _within(block["blocks"])
            case "bullets" | "numbers":
                for item in block["items"]:
                    yield from _within(item)
