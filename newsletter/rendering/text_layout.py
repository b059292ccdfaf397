"""Layout of plain text: columns counted as a terminal shows them, lines wrapped, tables drawn."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

WIDTH = 72
"""Columns of a line (RFC 3676 §4.2 advises 66 to 78)."""
JOINT = "\ufdd0"
"""Stands for a space at which no line may end; a noncharacter, so that no author's text can hold it."""
_WIDE = (
    "\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f"
    "\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff\U00020000-\U0003ffff"
)
# Between Chinese characters a line may end anywhere, but none begins with closing punctuation or ends with opening.
_OPENING = "（《〈「『【〔［｛“‘"
_CLOSING = "）》〉」』】〕］｝”’，。、；：？！…—"
_PIECES = re.compile(f"[{_OPENING}]*(?:[{_WIDE}]|[^{_WIDE}]+)[{_CLOSING}]*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def columns(text: str) -> int:
    """Return how many columns *text* takes: Chinese two each, combining marks none."""
    return len(text) if text.isascii() else sum(_columns_of(character) for character in text)


@lru_cache(maxsize=4096)
def _columns_of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, *, first: str = "", rest: str | None = None, width: int = WIDTH) -> str:
    """Return *text* in lines of at most *width* columns, each begun with *first* or *rest*; a newline in it stays.

    Nothing that could be a URL and no Latin word is ever broken: what is too long for a line stands out of it.
    """
    rest = first if rest is None else rest
    lines: list[str] = []
    for stretch in text.split("\n"):
        line, begun = (rest if lines else first), False
        for glue, piece in _pieces(stretch):
            room = width - columns(line)
            if begun and columns(glue) + columns(piece) > room:
                lines.append(line.rstrip(" "))
                line, begun = rest, False
            line += (glue if begun else "") + piece
            begun = True
        lines.append(line.rstrip(" "))
    return "\n".join(lines)


def _pieces(text: str) -> Iterable[tuple[str, str]]:
    """Yield each unbreakable piece with what joins it to the one before: a space or nothing."""
    for word in text.split(" "):
        if not word:
            continue
        glue = " "
        for piece in [word] if _URL.match(word) else _PIECES.findall(word) or [word]:
            yield glue, piece
            glue = ""


def underlined(title: str, stroke: str) -> str:
    """Return a heading of one or more lines with a line of *stroke* as long as its longest below."""
    lines = wrapped(title)
    return lines + "\n" + stroke * max(1, min(WIDTH, max(columns(line) for line in lines.split("\n"))))


def table(rows: Sequence[Sequence[str]], alignment: Sequence[str], *, headed: bool) -> str:
    """Return *rows* as aligned columns, or, where they do not fit, each row as a list of its cells."""
    widths = [max(columns(row[place]) for row in rows) for place in range(len(alignment))]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        return _records(rows, headed=headed)
    lines = [
        "  ".join(
            _padded(cell, width, align) for cell, width, align in zip(row, widths, alignment, strict=True)
        ).rstrip()
        for row in rows
    ]
    if headed:
        lines.insert(1, "  ".join("-" * max(1, width) for width in widths))
    return "\n".join(lines)


def _padded(cell: str, width: int, align: str) -> str:
    space = width - columns(cell)
    left = {"left": 0, "right": space, "center": space // 2}[align]
    return " " * left + cell + " " * (space - left)


def _records(rows: Sequence[Sequence[str]], *, headed: bool) -> str:
    heads, body = (rows[0], rows[1:]) if headed else (("",) * len(rows[0]), rows)
    if not body:
        return "\n".join(wrapped(head) for head in heads if head)
    records = []
    for row in body:
        pairs = [(f"{head}: {cell}" if head else cell) for head, cell in zip(heads, row, strict=True) if head or cell]
        records.append(
            "\n".join(wrapped(pair, first="- " if not nth else "  ", rest="  ") for nth, pair in enumerate(pairs))
        )
    return "\n".join(records)
