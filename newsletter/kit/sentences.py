"""Sentences that are written down in English, and said in the language of whoever reads them."""

from __future__ import annotations

from datetime import datetime


def N_(message: str) -> str:  # noqa: N802  # the name that gettext's tools look for
    """Mark *message* as one that is translated where it is shown; return it as it is."""
    return message


class Sentence(str):
    """An English sentence with its places filled, that can still be said in another language: ``words("de")(it)``.

    In its places stand names and other texts as they are, counts (``int``) and moments (``datetime``), which each
    language writes its own way, other sentences, and rows of these (``tuple``).
    """

    pattern: str
    values: dict[str, object]

    def __new__(cls, pattern: str, **values: object) -> Sentence:
        """Fill the ``%(name)s`` of *pattern*, which ``N_`` has marked."""
        shown = {name: _in_english(value) for name, value in values.items()}
        made = super().__new__(cls, pattern % shown if values else pattern)
        made.pattern, made.values = pattern, values
        return made


def _in_english(value: object) -> object:
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case int():
            return f"{value:,}"
        case tuple():
            return "; ".join(value)
    return value
