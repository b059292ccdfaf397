"""Columns: which cell of a row is the address, the name, the language, the format, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from newsletter.kit.errors import BadInput
from newsletter.mail.address import address_key
from subscribers.list_file import UNREADABLE, Row
from subscribers.models import Format

NAME_LIMIT = 200
HEADERS: dict[str, tuple[str, ...]] = {
    "address": (
        "email", "emailaddress", "emailadresse", "mail", "mailaddress", "mailadresse", "emailadress", "address",
        "adresse", "emailempfänger", "recipient",
    ),
    "name": ("name", "fullname", "vollername", "displayname", "anzeigename"),
    "first_name": ("firstname", "givenname", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "familienname"),
    "language": ("language", "lang", "locale", "sprache"),
    "format": ("format", "mailformat", "emailformat", "versandformat", "preferredformat"),
    "last_day": ("validuntil", "memberuntil", "membershipends", "lastday", "gültigbis", "mitgliedbis"),
}  # fmt: skip
"""Common header names in English and German, without case, spaces and signs; the earlier of a line wins."""
WITHOUT_HEADER = ("address", "name", "language", "format")
LANGUAGES = {
    "english": "en", "englisch": "en", "german": "de", "deutsch": "de",
    "french": "fr", "französisch": "fr", "chinese": "zh", "chinesisch": "zh",
}  # fmt: skip
FORMATS = {
    "html": Format.HTML, "richhtml": Format.HTML,
    "text": Format.TEXT, "txt": Format.TEXT, "plain": Format.TEXT, "plaintext": Format.TEXT, "nurtext": Format.TEXT,
    "textonly": Format.TEXT, "reintext": Format.TEXT,
    "pdf": Format.PDF, "notice": Format.NOTICE, "hinweis": Format.NOTICE,
}  # fmt: skip
_TAG = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8})*", re.IGNORECASE)
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where things stand in a row; -1 for what the file does not have."""

    address: int
    name: int = -1
    first_name: int = -1
    last_name: int = -1
    language: int = -1
    format: int = -1
    last_day: int = -1
    has_header: bool = True
    fields: tuple[tuple[int, int], ...] = ()
    """Own fields, each with the place of its column."""
    tags: int = -1
    """Tags, separated by commas."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One reader as a row gives them."""

    line: int
    address: str
    key: str
    name: str
    language: str
    format: Format | None
    remarks: tuple[str, ...] = ()
    last_day: date | None = None
    """Of a membership; None where the file has no such column or says nothing."""
    fields: tuple[tuple[int, str], ...] = ()
    """What the own fields are to say, as it was written."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that gives no reader, and why."""

    line: int
    address: str
    reason: str


def find_columns(first: Row, *, given: Mapping[str, str] | None = None, file_name: str) -> Columns:
    """Return where things stand by the first row, or by *given* (address, name… → header); raise ``BadInput``."""
    titles = [_plain(cell) for cell in first.cells]
    if given:
        return _given_columns(titles, given, file_name)
    found = {
        wanted: next(titles.index(name) for name in names if name in titles)
        for wanted, names in HEADERS.items()
        if any(name in titles for name in names)
    }
    if "address" in found and not _is_address(first.cells[found["address"]]):
        return _columns(found)
    if _is_address(first.cells[0]):
        places = {field: place for place, field in enumerate(WITHOUT_HEADER) if place < len(first.cells)}
        return _columns(places, has_header=False)
    shown = ", ".join(repr(cell.strip()[:30]) for cell in first.cells[:8])
    raise BadInput(
        f"{file_name} has no column of addresses: line {first.line} reads {shown}; name one of the columns “email”."
    )


def read_row(row: Row, columns: Columns) -> Entry | BadRow:
    """Return the reader that *row* gives, or why it gives none."""
    address = _cell(row, columns.address)
    if any(UNREADABLE in cell for cell in row.cells):
        return BadRow(row.line, address, "A character could not be read; save the file as UTF-8 and import it again.")
    swallowed = next((cell for cell in row.cells if row.last_line > row.line and "@" in cell and "\n" in cell), None)
    if swallowed is not None:
        reason = f"A quotation mark opened here closes on line {row.last_line} only; the lines between were not read."
        return BadRow(row.line, address.splitlines()[0] if address else "", reason)
    try:
        key = address_key(address)
    except BadInput as error:
        return BadRow(row.line, address, str(error))
    remarks: list[str] = []
    written = _cell(row, columns.last_day)
    last_day = day_of(written) if written else None
    if written and last_day is None:
        return BadRow(row.line, address, f"The end of membership {written[:30]!r} is no date; write 2026-12-31.")
    return Entry(
        line=row.line,
        address=address,
        key=key,
        name=_name(row, columns),
        language=_language(_cell(row, columns.language), remarks),
        format=_format(_cell(row, columns.format), remarks),
        remarks=tuple(remarks),
        last_day=last_day,
        fields=tuple((field, _cell(row, place)) for field, place in columns.fields),
        tags=tuple(filter(None, map(clean_name, _cell(row, columns.tags).split(",")))) if columns.tags >= 0 else (),
    )


def _columns(places: Mapping[str, int], *, has_header: bool = True) -> Columns:
    return Columns(
        address=places["address"],
        name=places.get("name", -1),
        first_name=places.get("first_name", -1),
        last_name=places.get("last_name", -1),
        language=places.get("language", -1),
        format=places.get("format", -1),
        last_day=places.get("last_day", -1),
        has_header=has_header,
    )


def _given_columns(titles: Sequence[str], given: Mapping[str, str], file_name: str) -> Columns:
    unknown = sorted(set(given) - set(HEADERS))
    if unknown:
        raise BadInput(f"There is no column {', '.join(unknown)}; there are {', '.join(HEADERS)}.")
    if "address" not in given:
        raise BadInput("Say which column holds the address, as in address=Contact.")
    missing = [header for header in given.values() if _plain(header) not in titles]
    if missing:
        raise BadInput(f"{file_name} has no column {', '.join(map(repr, missing))} in its first line.")
    return _columns({field: titles.index(_plain(header)) for field, header in given.items()})


def _plain(title: str) -> str:
    return "".join(letter for letter in title.casefold() if letter.isalnum())


def _is_address(cell: str) -> bool:
    try:
        return bool(address_key(cell.strip()))
    except BadInput:
        return False


def _cell(row: Row, place: int) -> str:
    return row.cells[place].strip() if 0 <= place < len(row.cells) else ""


def _name(row: Row, columns: Columns) -> str:
    whole = _cell(row, columns.name)
    if not whole:
        whole = f"{_cell(row, columns.first_name)} {_cell(row, columns.last_name)}"
    return clean_name(whole)


def clean_name(text: str) -> str:
    """Return *text* as one printable line: a line break in a name would end a header line of the mail."""
    return " ".join(_NOT_PRINTED.sub(" ", text).split())[:NAME_LIMIT].strip()


def day_of(text: str) -> date | None:
    """Return the day that *text* names, as 2026-12-31 or 31.12.2026; None if it names none."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  # a day on the publication's calendar
        except ValueError:
            continue
    return None


def language_tag(text: str) -> str:
    """Return the BCP 47 tag that *text* names, as a tag or as a word; empty if it names none."""
    tag = LANGUAGES.get(text.casefold(), text.replace("_", "-"))
    if len(tag) > 16 or not _TAG.fullmatch(tag):
        return ""
    first, dash, rest = tag.partition("-")
    return first.lower() + dash + rest


def _language(cell: str, remarks: list[str]) -> str:
    tag = language_tag(cell)
    if cell and not tag:
        remarks.append(f"language {cell[:30]!r} is unknown and was left open")
    return tag


def _format(cell: str, remarks: list[str]) -> Format | None:
    if not cell:
        return None
    wanted = FORMATS.get(_plain(cell))
    if wanted is None:
        remarks.append(f"format {cell[:30]!r} is unknown; HTML was taken")
    return wanted
