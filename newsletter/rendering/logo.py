"""The logo: a publication's own mark on the masthead, in the place of its organisation's name."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Document
from newsletter.manuscripts.pictures import Picture, Pictures
from newsletter.rendering.lines import organisation_of
from newsletter.rendering.theme import Masthead

WIDEST, TALLEST = 240, 56
"""CSS pixels: beside a title of any length the name stays the largest thing on the band."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture with the size it is shown in, in CSS pixels, and the words for who does not see it."""

    picture: Picture
    width: int
    height: int
    alt: str


def logo_of(document: Document, masthead: Masthead, pictures: Pictures) -> Logo | None:
    """Return the logo of *masthead*, None if it has none; raise ``RenderingError`` if it is not among *pictures*."""
    source = masthead.theme.logo
    if not source:
        return None
    picture = pictures.get(source)
    if picture is None:
        raise RenderingError(
            f"The logo of {masthead.publication!r} is missing; hand it in again in the newsletter's settings."
        )
    scale = min(WIDEST / picture.width, TALLEST / picture.height, 1.0)
    width, height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    alt = organisation_of(document, masthead) or masthead.publisher or masthead.publication
    return Logo(picture, width, height, alt)
