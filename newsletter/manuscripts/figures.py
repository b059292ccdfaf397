"""Figures of a Document: the names their pictures have in the database, and what is said of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, cast

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.richtext import Blocks, Figure, Inlines

Change = Callable[[Figure], Figure]


def with_sources(document: Document, names: Mapping[str, str]) -> Document:
    """Return *document* with each figure's source replaced as *names* says; a source not named stays."""
    return cast(
        "Document",
        _changed(document, lambda one: dataclasses.replace(one, source=names.get(one.source, one.source))),
    )


def described(blocks: Blocks, source: str, alt: str, caption: Inlines) -> Blocks:
    """Return *blocks* with the figures of the picture *source* described anew."""

    def change(figure: Figure) -> Figure:
        return dataclasses.replace(figure, alt=alt, caption=caption) if figure.source == source else figure

    return cast("Blocks", _changed(blocks, change))


def figures_in(blocks: Blocks) -> tuple[Figure, ...]:
    """Return every figure of *blocks*, those inside lists and quotes too."""
    found: list[Figure] = []

    def note(figure: Figure) -> Figure:
        found.append(figure)
        return figure

    _changed(blocks, note)
    return tuple(found)


def _changed(value: Any, change: Change) -> Any:
    match value:
        case Figure():
            return change(value)
        case tuple():
            return tuple(_changed(member, change) for member in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return dataclasses.replace(value, **{name: _changed(member, change) for name, member in fields.items()})
        case _:
            return value
