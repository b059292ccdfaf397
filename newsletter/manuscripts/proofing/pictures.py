"""Pictures without a description for readers who do not see them."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.manuscripts.document import Article, Document, Note
from newsletter.manuscripts.figures import figures_in
from newsletter.manuscripts.places import path_of, title_of
from newsletter.manuscripts.proofing.rule import Copy, Found, counted
from newsletter.manuscripts.remarks import Place
from newsletter.manuscripts.richtext import Blocks, Figure, plain

STORED = "asset:"
"""How a picture is named once it is stored, by a hash that says nothing to anybody."""


def missing_alt_text(copy: Copy) -> Iterator[Found]:
    """Find figures without alternative text."""
    places = tuple(
        Place(figure.line, path, _quote(figure))
        for path, blocks in _texts(copy.document)
        for figure in figures_in(blocks)
        if not figure.alt.strip()
    )
    if places:
        message = counted(len(places), "A picture has no alternative text.", "pictures have no alternative text.")
        yield Found(message, "Say in the square brackets what the picture shows: ![what it shows](file.png).", places)


def _texts(document: Document) -> Iterator[tuple[str, Blocks]]:
    for section in document.sections:
        for entry in section.entries:
            path = path_of(section.title, title_of(entry))
            match entry:
                case Article():
                    yield from ((path_of(path, part.label), part.blocks) for part in entry.parts)
                case Note():
                    yield path, entry.blocks


def _quote(figure: Figure) -> str:
    return plain(figure.caption) if figure.source.startswith(STORED) else figure.source
