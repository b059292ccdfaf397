"""The print edition of the invented issue, read back by other people's libraries."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace

import pytest

from newsletter.manuscripts.document import Article, Document, Part, Source
from newsletter.manuscripts.richtext import Footnote, Table
from newsletter.rendering.pdf import pdf
from newsletter.rendering.theme import Imprint, Masthead, Theme
from tests.factories import (
    bullets,
    inlines,
    link,
    paragraph,
    sample_document,
    sample_masthead,
    sample_pictures,
    with_blocks,
    with_entries,
)
from tests.rendering import pdf_reading as reading


@pytest.fixture(scope="module")
def issue() -> bytes:
    """The invented issue's PDF."""
    return pdf(sample_document(), sample_masthead(), pictures=sample_pictures())


def _strings(value: object) -> Iterator[str]:
    """Every word an author wrote in *value*."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _strings(one)
    elif is_dataclass(value):
        for one in fields(value):
            if one.name not in {"kind", "line", "url", "alignment", "source", "alt", "language", "original_language"}:
                yield from _strings(getattr(value, one.name))


def test_the_same_issue_gives_the_same_bytes(issue):
    """What is signed off can be made again."""
    assert pdf(sample_document(), sample_masthead(), pictures=sample_pictures()) == issue


def test_qpdf_finds_nothing_to_complain_about(issue):
    """The file's syntax is clean."""
    assert reading.opened(issue).check_pdf_syntax() == []


def test_every_word_of_the_issue_is_in_it(issue):
    """Nothing is lost between the Document and the paper."""
    printed = reading.squeezed(reading.text(issue))
    words = [word for string in _strings(sample_document()) for word in string.split()]
    lost = [word for word in words if reading.squeezed(word) not in printed]
    assert len(words) > 300
    assert lost == []


def test_it_says_that_it_is_archival_and_accessible(issue):
    """The XMP metadata names PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1)."""
    with reading.opened(issue).open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "A")
        assert metadata["pdfuaid:part"] == "1"


def test_it_is_marked_has_a_language_and_shows_its_title(issue):
    """A screen reader knows that there are tags and how to speak; a window shows the title, not a file name."""
    root = reading.opened(issue).Root
    assert bool(root.MarkInfo.Marked)
    assert str(root.Lang) == "en"
    assert bool(root.ViewerPreferences.DisplayDocTitle)


def test_a_catalogue_finds_title_authors_keywords_and_day(issue):
    """Document information is the issue's own, and the day is not today."""
    info = reading.opened(issue).docinfo
    assert str(info.Title) == "Pacific Grids"
    assert str(info.Author) == "Ida Brandt, Matteo Okafor"
    assert "Noteworthy" in str(info.Keywords)
    assert str(info.CreationDate).startswith("D:20240529")


def test_the_bookmarks_are_the_contents(issue):
    """Sections with their articles, numbers included."""
    bookmarks = reading.outline(issue)
    assert (0, "Top 5") in bookmarks
    assert (1, "1. Storage first: provinces race to firm up wind and sun") in bookmarks
    assert bookmarks.index((0, "Noteworthy")) < bookmarks.index((1, "Policy news"))
    assert not any("Contents" in title for _, title in bookmarks)


def test_the_contents_name_the_page_on_which_an_article_begins(issue):
    """A printed contents is worth its page numbers."""
    cover, *rest = reading.pages(issue)
    for title in ("Heat below the city: pilot zones for deep wells", "Corporate news"):
        named = int(re.search(rf"{re.escape(title)}[\s.\u2060]*(\d+)", cover)[1])
        assert title in reading.pages(issue)[named - 1]
    assert rest


def test_each_page_says_where_one_is(issue):
    """Publication and section above, publisher and page number below."""
    pages = reading.pages(issue)
    for number, page in enumerate(pages[1:], 2):
        assert f"Page {number} of {len(pages)}" in page
        assert "Halvorsen Institute" in page
        assert "Pacific Grids" in page
    assert "Noteworthy" in pages[-1]


def test_the_fonts_are_embedded_the_chinese_one_too(issue):
    """The paper looks the same on every machine."""
    fonts = reading.fonts(issue)
    assert all(fonts.values())
    for family in ("NotoSans-", "NotoSerif-", "NotoSansCJKsc-"):
        assert any(name.startswith(family) for name in fonts), (family, fonts)


def test_chinese_can_be_found_and_is_marked_as_chinese(issue):
    """A title is searchable once lines are joined; a screen reader changes its voice for it."""
    printed = reading.squeezed(reading.text(issue))
    assert reading.squeezed("国家能源局关于加快新型储能发展的指导意见（2024—2027年）") in printed
    assert "zh-CN" in reading.languages(issue)
    chinese = [tag for tag in reading.tags(issue) if tag.get("/Lang") == "zh-CN"]
    assert len(chinese) == 5  # one paragraph for each original title
    assert {tag.name for tag in chinese} == {"P"}


def test_a_word_of_chinese_in_an_english_line_is_marked_as_well():
    """The script tells the language."""
    printed = pdf(with_blocks(paragraph("The plan (内蒙古) is new.")), sample_masthead())
    assert reading.languages(printed) == {"zh-CN"}  # the rest is the document's own


@pytest.mark.parametrize(
    ("language", "text", "tag", "font"),
    [("zh-Hant", "國家能源局", "zh-TW", "NotoSansCJKtc"), ("ja", "東京", "ja-JP", "NotoSansCJKjp")],
)
def test_an_original_title_is_drawn_as_its_country_draws_it(language, text, tag, font):
    """One code point has other strokes in Taipei and Tokyo."""
    source = Source("A plan", original_title=text, original_language=language)
    printed = pdf(with_entries(Article("Title", sources=(source,))), sample_masthead())
    assert tag in reading.languages(printed)
    assert any(name.startswith(font) for name in reading.fonts(printed))


def test_a_picture_has_its_words(issue):
    """Alternative text reaches the structure tree."""
    (figure,) = [tag for tag in reading.tags(issue) if tag.name == "Figure"]
    assert figure.get("/Alt").startswith("Bar chart: installed grid storage rises")


def test_the_structure_is_that_of_a_text(issue):
    """One first heading, levels without gaps, lists, a table with its head, a quote, notes."""
    names = [tag.name for tag in reading.tags(issue)]
    levels = [int(name[1]) for name in names if re.fullmatch(r"H\d", name)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
    for name in ("TOC", "L", "LI", "Table", "THead", "TH", "BlockQuote", "Note", "Link", "Caption"):
        assert name in names


def test_a_heading_is_one_line_to_a_screen_reader(issue):
    """Numeral and title of an article are one heading, with no paragraph inside."""
    assert not any(set(tag.path) & {"H1", "H2", "H3", "H4"} for tag in reading.tags(issue) if tag.name == "P")


def test_links_lead_where_the_author_said(issue):
    """Sources, text, briefs and addresses are clickable; nothing else is."""
    links = set(reading.links(issue))
    assert {
        "https://www.example.org/nea/storage",
        "https://www.example.org/grids/capacity-fee",
        "https://www.example.org/b/1",
        "mailto:events@halvorsen.example",
        "mailto:grids@halvorsen.example",
        "https://www.halvorsen.example",
    } <= links
    assert all(link.startswith(("https://", "mailto:")) for link in links)


def test_a_placeholder_or_a_script_is_no_link():
    """The words stay, the link does not; a foreign host is written in ASCII."""
    blocks = paragraph(
        link("#", "placeholder "), link("javascript:alert(1)", "script "), link("https://bücher.example/ü", "books")
    )
    printed = pdf(with_blocks(blocks), Masthead("Grids", "Institute"))
    assert "placeholder" in reading.text(printed)
    assert reading.links(printed) == ["https://xn--bcher-kva.example/%C3%BC"]


def test_the_wording_follows_the_masthead_and_the_text_its_document():
    """A German publication may print an English text."""
    printed = pdf(sample_document(), sample_masthead("de"), pictures=sample_pictures())
    words = reading.text(printed)
    for german in ("Inhalt", "29. Mai 2024", "Berichtszeitraum", "Seite 2 von"):
        assert german in words
    assert str(reading.opened(printed).Root.Lang) == "en"


def test_markup_of_the_typesetter_is_only_text():
    """Content is data: nothing an author writes is run, read or imported."""
    hostile = '#read("/etc/passwd") $x^2$ \\ *not bold* _no_ @ref <label> `raw` // c /* d */ #import "@preview/x:1.0.0"'
    document = with_entries(
        Article(hostile, parts=with_blocks(paragraph(hostile)).sections[0].entries[0].parts), title=hostile
    )
    printed = pdf(document, Masthead(hostile, hostile, imprint=Imprint(hostile)))
    assert reading.squeezed(reading.text(printed)).count(reading.squeezed(hostile)) >= 4
    assert "root:" not in reading.text(printed)
    assert str(reading.opened(printed).docinfo.Title) == hostile


def test_a_long_table_repeats_its_head():
    """On each page one still knows what a column means."""
    rows = tuple((inlines(f"Province {row}"), inlines(f"{row} GW")) for row in range(150))
    printed = pdf(
        with_blocks(Table((inlines("Province"), inlines("Capacity")), rows, ("left", "right"))), sample_masthead()
    )
    with_rows = [page for page in reading.pages(printed) if re.search(r"Province \d", page)]
    assert len(with_rows) >= 3
    assert all("Capacity" in page for page in with_rows)


def test_notes_are_counted_anew_in_each_article():
    """A note's number belongs to its article."""

    def article(words: str) -> Article:
        return Article(words, (Part((paragraph("Text", Footnote(inlines(f"{words} note"))),)),))

    printed = pdf(with_entries(article("First"), article("Second")), sample_masthead())
    assert re.search(r"1\s*First note", reading.text(printed))
    assert re.search(r"1\s*Second note", reading.text(printed))


def test_a_publication_chooses_its_fonts_and_colours():
    """The theme's families are what is embedded."""
    theme = Theme(serif="Noto Sans", accent="#225544")
    printed = pdf(with_blocks(paragraph("Text")), replace(sample_masthead(), theme=theme))
    assert not any(name.startswith("NotoSerif") for name in reading.fonts(printed))


def test_the_imprint_stands_in_for_a_missing_publisher():
    """The last page always says who publishes."""
    document = replace(sample_document(), publisher=None, sections=(), people=(), contact=None)
    printed = pdf(document, sample_masthead())
    for words in ("Imprint", "Halvorsen Institute for Energy Studies", "Speicherstraße 14", "office@halvorsen.example"):
        assert words in reading.text(printed)


def test_labels_run_in_with_one_colon():
    """A label that brings its own mark gets no second."""
    parts = (Part((bullets("One"),), "At a glance"), Part((paragraph("Well."),), "And now?"))
    words = reading.text(pdf(with_entries(Article("Title", parts)), sample_masthead()))
    assert "At a glance:" in words
    assert "And now? Well." in words


def test_an_issue_of_any_day_can_be_printed():
    """The calendar's ends are no error."""
    for day in (datetime.date.min, datetime.date.max):
        assert pdf(Document("Title", day), sample_masthead()).startswith(b"%PDF-1.7")
