"""Wording: the sentence that a person agrees to when signing up, with the version that evidence names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from newsletter.kit.catalogue import spoken, words
from newsletter.publications import Publication

VERSION = "1"
"""Goes up with every change of the sentence in any language; a test holds both together."""


def consent(language: str, publisher: str, names: str, *, own: str = "") -> str:
    """Return what signing up for *names* means, in one of our languages; *own* is a publication's own sentence.

    Its ``{publisher}`` and ``{newsletter}`` are filled.
    """
    if own:
        return own.replace("{publisher}", publisher).replace("{newsletter}", names)
    _ = words(language)
    return _(
        "I would like %(publisher)s to send me %(names)s by email. I can leave at any time, by a link in every mail.",
        publisher=publisher, names=names,
    )  # fmt: skip


def consent_to_ticked(language: str) -> str:
    """Return the same for a form on which several can be ticked."""
    _ = words(language)
    return _(
        "I would like to get the newsletters ticked above by email. I can leave at any time, by a link in every mail."
    )


def version(language: str, *, own: str = "") -> str:
    """Return the version of the sentence as evidence names it: ``1 de``; of an *own* one ``own-3f2a9c1b de``.

    That is the beginning of the SHA-256 of the sentence with its places unfilled: it changes with the sentence and
    never otherwise, and anybody can find out whether a kept sentence is the one that it names.
    """
    number = f"own-{hashlib.sha256(own.encode()).hexdigest()[:8]}" if own else VERSION
    return f"{number} {spoken(language)}"


def own_of(publications: Sequence[Publication], language: str) -> str:
    """Return the sentence of its own that a form for *publications* shows: the one of the only one, if it has any."""
    only = publications[0].profile if len(publications) == 1 else None
    return only.sign_up.get(spoken(language), "") if only else ""
