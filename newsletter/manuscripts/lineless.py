"""Documents without lines: once several files are one issue, a line number points nowhere."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from newsletter.manuscripts.document import Document


def without_lines(document: Document) -> Document:
    """Return *document* with every ``line`` None."""
    return cast("Document", _without(document))


def _without(value: Any) -> Any:
    match value:
        case tuple():
            return tuple(_without(member) for member in value)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {field.name: _without(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return dataclasses.replace(value, **(fields | {"line": None} if "line" in fields else fields))
        case _:
            return value
