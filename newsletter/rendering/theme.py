"""What a publication looks like and says of itself: Theme, Imprint and Masthead, frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``; fonts are the families that PDF and web embed, with fallbacks for mail."""

    ink: str = "#1d252c"
    muted: str = "#56616b"
    rule: str = "#c9d1d8"
    accent: str = "#0b3c5d"
    """Masthead band, headings, links."""
    highlight: str = "#b3401a"
    """Numbers, rules, small signals; at least 4.5:1 on paper."""
    tint: str = "#eef3f7"
    """The ground of an At-a-glance box."""
    paper: str = "#ffffff"
    serif: str = "Noto Serif"
    sans: str = "Noto Sans"
    logo: str = ""
    """``asset:<sha256>`` of a picture that stands on the masthead; empty: none."""

    def __post_init__(self) -> None:
        for name in ("ink", "muted", "rule", "accent", "highlight", "tint", "paper"):
            colour = getattr(self, name)
            if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
                raise ValueError(f"{name} is {colour!r}; write a colour as #rrggbb")
        for name in ("serif", "sans"):
            family = getattr(self, name)
            # It stands in a style sheet, where a quote would end it.
            if not re.fullmatch(r"[\w .-]{1,60}", family):
                raise ValueError(f"{name} is {family!r}; write the name of a font as Noto Serif")
        if not re.fullmatch(r"(?:asset:[0-9a-f]{64})?", self.logo):
            raise ValueError(f"logo is {self.logo!r}; hand a picture in at the desk instead")


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who publishes, as law and readers want to know: name, postal address, ways to reach them."""

    name: str = ""
    lines: tuple[str, ...] = ()
    """Postal address and telephone, one line a row."""
    email: str = ""
    website: str = ""


@dataclass(frozen=True, slots=True)
class Masthead:
    """A publication as its editions show it."""

    publication: str
    publisher: str
    language: str = "en"
    """BCP 47; the language of the wording around the issue (Contents, Unsubscribe)."""
    imprint: Imprint = Imprint()
    theme: Theme = Theme()
    reason: str = ""
    """Why the reader gets this mail, in one sentence; empty takes the language's usual one."""
