"""Reads a PDF back with libraries that did not write it: pikepdf for its structure, pypdf for its words."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import pikepdf
import pypdf


@dataclass(frozen=True)
class Tag:
    """One element of the structure tree, below its parents."""

    name: str
    path: tuple[str, ...]
    element: pikepdf.Dictionary

    def get(self, key: str) -> str:
        """An attribute such as ``/Alt``, empty where there is none."""
        return str(self.element.get(key, ""))


@lru_cache(maxsize=4)  # its objects die with it
def opened(data: bytes) -> pikepdf.Pdf:
    """Open *data* with qpdf's reader."""
    return pikepdf.open(io.BytesIO(data))


def text(data: bytes) -> str:
    """Every page's text, in one string."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def pages(data: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def baselines(data: bytes) -> list[list[float]]:
    """How high the lines of text stand on each page, from the top down, in points."""
    found = []
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        heights: set[float] = set()

        def note(words: str, matrix: list[float], text: list[float], *_: object, heights: set[float] = heights) -> None:
            if words.strip():
                heights.add(round(text[5] * matrix[3] + matrix[5], 1))

        page.extract_text(visitor_text=note)
        found.append(sorted(heights, reverse=True))
    return found


def squeezed(words: str) -> str:
    """*words* without white space, hyphens and what is not drawn: line ends and hyphenation leave no trace."""
    words = unicodedata.normalize("NFKC", words)
    return re.sub(r"[\s\-\u00ad\u2010\u2011\u200b\u200c\u200d\u2060\ufeff]", "", words)


def tags(data: bytes) -> list[Tag]:
    """The structure tree in reading order."""
    return list(_walk(opened(data).Root.StructTreeRoot, ()))


def _walk(node: pikepdf.Object, path: tuple[str, ...]) -> Iterator[Tag]:
    if not isinstance(node, pikepdf.Dictionary):
        return
    if "/S" in node:
        name = str(node.S).removeprefix("/")
        yield Tag(name, path, node)
        path = (*path, name)
    children = node.get("/K")
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        yield from _walk(child, path)


def languages(data: bytes) -> set[str]:
    """Every language that marks text, in the structure tree or in a page's content."""
    pdf = opened(data)
    found = {tag.get("/Lang") for tag in tags(data)} - {""}
    for page in pdf.pages:
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "BDC" and isinstance(operands[1], pikepdf.Dictionary) and "/Lang" in operands[1]:
                found.add(str(operands[1].Lang))
    return found


def outline(data: bytes) -> list[tuple[int, str]]:
    """The bookmarks as (depth, title)."""
    with opened(data).open_outline() as root:
        return list(_bookmarks(root.root, 0))


def _bookmarks(items: list[pikepdf.OutlineItem], depth: int) -> Iterator[tuple[int, str]]:
    for item in items:
        yield depth, item.title
        yield from _bookmarks(item.children, depth + 1)


def fonts(data: bytes) -> dict[str, bool]:
    """Base font names without their subset prefix, each with whether its program is embedded."""
    found = {}
    for thing in opened(data).objects:
        if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/Font" and "/DescendantFonts" in thing:
            descriptor = thing.DescendantFonts[0].FontDescriptor
            embedded = any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3"))
            found[str(thing.BaseFont).partition("+")[2]] = embedded
    return found


def links(data: bytes) -> list[str]:
    """The target of every web and mail link."""
    return [
        str(annotation.A.URI)
        for page in opened(data).pages
        for annotation in page.get("/Annots", [])
        if "/A" in annotation and "/URI" in annotation.A
    ]
