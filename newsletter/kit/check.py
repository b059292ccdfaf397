"""A check: one thing of an installation that was looked at, with a grade and a finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    grade: str
    """``good``, ``warning`` or ``bad``."""
    finding: str
    """In English; a ``Sentence`` can be said in another language."""

    @property
    def mark(self) -> str:
        """The grade as a sign for the terminal."""
        return {"good": "✓", "warning": "!", "bad": "✗"}[self.grade]
