"""Rich text to Markdown that reads back as the same tree; where Markdown's own marks would not, tags that do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import assert_never

from newsletter.manuscripts.richtext import (
    Block,
    Blocks,
    Break,
    BulletList,
    Emphasis,
    Figure,
    Footnote,
    Inline,
    Inlines,
    Link,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Subscript,
    Superscript,
    Table,
    Text,
)

_SPECIAL = re.compile(r"[\\*_\[\]<^~]|&(?=[A-Za-z0-9#]+;)|!(?=$|\[)")
_LINE_START = re.compile(r"(?P<mark>[#>+\-:|=])|(?P<number>\d{1,9})(?P<dot>[.)])(?=\s|$)")
_SIMPLE = re.compile(r"[A-Za-z0-9]+\Z")


def write_text(text: str) -> str:
    """Return *text* as Markdown that means exactly these characters; spaces at its ends are kept by the caller."""
    escaped = _SPECIAL.sub(lambda match: "\\" + match.group() if match.group() != "&" else "&amp;", text)
    return "".join(_entity(character) for character in escaped)


def write_field(text: str) -> str:
    """Return plain *text* as one line of Markdown: a title, a name."""
    return _guard_ends(write_text(text))


def write_inlines(inlines: Inlines) -> str:
    """Return *inlines* as one line of Markdown."""
    return _guard_ends(_run(inlines, marked=False))


def write_blocks(blocks: Blocks, *, heading_offset: int = 3) -> str:
    """Return *blocks* as Markdown; a Subheading of level *n* gets *n* + *heading_offset* signs."""
    written: list[str] = []
    before: Block | None = None
    second = False
    for block in blocks:
        # Two lists in a row would read as one; a different mark keeps them apart (CommonMark §5.3).
        second = not second if before is not None and type(before) is type(block) else False
        written.append(_block(block, second=second, heading_offset=heading_offset))
        before = block
    return "\n\n".join(written)


def _entity(character: str) -> str:
    """Return a reference for what an editor could not see or a parser would not keep."""
    if character == "\xa0":
        return "&nbsp;"
    if character == "\xad":
        return "&shy;"
    if character != " " and unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}:
        return f"&#{ord(character)};"
    return character


def _guard_ends(written: str) -> str:
    """Keep a space at either end, which Markdown would strip."""
    if written.startswith(" "):
        written = "&#32;" + written[1:]
    if written.endswith(" "):
        written = written[:-1] + "&#32;"
    return written


def _run(inlines: Sequence[Inline], *, marked: bool) -> str:
    """Write a run; *marked* says that it stands within ``*``, where a second pair would be ambiguous."""
    written = ""
    for position, inline in enumerate(inlines):
        after = inlines[position + 1] if position + 1 < len(inlines) else None
        match inline:
            case Text(text=text):
                written += write_text(text)
            case Strong(children=children):
                written += _marks(children, "**", "strong", written, after, marked=marked)
            case Emphasis(children=children):
                written += _marks(children, "*", "em", written, after, marked=marked)
            case Superscript(children=children):
                written += _script(children, "^", "sup", marked=marked)
            case Subscript(children=children):
                written += _script(children, "~", "sub", marked=marked)
            case Link(url=url, children=children):
                written += f"[{_run(children, marked=marked)}]({_destination(url)})"
            case Footnote(children=children):
                written += f"^[{_guard_ends(_run(children, marked=marked))}]"
            case Break():
                written += "<br>"
            case _:
                assert_never(inline)
    return written


def _marks(children: Inlines, mark: str, tag: str, before: str, after: Inline | None, *, marked: bool) -> str:
    """Write emphasis with its marks where CommonMark's flanking rules (§6.2) surely read them, else with tags."""
    inner = _run(children, marked=True)
    following = "" if after is None else after.text[:1] if isinstance(after, Text) else "x"
    sure = (
        not marked
        and bool(inner)
        and inner[0].isalnum()
        and inner[-1] not in " \\*"
        and (not before or before[-1].isspace() or before[-1] in "(“‘—–/")
        and (
            not following
            or following.isspace()
            or following in ".,;:!?)”’—–/"
            or (inner[-1].isalnum() and following.isalnum() is False and following not in "*_<")
        )
    )
    return f"{mark}{inner}{mark}" if sure else f"<{tag}>{inner}</{tag}>"


def _script(children: Inlines, mark: str, tag: str, *, marked: bool) -> str:
    match children:
        case (Text(text=text),) if _SIMPLE.match(text):
            return f"{mark}{text}{mark}"
        case _:
            return f"<{tag}>{_run(children, marked=marked)}</{tag}>"


def _destination(url: str) -> str:
    written = url.replace("\\", "\\\\").replace("&", "&amp;" if re.search(r"&[A-Za-z0-9#]+;", url) else "&")
    if not url or re.search(r"[\s()<>|]", url):
        for sign in "<>":
            written = written.replace(sign, "\\" + sign)
        return f"<{written.replace('|', '&#124;')}>"
    return written


def _line(inlines: Inlines) -> str:
    """Write a paragraph, its first characters guarded against being read as a list, a heading or a quote."""
    written = write_inlines(inlines)
    match = _LINE_START.match(written)
    if match and match.group("number"):
        return match.group("number") + "\\" + match.group("dot") + written[match.end() :]
    return "\\" + written if match else written


def _block(block: Block, *, second: bool, heading_offset: int) -> str:  # noqa: PLR0911  # one return for each kind
    match block:
        case Paragraph(children=children):
            return _line(children)
        case Subheading(children=children, level=level):
            return f"{'#' * min(6, level + heading_offset)} {_heading(children)}".rstrip(" ")
        case BulletList(items=items):
            return _items(items, ["*" if second else "-"] * len(items), heading_offset)
        case OrderedList(items=items, start=start):
            sign = ")" if second else "."
            return _items(items, [f"{start + n}{sign}" for n in range(len(items))], heading_offset)
        case Quote(blocks=blocks):
            inner = write_blocks(blocks, heading_offset=heading_offset)
            return "\n".join(f"> {line}".rstrip(" ") for line in inner.split("\n"))
        case Figure(source=source, alt=alt, caption=caption):
            return f"![{write_text(alt)}]({_destination(source)})" + _caption(caption)
        case Table():
            return _table(block) + _caption(block.caption)
        case _:
            assert_never(block)


def _heading(children: Inlines) -> str:
    """Write a heading's line; a sign ``#`` at its end would be read as a closing one."""
    written = write_inlines(children)
    return written[:-1] + "\\#" if written.endswith("#") else written


def _caption(caption: Inlines) -> str:
    return f"\n\n: {write_inlines(caption)}" if caption else ""


def _items(items: Sequence[ListItem], marks: Sequence[str], heading_offset: int) -> str:
    tight = all(len(item.blocks) < 2 for item in items)
    written = []
    for item, mark in zip(items, marks, strict=True):
        inner = write_blocks(item.blocks, heading_offset=heading_offset)
        indent = " " * (len(mark) + 1)
        lines = inner.split("\n")
        written.append(
            "\n".join([f"{mark} {lines[0]}".rstrip(" "), *((indent + line).rstrip(" ") for line in lines[1:])])
        )
    return ("\n" if tight else "\n\n").join(written)


def _table(table: Table) -> str:
    rules = {"left": ":---", "center": ":---:", "right": "---:"}
    row = [rules[side] for side in table.alignment] or ["---"] * len(table.header)
    lines = [[_cell(cell) for cell in table.header], row, *([_cell(cell) for cell in cells] for cells in table.rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _cell(inlines: Inlines) -> str:
    return write_inlines(inlines).replace("|", "&#124;")
