"""Markdown to rich text: the one door through which text with markup enters an issue."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from functools import cache
from types import SimpleNamespace
from typing import Any

from markdown_it import MarkdownIt, helpers
from markdown_it.rules_inline import StateInline
from mdit_py_plugins.footnote.index import footnote_def, footnote_inline, footnote_ref

from newsletter.kit.errors import ManuscriptError
from newsletter.manuscripts.addresses import is_placeholder, is_usable
from newsletter.manuscripts.markdown_tree import Builder
from newsletter.manuscripts.repairs import Finding
from newsletter.manuscripts.richtext import Blocks, Inlines

MAX_DEPTH = 24
"""Quotes, lists or brackets within each other: more is no text, and each level costs the parser a stack frame."""
MAX_STRETCH = 100_000
"""Characters without an empty line; more is no paragraph, and some of the parser's work is quadratic in it."""

_CONTAINERS = re.compile(r"(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))+")
_MARKER = re.compile(r">|[-+*](?=[ \t])|\d{1,9}[.)]")
_SCRIPT = re.compile(r"([~^])([^\s~^\\<>\[\]()&*_]{1,40})\1")
_DEFINITION = re.compile(r"^ {0,3}\[([^\]\[^]{1,200})\]:[ \t]*<?(\S+?)>?[ \t]*$", re.MULTILINE)


@cache
def _parser() -> MarkdownIt:
    """Return CommonMark with tables, footnotes, sub- and superscript; without code, which newsletters do not have.

    ``html_block`` is off so that tags come one by one and the words between them stay; ``lheading`` so that a rule of
    dashes below a paragraph does not make it a heading; ``reference`` because it drops unused definitions unheard.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": 40 * MAX_DEPTH})
    parser.enable("table").disable(["code", "fence", "backticks", "html_block", "lheading", "reference"])
    parser.block.ruler.before("reference", "footnote_def", footnote_def, {"alt": ["paragraph", "reference"]})
    parser.inline.ruler.after("image", "footnote_inline", footnote_inline)
    parser.inline.ruler.after("footnote_inline", "footnote_ref", footnote_ref)
    parser.inline.ruler.after("footnote_ref", "script", _script)
    parser.validateLink = lambda url: True  # type: ignore[method-assign]  # judged by us, so that the words stay
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.helpers = SimpleNamespace(  # type: ignore[assignment]
        parseLinkDestination=helpers.parseLinkDestination,
        parseLinkLabel=helpers.parseLinkLabel,
        # An unclosed title would be looked for to the end of the text, once for each link.
        parseLinkTitle=lambda text, start, end, *more: helpers.parseLinkTitle(
            text, start, min(end, start + 2000), *more
        ),
    )
    return parser


def _script(state: StateInline, silent: bool) -> bool:
    """Parse ``CO~2~`` and ``m^2^``, one word within marks, as Pandoc writes them."""
    match = _SCRIPT.match(state.src, state.pos, state.posMax)
    if not match:
        return False
    if not silent:
        name = "sub" if match.group(1) == "~" else "sup"
        state.push(f"{name}_open", name, 1)
        state.push("text", "", 0).content = match.group(2)
        state.push(f"{name}_close", name, -1)
    state.pos = match.end()
    return True


def read_blocks(text: str, *, first_line: int = 1, heading_offset: int = 0) -> tuple[Blocks, tuple[Finding, ...]]:
    """Return the blocks of Markdown *text*, which begins on *first_line* of its manuscript, and what was repaired.

    A heading of Markdown level *n* becomes a Subheading of level *n* - *heading_offset*, at least 1. Raises
    ``ManuscriptError`` for text nested so deeply that it cannot be meant.
    """
    refuse_depth(text, first_line=first_line)
    text, references = _definitions(text)
    env: MutableMapping[str, Any] = {"references": references}
    tokens = _parser().parse(text, env)
    builder = Builder(first_line, heading_offset, env.get("footnotes", {}))
    return builder.blocks(tokens), tuple(builder.findings)


def read_inlines(text: str, *, line: int | None = None) -> tuple[Inlines, tuple[Finding, ...]]:
    """Return the inlines of one field's Markdown *text*, which stands on *line*, and what was repaired."""
    refuse_depth(text, first_line=line or 1)
    env: MutableMapping[str, Any] = {}
    tokens = _parser().parseInline(text.strip(" \t\n"), env)
    builder = Builder(line or 1, 0, env.get("footnotes", {}))
    found = builder.inlines(tokens[0].children or [], line)
    return found, tuple(builder.findings)


def refuse_depth(text: str, *, first_line: int = 1) -> None:
    """Raise ``ManuscriptError`` if *text* nests brackets, quotes or lists too deeply, or never pauses."""
    depth = stretch = 0
    for number, line in enumerate(text.split("\n"), first_line):
        if not line.strip():
            depth = stretch = 0
            continue
        stretch += len(line)
        markers = _CONTAINERS.match(line)
        if markers and len(_MARKER.findall(markers.group())) > MAX_DEPTH:
            raise ManuscriptError(
                f"Line {number} nests more than {MAX_DEPTH} quotes or lists in each other; this is not a manuscript."
            )
        if stretch > MAX_STRETCH:
            raise ManuscriptError(
                f"The text around line {number} runs over {MAX_STRETCH:,} characters without an empty line;"
                " put empty lines between its paragraphs."
            )
        depth = _bracket_depth(line, depth)
        if depth > MAX_DEPTH:
            raise ManuscriptError(
                f"Line {number} opens more than {MAX_DEPTH} brackets within each other; this is not a manuscript."
            )


def _bracket_depth(line: str, depth: int) -> int:
    """Return the greatest bracket depth within *line* if it is too deep, else the depth at its end."""
    for character in line:
        if character == "[":
            depth += 1
            if depth > MAX_DEPTH:
                return depth
        elif character == "]":
            depth = max(0, depth - 1)
    return depth


def _definitions(text: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Take the link definitions (``[label]: https://…``) that the text refers to out of it."""
    references: dict[str, dict[str, str]] = {}

    def take(match: re.Match[str]) -> str:
        label, url = match.groups()
        known = " ".join(label.split()).upper()
        if known in references or not (is_usable(url) or is_placeholder(url)):
            return match.group()
        if text.upper().count(f"[{label.upper()}]") < 2:
            return match.group()
        references[known] = {"href": url, "title": ""}
        return ""

    if "]:" not in text:
        return text, references
    return _DEFINITION.sub(take, text), references
