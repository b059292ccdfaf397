"""Styles and numbering of a Word file: what each paragraph is, whatever its style is called in whose language."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from newsletter.manuscripts.docx_package import Package
from newsletter.manuscripts.docx_xml import Element, value, w


class ParagraphKind(StrEnum):
    """What a paragraph is by its style."""

    TITLE = "title"
    """The title of the whole."""
    HEADING = "heading"
    """A heading with a level."""
    QUOTE = "quote"
    """A quotation set apart."""
    CAPTION = "caption"
    """What stands below a picture or table."""
    CONTENTS = "contents"
    """A line of the contents that Word made."""
    TEXT = "text"
    """Anything else."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """A paragraph's place in a list: its level from 0, and its number as Word shows it; empty for a bullet."""

    level: int
    number: str
    start: int
    """The last number of it, from which a list may go on."""


_HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|overskrift|nagłówek|标题)\s*([1-9])")
_TITLE = frozenset(("title", "titel", "titre", "título", "titolo", "标题"))
_QUOTE = re.compile(r"(?:intense\s+)?(?:quote|zitat|citation)|block\s*text|intensives\s+zitat")
_CAPTION = re.compile(r"caption|beschriftung|légende|bildunterschrift")
_CONTENTS = re.compile(r"(?:toc|verzeichnis)\s*(?:\d|heading)|inhaltsverzeichnis(?:überschrift)?|toc heading")
BULLETS = frozenset(("bullet", "none", "picture"))
_LEVEL_IN_TEXT = re.compile(r"%(\d)")


@dataclass(slots=True)
class _Style:
    name: str
    based_on: str | None
    outline: int | None
    number: Element | None


@dataclass(slots=True)
class Styles:
    """What the styles and lists of one file mean; ``numbering_of`` counts, so ask for each paragraph once, in order."""

    _styles: dict[str, _Style] = field(default_factory=dict)
    _default: str = ""
    _lists: dict[str, dict[int, tuple[str, str, int]]] = field(default_factory=dict)
    _shared: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def kind_of(self, paragraph: Element) -> tuple[ParagraphKind, int]:
        """Return what *paragraph* is, and its level from 1 if it is a heading."""
        properties = paragraph.find(w("pPr"))
        own = value(properties.find(w("outlineLvl"))) if properties is not None else None
        if own is not None and own.isdigit() and int(own) < 9:
            return ParagraphKind.HEADING, int(own) + 1
        for style in self._chain(paragraph):
            name = " ".join(style.name.casefold().split())
            heading = _HEADING.match(name)
            if heading:
                return ParagraphKind.HEADING, int(heading.group(1))
            for pattern, kind in (
                (_CONTENTS, ParagraphKind.CONTENTS), (_QUOTE, ParagraphKind.QUOTE), (_CAPTION, ParagraphKind.CAPTION),
            ):  # fmt: skip
                if pattern.match(name):
                    return kind, 0
            if name in _TITLE:
                return ParagraphKind.TITLE, 1
            if style.outline is not None and style.outline < 9:
                return ParagraphKind.HEADING, style.outline + 1
        return ParagraphKind.TEXT, 0

    def numbering_of(self, paragraph: Element) -> Numbering | None:
        """Return where *paragraph* stands in a list, None if in none; counts on."""
        properties = paragraph.find(w("pPr"))
        given = properties.find(w("numPr")) if properties is not None else None
        inherited = next((style.number for style in self._chain(paragraph) if style.number is not None), None)
        numbers = [element for element in (given, inherited) if element is not None]
        key = next(
            (value(element.find(w("numId"))) for element in numbers if element.find(w("numId")) is not None), None
        )
        if key is None or key == "0" or key not in self._lists:
            return None
        level = next((v for element in numbers if (v := value(element.find(w("ilvl")))) is not None), "0")
        at = min(int(level), 8) if level.isdigit() else 0
        form, pattern, start = self._lists[key].get(at, ("bullet", "", 1))
        if form in BULLETS:
            return Numbering(at, "", 1)
        counts = self._counts[self._shared.get(key, key)]
        counts[at] = counts.get(at, start - 1) + 1
        for deeper in [each for each in counts if each > at]:
            del counts[deeper]
        numbers_shown = _LEVEL_IN_TEXT.sub(lambda match: str(counts.get(int(match.group(1)) - 1, 1)), pattern)
        return Numbering(at, numbers_shown.strip() or str(counts[at]), counts[at])

    def _chain(self, paragraph: Element) -> list[_Style]:
        """The paragraph's style, the one it is based on, and so on."""
        properties = paragraph.find(w("pPr"))
        name = value(properties.find(w("pStyle"))) if properties is not None else None
        chain: list[_Style] = []
        seen: set[str] = set()
        key = name or self._default
        while key and key not in seen:
            seen.add(key)
            style = self._styles.get(key) or _Style(key, None, None, None)
            chain.append(style)
            key = style.based_on or ""
        return chain


def styles_of(package: Package) -> Styles:
    """Read the styles and numbering of a file; a file without them has plain text."""
    styles = Styles()
    part = package.related("styles")
    root = package.root(part) if part else None
    for style in root.iter(w("style")) if root is not None else ():
        key = style.get(w("styleId")) or ""
        if style.get(w("type")) != "paragraph" or not key:
            continue
        outline = value(style.find(f"{w('pPr')}/{w('outlineLvl')}"))
        styles._styles[key] = _Style(  # noqa: SLF001  # its maker
            value(style.find(w("name"))) or key,
            value(style.find(w("basedOn"))),
            int(outline) if outline and outline.isdigit() else None,
            style.find(f"{w('pPr')}/{w('numPr')}"),
        )
        if style.get(w("default")) in {"1", "true"}:
            styles._default = key  # noqa: SLF001
    _read_lists(package, styles)
    return styles


def _read_lists(package: Package, styles: Styles) -> None:
    part = package.related("numbering")
    root = package.root(part) if part else None
    if root is None:
        return
    abstract = {each.get(w("abstractNumId")): _levels(each) for each in root.iter(w("abstractNum"))}
    for number in root.iter(w("num")):
        key = number.get(w("numId")) or ""
        of = value(number.find(w("abstractNumId")))
        levels = dict(abstract.get(of, {}))
        restarted = False
        for override in number.iter(w("lvlOverride")):
            at = override.get(w("ilvl")) or "0"
            start = value(override.find(w("startOverride")))
            levels.update(_levels(override))
            if start and start.isdigit() and at.isdigit():
                form, pattern, _ = levels.get(int(at), ("decimal", "%1.", 1))
                levels[int(at)] = (form, pattern, int(start))
                restarted = True
        styles._lists[key] = levels  # noqa: SLF001
        # Lists of one definition count on together, unless one begins anew.
        styles._shared[key] = key if restarted else f"of {of}"  # noqa: SLF001


def _levels(element: Element) -> dict[int, tuple[str, str, int]]:
    """Return level → (format, text, first number)."""
    found: dict[int, tuple[str, str, int]] = {}
    for level in element.findall(w("lvl")):
        at = level.get(w("ilvl")) or "0"
        start = value(level.find(w("start"))) or "1"
        found[int(at) if at.isdigit() else 0] = (
            value(level.find(w("numFmt"))) or "decimal",
            value(level.find(w("lvlText"))) or "",
            int(start) if start.isdigit() else 1,
        )
    return found
