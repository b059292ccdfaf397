"""What a rule is: its name and weight, what it looks for and why, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.house_style import HouseStyle
from newsletter.manuscripts.places import Passage
from newsletter.manuscripts.remarks import Place, Severity

MissingGlyphs = Callable[[str], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Copy:
    """What the rules look at: the Document, its texts with their places, the house style and the fonts' gaps."""

    document: Document
    passages: tuple[Passage, ...]
    house_style: HouseStyle
    missing_glyphs: MissingGlyphs | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One finding of a rule."""

    message: str
    advice: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; ``gloss`` says what it finds, ``why`` what harm that does."""

    name: str
    severity: Severity
    gloss: str
    why: str
    check: Callable[[Copy], Iterator[Found]]


def counted(number: int, one: str, many: str) -> str:
    """Return *one*, or *many* with the number before it."""
    return one if number == 1 else f"{number} {many}"
