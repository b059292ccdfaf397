"""Templates: where they lie, and the strict Jinja environment they are read with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

PACKAGE = Path(__file__).resolve().parents[1]
SAID = (
    "number", "percent", "size", "day", "short_day", "weekday", "clock", "moment", "lately", "ago", "span", "spell",
)  # fmt: skip
"""What ``catalogue.Words`` says otherwise in each language, as filters of templates."""


def bundled(name: str) -> Path:
    """Return the folder *name* (``templates``, ``alembic``) as the wheel ships it, or as the repository has it."""
    shipped = PACKAGE / f"_{name}"
    return shipped if shipped.is_dir() else PACKAGE.parent / name


@cache
def environment(folder: str, *, autoescape: bool = True, language: str = "") -> Environment:
    """Return the environment over ``templates/<folder>``; an unknown variable in a template is an error.

    With a *language* its templates may say ``{% trans %}``, ``_("…")`` and ``{{ at|moment(zone) }}``.
    """
    made = Environment(
        loader=FileSystemLoader([bundled("templates") / folder, bundled("templates")]),
        autoescape=autoescape,  # noqa: S701  # off only for plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"] if language else [],
    )
    if language:
        from newsletter.kit.catalogue import words  # which finds its files through this module

        spoken = words(language)
        made.policies["ext.i18n.trimmed"] = True
        made.install_gettext_translations(spoken.translations, newstyle=True)  # type: ignore[attr-defined]  # of the extension
        made.filters |= {name: getattr(spoken, name) for name in SAID}
    return made
