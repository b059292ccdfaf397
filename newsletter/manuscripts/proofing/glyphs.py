"""Characters that none of the PDF's fonts has: Typst would leave them out without a word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from newsletter.manuscripts.proofing.rule import Copy, Found
from newsletter.manuscripts.remarks import Place


def missing_glyphs(copy: Copy) -> Iterator[Found]:
    """Find the characters no font has, by asking the fonts about every text; silent without fonts to ask."""
    if copy.missing_glyphs is None:
        return
    missing: dict[str, None] = {}
    places: list[Place] = []
    for passage in copy.passages:
        found = dict.fromkeys(copy.missing_glyphs(passage.words))
        if found:
            missing |= found
            places.append(passage.place(" ".join(found)))
    if places:
        named = ", ".join(
            f"“{sign}” (U+{ord(sign[0]):04X} {unicodedata.name(sign[0], '')})".replace(" )", ")") for sign in missing
        )
        noun = "this character" if len(missing) == 1 else "these characters"
        yield Found(f"No font has {noun}: {named}.", "Write it with another character.", tuple(places))
