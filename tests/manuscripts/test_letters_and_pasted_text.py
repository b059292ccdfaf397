"""What think tanks hand in: letters to readers, text out of Word, short contents, mastheads of a few capitals."""

from __future__ import annotations

import datetime

import pytest

from newsletter.manuscripts.document import Document, Note
from newsletter.manuscripts.reader import Reading, read
from newsletter.manuscripts.richtext import BulletList, Paragraph, plain

LONG = "The ministry presented a plan for the ports on this coast and for those beyond the sound, and promised"


def _paragraphs(document: Document) -> list[str]:
    entries = [entry for section in document.sections for entry in section.entries]
    blocks = [block for entry in entries if isinstance(entry, Note) for block in entry.blocks]
    return [plain(block.children) for block in blocks if isinstance(block, Paragraph)]


def _rules(reading: Reading) -> list[str]:
    return [remark.rule for remark in reading.remarks]


@pytest.mark.parametrize(
    "salutation", ["Dear readers,", "Dear colleagues and friends,", "Liebe Leserinnen und Leser,", "Guten Morgen,"]
)
def test_a_salutation_is_no_torn_sentence(salutation):
    """Its comma ends the line, whatever letter the letter begins with."""
    reading = read(f"Coastal Letter\n\nMay 14, 2025\n\n{salutation}\n\nthis is the last issue.\n\nIt rains.\n")
    assert _paragraphs(reading.document) == [salutation, "this is the last issue.", "It rains."]
    assert _rules(reading) == []


def test_a_sentence_that_names_dear_things_is_joined_all_the_same():
    """Only a whole line is a salutation."""
    reading = read("Coastal Letter\n\nMay 14, 2025\n\nBread is dear. Fish, eggs,\n\nand butter are not.\n\nIt rains.\n")
    assert _paragraphs(reading.document)[0] == "Bread is dear. Fish, eggs, and butter are not."
    assert _rules(reading) == ["split-sentence"]


@pytest.mark.parametrize("closing", ["Best wishes,", "With kind regards", "Mit freundlichen Grüßen"])
def test_a_letters_end_is_no_heading(closing):
    """Neither the wish nor the name below it, though both are short lines by themselves."""
    reading = read(f"Coastal Letter\n\nMay 14, 2025\n\nIt rains.\n\n{closing}\n\nÅse Lind\n\nPORTS\n\nFull.\n")
    assert [section.title for section in reading.document.sections] == ["", "PORTS"]
    assert _paragraphs(reading.document) == ["It rains.", closing, "Åse Lind", "Full."]


def test_who_signs_before_a_section_opens_none():
    """A short line in small letters after a sentence and over a line in capitals."""
    reading = read("Letter\n\nEDITORIAL\n\nIt rains.\n\nYour editors\n\nPORTS\n\nFull.\n\nEU\n\nNothing new.\n")
    assert [section.title for section in reading.document.sections] == ["EDITORIAL", "PORTS", "EU"]
    assert _paragraphs(reading.document)[:2] == ["It rains.", "Your editors"]


def test_a_date_field_in_the_masthead_is_the_issues_date():
    """No source has begun that it could belong to."""
    reading = read("# Weekly Brief\n\nDate: June 2, 2025\n\n## 1. Ports\n\nFull.\n\n## 2. Rails\n\nOld.\n")
    assert reading.document.date == datetime.date(2025, 6, 2)
    assert _rules(reading) == []


def test_words_inner_bullets_make_a_list_within_the_list():
    """Word draws them as circles and pastes them as the letter o."""
    reading = read("Letter\n\nThe plan:\n\n•\tPorts\no\tKiel\no\tRostock\n•\tRails\n\nDone.\n")
    (entry,) = reading.document.sections[0].entries
    assert isinstance(entry, Note)
    outer = entry.blocks[1]
    assert isinstance(outer, BulletList)
    inner = outer.items[0].blocks[1]
    assert isinstance(inner, BulletList)
    assert (len(outer.items), len(inner.items)) == (2, 2)


def test_contents_with_one_space_before_the_page_are_contents():
    """The titles come again further down, so that the numbers behind them are pages."""
    contents = "Contents\n\nEditorial 2\n1. Ports 3\n2. Rails 5\n\n"
    reading = read(f"Letter\n\n{contents}EDITORIAL\n\nIt rains.\n\n1. Ports\n\nFull.\n\n2. Rails\n\nOld.\n")
    assert _rules(reading) == ["contents-dropped"]
    assert "Editorial 2" not in " ".join(_paragraphs(reading.document))


def test_page_numbers_and_running_heads_are_left_out_and_named():
    """What they tore in two is one again, and the title above them stays."""
    pages = (
        "to pay for\n\nCoastal Letter\nPage 1 of 3\n\nhalf of it.\n\nMore.\n\nCoastal Letter\nPage 2 of 3\n\nThe end.\n"
    )
    reading = read(f"Coastal Letter\n\nMay 14, 2025\n\n{LONG} {pages}")
    assert reading.document.title == "Coastal Letter"
    assert _paragraphs(reading.document) == [f"{LONG} to pay for half of it.", "More.", "The end."]
    assert _rules(reading) == ["split-sentence", "page-furniture"]
    assert [place.line for place in reading.remarks[1].places] == [7, 8, 14, 15]


@pytest.mark.parametrize("numbers", [("7",), ("7", "7"), ("9", "8")])
def test_numbers_that_do_not_count_pages_stay(numbers):
    """One alone, or numbers that do not rise, may be what somebody wanted to say."""
    text = "".join(f"It rains.\n\n{number}\n\n" for number in numbers)
    reading = read(f"Letter\n\nMay 14, 2025\n\n{text}It rains still.\n")
    assert [words for words in _paragraphs(reading.document) if words.isdigit()] == list(numbers)
