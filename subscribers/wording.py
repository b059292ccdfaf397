"""Wording: the sentence that a person agrees to when signing up, with the version that evidence names."""

from __future__ import annotations

from newsletter.kit.catalogue import spoken, words

VERSION = "1"
"""Goes up with every change of the sentence in any language; a test holds both together."""


def consent(language: str, publisher: str, names: str) -> str:
    """Return what signing up for *names* means, in one of our languages."""
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


def version(language: str) -> str:
    """Return the version of the sentence as evidence names it, as ``1 de``."""
    return f"{VERSION} {spoken(language)}"
