"""The words around an issue (Contents, Unsubscribe) in each language an edition can have."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """Every word an edition says that is not the authors'."""

    language: str
    months: tuple[str, ...]
    date_pattern: str
    """Filled with day, month (name) and year."""
    contents: str
    page_of: str
    """Filled with page and pages."""
    reporting_period: str
    view_in_browser: str
    download_pdf: str
    unsubscribe: str
    preferences: str
    reason: str
    """Filled with publication."""
    read_on: str
    figure: str
    table: str
    footnotes: str
    original_title: str

    def date(self, day: datetime.date) -> str:
        """Return *day* as the language writes it: 6 March 2024, 6. März 2024."""
        return self.date_pattern.format(day=day.day, month=self.months[day.month - 1], year=day.year)


ENGLISH = Wording(
    language="en",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    date_pattern="{month} {day}, {year}",
    contents="Contents",
    page_of="Page {page} of {pages}",
    reporting_period="Reporting period",
    view_in_browser="Read on the web",
    download_pdf="Download the PDF",
    unsubscribe="Unsubscribe",
    preferences="Change what you receive",
    reason="You receive this mail because you subscribed to {publication}.",
    read_on="Read on",
    figure="Figure",
    table="Table",
    footnotes="Notes",
    original_title="Original title",
)  # fmt: skip

GERMAN = Wording(
    language="de",
    months=(
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
    date_pattern="{day}. {month} {year}",
    contents="Inhalt",
    page_of="Seite {page} von {pages}",
    reporting_period="Berichtszeitraum",
    view_in_browser="Im Browser lesen",
    download_pdf="PDF herunterladen",
    unsubscribe="Abbestellen",
    preferences="Einstellungen ändern",
    reason="Sie erhalten diese E-Mail, weil Sie {publication} abonniert haben.",
    read_on="Weiterlesen",
    figure="Abbildung",
    table="Tabelle",
    footnotes="Anmerkungen",
    original_title="Originaltitel",
)  # fmt: skip


def wording(language: str) -> Wording:
    """Return the wording for a BCP 47 *language*; one we do not have gets English."""
    return GERMAN if language.split("-", maxsplit=1)[0].lower() == "de" else ENGLISH
