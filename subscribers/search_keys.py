"""Search keys: the words by which a search finds a person, kept beside the person and written with it."""

from __future__ import annotations

import unicodedata
from typing import Any

SURNAME_LIMIT = 100


def folded(words: str) -> str:
    """Return *words* so that Müller, MÜLLER and a Müller typed as two characters are one."""
    if words.isascii():
        return words.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", words).casefold())


def name_keys(name: str) -> dict[str, str]:
    """Return what is stored beside a person's *name*: all of it, and its last word."""
    whole = folded(name)[:200]
    return {"name_key": whole, "surname_key": whole.rpartition(" ")[2][:SURNAME_LIMIT] if " " in whole else ""}


def domain_key(address_key: str) -> str:
    """Return the domain of a normalised address; of what is none, such as an erased one, nothing."""
    return address_key.rpartition("@")[2] if "@" in address_key else ""


# Column defaults, so that whoever adds a person need not think of them.


def domain_in(context: Any) -> str:
    """Return the domain for a row that is being added."""
    return domain_key(context.get_current_parameters()["address_key"])


def name_in(context: Any) -> str:
    """Return the name's key for a row that is being added."""
    return name_keys(context.get_current_parameters().get("name") or "")["name_key"]


def surname_in(context: Any) -> str:
    """Return the last word's key for a row that is being added."""
    return name_keys(context.get_current_parameters().get("name") or "")["surname_key"]
