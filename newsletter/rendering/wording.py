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
    skip_to_text: str
    teaser_link: str
    """Filled with title; says on its own where it leads."""
    attached: str
    """Filled with title; the covering note of an issue that is the attached PDF."""
    note_number: str
    """Filled with number; names the link from the text to a footnote."""
    back_to_text: str
    """Filled with number; names the link from a footnote back to its place."""
    links: str
    issued_by: str
    """Label of a source's issuing bodies where the manuscript has none."""
    imprint: str
    corrected_on: str
    """Filled with date; stands before what was corrected in a version that is out."""
    corrected: str
    """The same where the date is not known."""
    version_before: str
    """Names the link from a corrected web edition to the one before it."""
    correction_subject: str
    """Filled with subject; what a correction's mail is called."""
    span_of_days: str
    """Filled with month, first, last (days) and year."""
    span_of_months: str
    """Filled with first_month, first, last_month, last and year."""

    def date(self, day: datetime.date) -> str:
        """Return *day* as the language writes it: 6 March 2024, 6. März 2024."""
        return self.date_pattern.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def span(self, first: datetime.date, last: datetime.date) -> str:
        """Return the days from *first* to *last*, saying year and month once where they are the same."""
        if first == last:
            return self.date(first)
        if first.year != last.year:
            return f"{self.date(first)} – {self.date(last)}"
        pattern = self.span_of_days if first.month == last.month else self.span_of_months
        return pattern.format(
            month=self.months[first.month - 1],
            first_month=self.months[first.month - 1],
            last_month=self.months[last.month - 1],
            first=first.day,
            last=last.day,
            year=first.year,
        )


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
    skip_to_text="Skip to the text",
    teaser_link="Read “{title}” on the web",
    attached="This issue of {title} is attached as a PDF.",
    note_number="Note {number}",
    back_to_text="Back to the text of note {number}",
    links="Links",
    issued_by="Issued by",
    imprint="Imprint",
    corrected_on="Corrected on {date}:",
    corrected="Corrected:",
    version_before="Read the version before this correction",
    correction_subject="Correction: {subject}",
    span_of_days="{month} {first}–{last}, {year}",
    span_of_months="{first_month} {first} – {last_month} {last}, {year}",
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
    skip_to_text="Zum Text springen",
    teaser_link="„{title}“ im Browser lesen",
    attached="Diese Ausgabe von {title} liegt als PDF bei.",
    note_number="Anmerkung {number}",
    back_to_text="Zurück zum Text von Anmerkung {number}",
    links="Links",
    issued_by="Herausgegeben von",
    imprint="Impressum",
    corrected_on="Berichtigt am {date}:",
    corrected="Berichtigt:",
    version_before="Die Fassung vor dieser Berichtigung lesen",
    correction_subject="Berichtigung: {subject}",
    span_of_days="{first}.–{last}. {month} {year}",
    span_of_months="{first}. {first_month} – {last}. {last_month} {year}",
)  # fmt: skip


def wording(language: str) -> Wording:
    """Return the wording for a BCP 47 *language*; one we do not have gets English."""
    return GERMAN if language.split("-", maxsplit=1)[0].lower() == "de" else ENGLISH
