"""The house style: labels, roles, preferred spellings and acronyms of a publication, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from newsletter.manuscripts.remarks import Severity


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """What the reader and the proofing rules know about a publication; every field has a generic default."""

    part_labels: tuple[str, ...] = ()
    """Run-in labels of article parts (``At a glance``, ``Our comment``); empty means infer them from the manuscript."""
    source_labels: tuple[str, ...] = ("Article", "Source", "Document", "Quelle", "Dokument")
    bodies_labels: tuple[str, ...] = ("Issuing body", "Issuing bodies", "Herausgeber", "Herausgebende Stellen")
    date_labels: tuple[str, ...] = ("Date", "Datum")
    contents_titles: tuple[str, ...] = ("Contents", "Table of contents", "Inhalt", "Inhaltsverzeichnis")
    people_titles: tuple[str, ...] = (
        "Authors", "Author", "Editors", "Editor", "Autoren", "Autorinnen und Autoren", "Redaktion",
    )  # fmt: skip
    publisher_titles: tuple[str, ...] = ("Publisher", "Imprint", "Herausgeber", "Impressum")
    preferred: tuple[str, ...] = ()
    """Names in their one right spelling; any other capitalisation is a Remark."""
    acronyms: dict[str, str] = field(default_factory=dict, hash=False)
    """The glossary: acronym to its one expansion."""
    severities: dict[str, Severity] = field(default_factory=dict, hash=False)
    """Overrides of the rules' severities, by rule name."""
