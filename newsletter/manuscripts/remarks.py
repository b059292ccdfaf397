"""Remarks: the findings of reading and proofing, each with rule, severity, place, the quoted words and what to do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a Remark weighs at sign-off."""

    ERROR = "error"
    """Stops sign-off until it is mended."""
    WARNING = "warning"
    """Stops sign-off until it is mended or left as is with a reason."""
    NOTICE = "notice"
    """Says what was repaired or left out; asks for nothing."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What a machine can mend: write *right* where *wrong* stands."""

    wrong: str
    right: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Remark points: a line of the manuscript (1-based), a path through the issue, and the words there."""

    line: int | None = None
    path: str = ""
    """As a reader would say it: ``Top 5 › 3. Title › At a glance``."""
    quote: str = ""
    fix: Fix | None = None
    """None where a person has to decide what should stand there."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One finding; several places where the same thing is wrong are one Remark."""

    rule: str
    severity: Severity
    message: str
    """One sentence: what is wrong."""
    advice: str
    """One sentence: what to do."""
    places: tuple[Place, ...] = ()

    @property
    def line(self) -> int | None:
        """The first place's line."""
        return self.places[0].line if self.places else None

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """What can be mended by one press, each once."""
        return tuple(dict.fromkeys(place.fix for place in self.places if place.fix is not None))

    @property
    def key(self) -> str:
        """Identify the finding across revisions: its rule and words, but no line numbers, so that a reason given for
        leaving it as is survives an edit elsewhere."""
        words = "\n".join([self.rule, self.message, *(place.quote for place in self.places)])
        return hashlib.sha256(words.encode()).hexdigest()[:16]
