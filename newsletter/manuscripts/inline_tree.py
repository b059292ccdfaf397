"""Inline tokens to inline rich text: emphasis, links, notes, and the few HTML tags that mean the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it.token import Token

from newsletter.manuscripts.addresses import is_placeholder, is_usable
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import (
    Break,
    Emphasis,
    Figure,
    Footnote,
    Inline,
    Inlines,
    Link,
    Strong,
    Subscript,
    Superscript,
    Text,
    plain,
)

_MARKS = {"strong": Strong, "em": Emphasis, "sup": Superscript, "sub": Subscript}
_TAGS = {"strong": "strong", "b": "strong", "em": "em", "i": "em", "sup": "sup", "sub": "sub"}
_TAG = re.compile(r"<(/?)([A-Za-z]+)\s*(/?)>\Z")
_EMPTY_COMMENT = re.compile(r"<!--\s*-->\Z")


@dataclass(slots=True)
class _Frame:
    """An element still open: what closes it, where its link goes, how it was written, what is in it so far."""

    kind: str
    url: str = ""
    tag: str = ""
    children: list[Inline] = field(default_factory=list)


class InlineBuilder:
    """Build inlines; notes found in ``definitions`` by label are put where the text refers to them."""

    def __init__(self, findings: list[Finding], footnotes: dict[str, Any]) -> None:
        self.findings = findings
        self.definitions: dict[str, Inlines] = {}
        self.referred: set[str] = set()
        self._notes = footnotes.get("list", {})
        self._depth = 0

    def build(self, tokens: Sequence[Token], line: int | None) -> tuple[Inlines, tuple[Figure, ...]]:
        """Return the inlines of *tokens*, and apart from them the pictures that stood among them."""
        stack = [_Frame("root")]
        figures: list[Figure] = []
        at = line
        for token in tokens:
            if token.type in {"softbreak", "hardbreak"} and at is not None:
                at += 1
            self._take(token, stack, figures, at)
        while len(stack) > 1:
            self._dissolve(stack, at)
        return merged(stack[0].children), tuple(figures)

    def _take(self, token: Token, stack: list[_Frame], figures: list[Figure], line: int | None) -> None:
        children = stack[-1].children
        match token.type:
            case "text" | "text_special":
                children.append(Text(token.content))
            case "softbreak":
                children.append(Text("\n"))
            case "hardbreak":
                children.append(Break())
            case "link_open":
                stack.append(_Frame("link", str(token.attrs.get("href", ""))))
                if title := token.attrs.get("title"):
                    self.findings.append(Finding("hover-text", line, str(title)))
            case "link_close":
                self._close("link", stack, line)
            case "image":
                figures.append(self._figure(token, line))
            case "html_inline":
                self._html(token.content, stack, line)
            case "footnote_ref":
                children.append(Footnote(self._note(token, line)))
            case _ if token.type.endswith("_open"):
                stack.append(_Frame(token.type.removesuffix("_open")))
            case _ if token.type.endswith("_close"):
                self._close(token.type.removesuffix("_close"), stack, line)
            case _:
                children.append(Text(token.content))

    def _close(self, kind: str, stack: list[_Frame], line: int | None) -> None:
        """Close the innermost *kind*; an HTML tag left open within it is undone."""
        while stack[-1].kind != kind or stack[-1].tag:
            self._dissolve(stack, line)
        self._finish(stack, line)

    def _finish(self, stack: list[_Frame], line: int | None) -> None:
        frame = stack.pop()
        children = merged(frame.children)
        if frame.kind != "link":
            stack[-1].children.append(_MARKS[frame.kind](children))
            return
        url = frame.url.strip()
        if is_usable(url) or is_placeholder(url):
            stack[-1].children.append(Link(url, children))
            return
        if url.startswith("#"):
            stack[-1].children.append(Link("#", children))
            return
        self.findings.append(Finding("unusable-link", line, f"{plain(children)} ({url})"))
        stack[-1].children += children

    def _dissolve(self, stack: list[_Frame], line: int | None) -> None:
        """Undo the innermost open tag: its words stay, the tag is named."""
        frame = stack.pop()
        if frame.tag:
            self.findings.append(Finding("raw-html", line, frame.tag))
        stack[-1].children += frame.children

    def _html(self, content: str, stack: list[_Frame], line: int | None) -> None:
        if _EMPTY_COMMENT.match(content):
            return
        match = _TAG.match(content)
        if not match:
            self.findings.append(Finding("raw-html", line, content))
            return
        closing, name, _ = match.groups()
        kind = _TAGS.get(name.lower())
        if name.lower() == "br" and not closing:
            stack[-1].children.append(Break())
        elif kind and not closing:
            stack.append(_Frame(kind, tag=content))
        elif kind and stack[-1].kind == kind and stack[-1].tag:
            self._finish(stack, line)
        else:
            self.findings.append(Finding("raw-html", line, content))

    def _figure(self, token: Token, line: int | None) -> Figure:
        children, _ = InlineBuilder(self.findings, {}).build(token.children or [], line)
        title = str(token.attrs.get("title") or "")
        caption = (Text(title),) if title.strip() else ()
        return Figure(str(token.attrs.get("src", "")), one_line(plain(children)), caption, line=line)

    def _note(self, token: Token, line: int | None) -> Inlines:
        label = token.meta.get("label")
        if label is not None:
            self.referred.add(label)
            return self.definitions.get(label, ())
        note = self._notes.get(token.meta["id"], {})
        children, figures = self.build(note.get("tokens", []), line)
        for figure in figures:
            self.findings.append(Finding("inline-picture", line, f"{figure.alt} {figure.source}".strip()))
        return (*children, *(Text(f" {figure.alt}") for figure in figures if figure.alt))


def merged(children: Sequence[Inline]) -> Inlines:
    """Join neighbouring texts and turn the line ends of the manuscript into spaces, or nothing in Chinese."""
    joined: list[Inline] = []
    for child in children:
        if isinstance(child, Text) and joined and isinstance(joined[-1], Text):
            joined[-1] = Text(joined[-1].text + child.text)
        else:
            joined.append(child)
    lines = [Text(one_line(child.text)) if isinstance(child, Text) else child for child in joined]
    return tuple(child for child in lines if not isinstance(child, Text) or child.text)


def one_line(text: str) -> str:
    """Return *text* with its line ends as spaces; between two wide characters (Chinese, Japanese) as nothing."""
    if "\n" not in text:
        return text
    first, *rest = text.split("\n")
    joined = first
    for line in rest:
        glue = "" if joined and line and _is_wide(joined[-1]) and _is_wide(line[0]) else " "
        joined += glue + line
    return joined


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}
