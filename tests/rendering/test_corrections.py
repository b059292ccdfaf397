"""A corrected issue says so above its text, in every edition and in its subject."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from newsletter.manuscripts.document import Correction
from newsletter.rendering.edition import Medium
from newsletter.rendering.editions import render
from newsletter.rendering.subject import subject_of
from tests.factories import sample_document, sample_masthead, sample_pictures
from tests.rendering.pdf_reading import text as text_of

NOTES = (
    Correction("The sums in table 2 were dollars, not <yuan>.", datetime.date(2024, 6, 3)),
    Correction("Jo Lindqvist’s name was misspelt.", None),
)


@pytest.mark.parametrize(
    ("language", "label", "undated"),
    [("en", "Corrected on June 3, 2024:", "Corrected:"), ("de", "Berichtigt am 3. Juni 2024:", "Berichtigt:")],
)
def test_every_edition_shows_what_was_corrected(language: str, label: str, undated: str):
    """With its date, above the first section, the newest first; nothing in it is markup."""
    document = replace(sample_document(), corrections=NOTES)
    editions = render(document, sample_masthead(language), pictures=sample_pictures())
    for medium in (Medium.HTML, Medium.TEXT, Medium.WEB):
        text = " ".join(editions[medium].data.decode().split())
        assert label in text, medium
        assert text.index("misspelt") < text.index("table 2") < text.rindex("Storage first"), medium
        assert "<yuan>" not in text or medium is Medium.TEXT
    assert 'href="versions/2/"' in editions[Medium.WEB].data.decode()
    assert "versions/" not in editions[Medium.HTML].data.decode()
    printed = " ".join(text_of(editions[Medium.PDF].data).split())
    assert label in printed
    assert undated in printed


def test_the_subject_of_a_correction_begins_with_the_word():
    """So that nobody takes it for the next issue."""
    document = replace(sample_document(), corrections=NOTES[:1])
    before = subject_of(sample_document(), sample_masthead())
    assert subject_of(document, sample_masthead()) == f"Correction: {before}"
    assert subject_of(document, sample_masthead("de")).startswith("Berichtigung: ")


def test_an_issue_without_corrections_has_no_trace_of_any():
    """Not an empty box."""
    editions = render(sample_document(), sample_masthead(), pictures=sample_pictures())
    assert 'class="corrections"' not in editions[Medium.WEB].data.decode()
    assert "correction" not in editions[Medium.HTML].data.decode().partition("<body")[2]
