"""Templates: where they lie, and the strict Jinja environment they are read with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PACKAGE = Path(__file__).resolve().parents[1]


def bundled(name: str) -> Path:
    """Return the folder *name* (``templates``, ``alembic``) as the wheel ships it, or as the repository has it."""
    shipped = PACKAGE / f"_{name}"
    return shipped if shipped.is_dir() else PACKAGE.parent / name


@cache
def environment(folder: str, *, autoescape: bool = True) -> Environment:
    """Return the environment over ``templates/<folder>``; an unknown variable in a template is an error."""
    return Environment(
        loader=FileSystemLoader([bundled("templates") / folder, bundled("templates")]),
        autoescape=autoescape,  # noqa: S701  # off only for plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
