"""Figures of a Document: giving each the name its picture has in the database."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

from newsletter.manuscripts.document import Document
from newsletter.manuscripts.richtext import Figure


def with_sources(document: Document, names: Mapping[str, str]) -> Document:
    """Return *document* with each figure's source replaced as *names* says; a source not named stays."""
    return cast("Document", _renamed(document, names))


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case Figure():
            return dataclasses.replace(value, source=names.get(value.source, value.source))
        case tuple():
            return tuple(_renamed(member, names) for member in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            return dataclasses.replace(value, **{name: _renamed(member, names) for name, member in fields.items()})
        case _:
            return value
