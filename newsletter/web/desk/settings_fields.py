"""Fields of the settings: each entry of a profile as a form shows it, and what is typed read back as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from newsletter.kit.catalogue import N_
from newsletter.kit.errors import BadInput
from newsletter.publications import CONTROL

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


class Kind(StrEnum):
    """What an entry looks like in a form."""

    LINE = "line"
    """One line of text."""
    ADDRESS = "address"
    """A mail address."""
    LINES = "lines"
    """A list, one thing a line."""
    PAIRS = "pairs"
    """Names with what belongs to them, ``NAME = value`` a line."""
    GROUPS = "groups"
    """Names with several things each, ``Name: a, b`` a line."""
    NUMBER = "number"
    """A whole number."""
    TICK = "tick"
    """Yes or no."""
    CHOICE = "choice"
    """One of a few."""
    COLOUR = "colour"
    """``#rrggbb``, picked or typed."""


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a profile in a form."""

    entry: str
    """As a publication file names it: ``name``, ``theme.accent``."""
    kind: Kind
    label: str
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Of a choice: value and words."""
    is_required: bool = False


def shown(kind: Kind, value: Any) -> str:
    """Return *value* as its field shows it."""
    match kind:
        case Kind.LINES:
            return "\n".join(value)
        case Kind.PAIRS:
            return "\n".join(f"{name} = {one}" for name, one in value.items())
        case Kind.GROUPS:
            return "\n".join(f"{name}: {', '.join(several)}" for name, several in value.items())
        case Kind.TICK:
            return "yes" if value else ""
        case _:
            return str(value)


def read(field: Field, typed: str) -> Any:  # noqa: PLR0911  # one for each kind
    """Return what *typed* means; raise ``BadInput`` with a sentence for the field."""
    text = typed.strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    is_list = field.kind in {Kind.LINES, Kind.PAIRS, Kind.GROUPS}
    if any(CONTROL.search(line) for line in (lines if is_list else [text])):
        raise BadInput(N_("This holds a line break or a control character; type it anew."))
    match field.kind:
        case Kind.LINES:
            return lines
        case Kind.PAIRS:
            return _pairs(lines, "=", N_("Write each line as NAME = what it stands for."))
        case Kind.GROUPS:
            groups = _pairs(lines, ":", N_("Write each line as Name: address, address."))
            return {
                name: [one.strip() for one in several.split(",") if one.strip()] for name, several in groups.items()
            }
        case Kind.TICK:
            return bool(text)
        case Kind.NUMBER:
            return _whole(text)
        case Kind.CHOICE:
            if text not in {value for value, _ in field.options}:
                raise BadInput(N_("Choose one of these."))
            return int(text) if text.isdigit() else text
        case Kind.COLOUR:
            if not COLOUR.fullmatch(text):
                raise BadInput(N_("Write a colour as #rrggbb."))
            return text
        case _:
            if field.is_required and not text:
                raise BadInput(N_("This must not be empty."))
            return text


def values_of(fields: tuple[Field, ...], entries: Mapping[str, Any]) -> dict[str, str]:
    """Return what each field shows of *entries*."""
    return {field.entry: shown(field.kind, entries[field.entry]) for field in fields}


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise BadInput(N_("Write a whole number."))
    return int(text)


def _pairs(lines: list[str], sign: str, advice: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, there, value = (part.strip() for part in line.partition(sign))
        if not (name and there and value) or name in found:
            raise BadInput(advice)
        found[name] = value
    return found
