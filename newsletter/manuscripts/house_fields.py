"""Fields of the house form: the lists under ``{.source}`` and ``{.briefs}`` headings."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import replace

from newsletter.manuscripts.dates import iso_date
from newsletter.manuscripts.document import Brief, Source
from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Blocks, plain
from newsletter.manuscripts.writer import BRIEF_HEAD

_FIELD = re.compile(r"(?P<key>[a-z ]+?)(?: \((?P<label>(?:\\.|[^()\\])*)\))?:(?: (?P<value>.*))?\Z", re.DOTALL)
_ITEM = re.compile(r"^[-*+](?:[ \t]+(?P<text>.*))?$")


def _items(text: str, first_line: int) -> tuple[list[tuple[int, str]], str, int]:
    """Return the items of the list that *text* begins with as (line, text), what follows the list, and its line.

    An item goes on over indented lines; an empty line between items does not end the list.
    """
    items: list[tuple[int, str]] = []
    lines = text.split("\n")
    for at, line in enumerate(lines):
        match = _ITEM.match(line)
        if match:
            items.append((first_line + at, match.group("text") or ""))
        elif not line.strip():
            continue
        elif items and line.startswith((" ", "\t")):
            number, before = items[-1]
            items[-1] = (number, f"{before} {line.strip()}")
        else:
            return items, "\n".join(lines[at:]), first_line + at
    return items, "", first_line + len(lines)


def _plain(text: str, line: int, findings: list[Finding]) -> str:
    inlines, found = read_inlines(text, line=line)
    findings += found
    return plain(inlines)


def _split(text: str) -> Iterator[str]:
    """Yield the parts of *text* between commas that no backslash escapes."""
    part = ""
    at = 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            part += text[at : at + 2]
            at += 2
            continue
        if text[at] == ",":
            yield part
            part = ""
        else:
            part += text[at]
        at += 1
    yield part


def source_in(text: str, label: str, line: int, findings: list[Finding], taken: list[str]) -> tuple[Source, Blocks]:
    """Return the source under a ``{.source}`` heading on *line*, and the blocks below its list of fields."""
    source = Source("", label=label, line=line)
    items, rest, rest_line = _items(text, line + 1)
    strays = []
    for number, item in items:
        match = _FIELD.match(item)
        changed = None
        if match:
            noted: list[Finding] = []
            changed = _with_field(source, match, number, noted)
            if changed:
                findings += noted
                taken.append(f"{match.group('key')} {match.group('value')}")
        if changed is None:
            findings.append(Finding("stray-field", number, item))
            strays.append(f"- {item}")
        source = changed or source
    blocks, found = read_blocks(
        "\n".join([*strays, "", rest]), first_line=rest_line - len(strays) - 1, heading_offset=3
    )
    findings += found
    return source, blocks


def _with_field(  # noqa: PLR0911  # one return for each field
    source: Source, match: re.Match[str], line: int, findings: list[Finding]
) -> Source | None:
    """Return *source* with one more field; None if there is no such field or its value cannot be used."""
    value = match.group("value") or ""
    label = _plain(match.group("label") or "", line, findings)
    match match.group("key"):
        case "title":
            return replace(source, title=_plain(value, line, findings))
        case "original":
            return replace(source, original_title=_plain(value, line, findings), original_language=label)
        case "link":
            return replace(source, url=_plain(value, line, findings))
        case "bodies":
            bodies = tuple(_plain(body, line, findings) for body in _split(value) if body.strip())
            return replace(source, bodies=bodies, bodies_label=label)
        case "date":
            date = iso_date(value) if value.strip() else None
            written = "" if date or not value.strip() else _plain(value, line, findings)
            return replace(source, date=date, date_label=label or "Date", date_text=written or source.date_text)
        case "date text":
            return replace(source, date_text=_plain(value, line, findings))
        case _:
            return None


def briefs_in(
    text: str, first_line: int, findings: list[Finding], taken: list[str]
) -> tuple[tuple[Brief, ...], Blocks]:
    """Return the briefs under a ``{.briefs}`` heading, and the blocks below their list."""
    items, rest, rest_line = _items(text, first_line)
    briefs = []
    for line, item in items:
        head = BRIEF_HEAD.match(item)
        date, written, words = None, "", item
        if head:
            try:
                date = datetime.date.fromisoformat(head.group("date")) if head.group("date") else None
                written = _plain(head.group("written") or "", line, findings)
                words = item[head.end() :]
                taken.append(head.group())
            except ValueError:  # no such day: the words stay in the text
                date, written, words = None, "", item
        inlines, found = read_inlines(words, line=line)
        findings += found
        briefs.append(Brief(inlines, date, written, line=line))
    blocks, found = read_blocks(rest, first_line=rest_line, heading_offset=3)
    findings += found
    return tuple(briefs), blocks
