"""Pictures without a description for readers who do not see them."""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.manuscripts.document import figures_of
from newsletter.manuscripts.places import Paths
from newsletter.manuscripts.proofing.rule import Copy, Found, counted
from newsletter.manuscripts.remarks import Place


def missing_alt_text(copy: Copy) -> Iterator[Found]:
    """Find figures without alternative text."""
    paths = Paths(copy.document)
    places = tuple(
        Place(figure.line, paths.at(figure.line), figure.source)
        for figure in figures_of(copy.document)
        if not figure.alt.strip()
    )
    if places:
        message = counted(len(places), "A picture has no alternative text.", "pictures have no alternative text.")
        yield Found(message, "Say in the square brackets what the picture shows: ![what it shows](file.png).", places)
