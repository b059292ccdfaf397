"""The catalogue: what screens and mails say in each language, words, dates and numbers.

English stands in code and templates and is the key; ``templates/locale/<language>/<area>.po`` says it otherwise.
Another language is another folder.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from newsletter.kit.sentences import N_, Sentence
from newsletter.kit.templating import bundled

__all__ = [
    "N_", "REGIONS", "SOURCE", "Sentence", "Words", "files", "languages", "preferred", "spoken", "translations",
    "words",
]  # fmt: skip

SOURCE = "en"
"""The language that needs no file."""
REGIONS = {"en": "en_GB"}
"""Whose dates and numbers a language writes, where babel would guess otherwise (days before months, 24 hours)."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language: called with an English sentence, it answers with its own.

    ``words("Saved %(name)s.", name="Grid Notes")`` fills named places; what nobody translated stays English.
    """

    language: str
    translations: gettext.NullTranslations

    def __call__(self, message: str, **values: object) -> str:
        """Return *message* in this language, filled with *values*."""
        if isinstance(message, Sentence):
            return self.said(message)
        text = self.translations.gettext(message) if message else ""  # gettext answers "" with its header
        return text % values if values else text

    def ngettext(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the form for *count*; ``%(count)s`` is filled as this language writes numbers."""
        return self.translations.ngettext(one, many, count) % {"count": self.number(count), **values}

    def said(self, message: str, zone: ZoneInfo | None = None) -> str:
        """Return what an error or another ``Sentence`` says, with its moments on the clocks of *zone* (UTC)."""
        if not isinstance(message, Sentence):
            return self(message)
        return self(message.pattern, **{name: self._filling(value, zone) for name, value in message.values.items()})

    def _filling(self, value: object, zone: ZoneInfo | None) -> object:
        match value:
            case Sentence():
                return self.said(value, zone)
            case datetime():
                return self.moment(value, zone) + ("" if zone else " UTC")
            case int():
                return self.number(value)
            case tuple():
                return "; ".join(self.said(one, zone) for one in value)
        return value

    @property
    def locale(self) -> Locale:
        """Whose dates and numbers are written."""
        return Locale.parse(REGIONS.get(self.language, self.language))

    def number(self, value: float) -> str:
        """Return 12,345 or 12.345."""
        return format_decimal(value, locale=self.locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """Return *share* (0 to 1) as 12.5% or 12,5 %."""
        pattern = self.locale.percent_formats[None].pattern.replace("0", "0." + "0" * digits if digits else "0")
        return format_percent(share, format=pattern, locale=self.locale)

    def size(self, octets: int) -> str:
        """Return *octets* as 84 kB or 1.2 MB; 1 kB is 1,000 bytes (SI)."""
        for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if octets >= length:
                return f"{self.number(round(octets / length, 1 if octets < 10 * length else 0))} {unit}"
        return f"{self.number(octets)} B"

    def day(self, at: datetime | date, zone: ZoneInfo | None = None) -> str:
        """Return 4 March 2026, 4. März 2026: the day that *zone* (UTC) has at that moment."""
        return format_date(_day(at, zone), format="long", locale=self.locale)

    def short_day(self, at: datetime | date, zone: ZoneInfo | None = None) -> str:
        """Return 4 Mar 2026, 04.03.2026, for tables."""
        return format_date(_day(at, zone), format="medium", locale=self.locale)

    def weekday(self, at: datetime | date, zone: ZoneInfo | None = None) -> str:
        """Return Wednesday, 4 March 2026."""
        return format_date(_day(at, zone), format="full", locale=self.locale)

    def clock(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return 16:40."""
        return format_time(at, format="short", tzinfo=zone or UTC, locale=self.locale)

    def moment(self, at: datetime, zone: ZoneInfo | None = None) -> str:
        """Return 4 March 2026, 16:40."""
        return f"{self.day(at, zone)}, {self.clock(at, zone)}"

    def lately(self, at: datetime, now: datetime, zone: ZoneInfo | None = None) -> str:
        """Return Wednesday 16:40 for what is less than six days away, else 4 March 2026, 16:40."""
        if abs(now - at) >= timedelta(days=6):
            return self.moment(at, zone)
        return f"{format_date(_day(at, zone), format='EEEE', locale=self.locale)} {self.clock(at, zone)}"

    def ago(self, at: datetime, now: datetime) -> str:
        """Return 2 hours ago, vor 2 Stunden."""
        return format_timedelta(at - now, add_direction=True, threshold=1.2, locale=self.locale)

    def span(self, length: timedelta) -> str:
        """Return 2 hours, 2 Stunden."""
        return format_timedelta(length, threshold=1.5, locale=self.locale)

    def spell(self, things: Iterable[str]) -> str:
        """Return a, b and c."""
        return format_list(list(things), locale=self.locale)


@cache
def languages() -> tuple[str, ...]:
    """Return the languages there are, the source first."""
    folders = (bundled("templates") / "locale").glob("*/*.po")
    return (SOURCE, *sorted({file.parent.name for file in folders} - {SOURCE}))


def spoken(*wanted: str) -> str:
    """Return the language for the first of *wanted* that is not empty (``de-AT`` gets ``de``), else English."""
    first = next(filter(None, wanted), SOURCE).partition("-")[0].lower()
    return first if first in languages() else SOURCE


def preferred(accept_language: str) -> str:
    """Return the language that an Accept-Language field asks for most and there is (RFC 9110 §12.5.4)."""
    asked = []
    for place, entry in enumerate(accept_language.split(",")[:20]):
        tag, _, quality = entry.partition(";")
        primary = tag.strip().partition("-")[0].lower()
        weight = _number(quality.strip().removeprefix("q="))
        if primary in languages() and weight > 0:
            asked.append((-weight, place, primary))
    return min(asked)[2] if asked else SOURCE


@cache
def words(language: str) -> Words:
    """Return the words of a BCP 47 *language*; one that there is not gets English."""
    found = spoken(language)
    return Words(found, translations(found))


def files(language: str) -> list[Path]:
    """Return the files with the translations into *language*, one an area of the product."""
    return sorted((bundled("templates") / "locale" / language).glob("*.po"))


@cache
def translations(language: str) -> gettext.NullTranslations:
    """Return the sentences of *language*, all areas together; what has no translation is said in English."""
    together = Catalog(locale=language)
    for path in files(language):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string and not message.fuzzy:
                    together[message.id] = message
    if not len(together):
        return gettext.NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, together)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _number(weight: str) -> float:
    return float(weight or 1) if re.fullmatch(r"[01]?(?:\.\d{0,3})?", weight) and weight != "." else 0.0


def _day(at: datetime | date, zone: ZoneInfo | None) -> date:
    return at.astimezone(zone or UTC).date() if isinstance(at, datetime) else at
