"""Forms: what was typed into one, and what is wrong with it, field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form to be shown as it was left; a field that was not in it is empty and there is nothing wrong with it."""

    values: Mapping[str, str]
    wrong: Mapping[str, str]
    """Field → one sentence."""
    summary: str = ""
    """What is wrong with the whole; empty takes the usual sentence."""


def filled(
    values: Mapping[str, str] | None = None, *, wrong: Mapping[str, str] | None = None, summary: str = ""
) -> FilledForm:
    """Return a form holding *values*; ``templates/desk/_forms.html`` shows its fields."""
    return FilledForm(defaultdict(str, values or {}), defaultdict(str, wrong or {}), summary)
