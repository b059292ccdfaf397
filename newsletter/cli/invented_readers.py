"""Readers that nobody has: plausible names at addresses that can belong to no one (RFC 2606)."""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from itertools import islice
from pathlib import Path

GIVEN = (
    "Ada", "Aïcha", "Anneke", "Åsa", "Beatriz", "Björn", "Chidi", "Chloë", "Darja", "Dóra", "Elif", "Esperança",
    "Fatima", "Françoise", "Giulia", "Gökçe", "Hannah", "Hiroko", "Ingrid", "Íñigo", "Jürgen", "Jūratė", "Kateřina",
    "Kofi", "Lars", "Łukasz", "Mei", "Mirjana", "Ngozi", "Niamh", "Ola", "Óscar", "Priya", "Quentin", "René", "Rūta",
    "Søren", "Siobhán", "Šárka", "Tomáš", "Thị Hương", "Ulrike", "Victoria", "Wanjiru", "Xavier", "Yueru", "Zoë",
    "Żaneta",
)  # fmt: skip
FAMILY = (
    "Achterberg", "Adeyemi", "Bäcker", "Bélanger", "Çelik", "Dąbrowski", "D’Angelo", "Dvořák", "Eriksen", "Fernández",
    "Fröhlich", "Gößwein", "Guðmundsdóttir", "Hansson", "Horváth", "Ivanova", "Jørgensen", "Kovačević", "Kowalczyk",
    "Lefèvre", "Li", "Lönnqvist", "Müller-Lüdenscheidt", "Nakamura", "Nguyễn", "Núñez", "Okafor", "O’Sullivan",
    "Özdemir",
    "Petrauskas", "Quaye", "Rossi", "Șerban", "Sjöberg", "Söderlund", "Tanaka", "Ülker", "Van der Velde", "Vögeli",
    "Wang", "Weiß", "Wrona", "Xu", "Yıldız", "Żuławski", "Zhang",
)  # fmt: skip
DOMAINS = (
    "example.org", "example.com", "example.net", "mail.example.org", "uni.example.org", "ministry.example.net",
    "harbour.example.com", "press.example.net", "bank.example.com",
)  # fmt: skip
GERMAN_SPEAKING = 0.35
FORMATS = {"html": 80, "text": 14, "pdf": 6}
"""Out of a hundred readers, how many like each format."""
_ASCII = str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "å": "a", "ł": "l", "ı": "i", "ð": "d", "đ": "d", "æ": "ae",
    "’": "", "'": "",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One reader as a row of an import file; the fields are its columns."""

    address: str
    name: str
    language: str
    format: str


def invented_readers(count: int, *, seed: int) -> list[Row]:
    """Return *count* readers with different addresses; the same *seed* gives the same readers on every machine."""
    return list(islice(_readers(random.Random(seed)), count))  # noqa: S311  # invented people are no secret


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """Write *rows* as an import file: UTF-8, commas, a header row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(Row))
        writer.writerows(astuple(row) for row in rows)


def _readers(dice: random.Random) -> Iterator[Row]:
    seen: dict[str, int] = {}
    while True:
        given, family, domain = dice.choice(GIVEN), dice.choice(FAMILY), dice.choice(DOMAINS)
        local = f"{_plain(given)}.{_plain(family)}"
        again = seen[f"{local}@{domain}"] = seen.get(f"{local}@{domain}", 0) + 1
        yield Row(
            address=f"{local}{again if again > 1 else ''}@{domain}",
            name=f"{given} {family}",
            language="de" if dice.random() < GERMAN_SPEAKING else "en",
            format=dice.choices(tuple(FORMATS), weights=tuple(FORMATS.values()))[0],
        )


def _plain(name: str) -> str:
    """Return *name* as the local part of an address writes it: ASCII letters and hyphens (RFC 5322 atoms)."""
    spelt = unicodedata.normalize("NFD", name.casefold().translate(_ASCII))
    return "".join(letter for letter in spelt.replace(" ", "-") if letter.isascii())
