"""Issues that no one would print, printed all the same."""

from __future__ import annotations

import io
import itertools

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import (
    Article,
    Brief,
    BriefList,
    Document,
    Note,
    Part,
    PeopleGroup,
    Person,
    Section,
    Source,
)
from newsletter.manuscripts.pictures import Picture, read_picture
from newsletter.manuscripts.richtext import (
    Break,
    BulletList,
    Figure,
    Footnote,
    Link,
    ListItem,
    OrderedList,
    Paragraph,
    Quote,
    Strong,
    Subheading,
    Table,
)
from newsletter.rendering.fonts import missing_glyphs
from newsletter.rendering.pdf import pdf
from newsletter.rendering.theme import Imprint, Masthead
from tests.factories import inlines, link, paragraph, sample_masthead, with_blocks, with_entries
from tests.rendering import pdf_reading as reading

BARE = Masthead("", "")


def _picture(mode: str, form: str, size: tuple[int, int] = (300, 200)) -> Picture:
    data = io.BytesIO()
    Image.new(mode, size).save(data, form)
    return read_picture(data.getvalue(), "picture")


def _levels(data: bytes) -> list[int]:
    return [int(tag.name[1]) for tag in reading.tags(data) if tag.name[:1] == "H" and tag.name[1:].isdigit()]


@pytest.mark.parametrize(
    "document",
    [
        Document(""),
        Document(" ", sections=(Section(" "),)),
        Document("", sections=(Section("", (Article(""), BriefList(""), Note())),)),
        Document("Only people", people=(PeopleGroup("", ()), PeopleGroup("A", (Person("Ada"),)))),
    ],
)
def test_an_issue_of_nothing_is_a_page_of_nothing(document):
    """An empty document is still valid, archival and accessible."""
    printed = pdf(document, BARE)
    assert reading.opened(printed).check_pdf_syntax() == []
    assert str(reading.opened(printed).docinfo.Title).strip()


def test_blocks_of_nothing_do_no_harm():
    """The reader of manuscripts should not make them; if it does, nothing breaks."""
    empty = (
        Paragraph(()),
        BulletList(()),
        BulletList((ListItem(()),)),
        OrderedList((), start=-4),
        Quote(()),
        Subheading(()),
        Table((), ()),
        Table((), ((),), caption=inlines("A lonely caption.")),
        Table(((), ()), (((),), ((), (), ()))),
        Paragraph((Link("https://x.example", ()), Strong(()), Footnote(()), Break())),
    )
    printed = pdf(with_blocks(*empty, paragraph("The end.")), BARE)
    assert "The end." in reading.text(printed)
    assert "A lonely caption." in reading.text(printed)


def test_a_picture_that_moves_to_the_next_page_leaves_its_paragraphs_apart():
    """The paragraphs before and after it stand side by side then, and keep their distance."""
    words = "The quay is full and the crane stands still while the tide goes out. " * 6
    for above in range(7, 11):
        blocks = (*(paragraph(words) for _ in range(above)), Figure("tall.png", "A crane"), paragraph(words))
        printed = pdf(with_blocks(*blocks), BARE, pictures={"tall.png": _picture("RGB", "PNG", (900, 1200))})
        for lines in reading.baselines(printed):
            assert all(upper - lower > 9 for upper, lower in itertools.pairwise(lines))


def test_a_thousand_briefs_all_arrive():
    """Each with its date."""
    briefs = tuple(Brief(inlines(f"News number {n}."), date_text=f"Day {n}") for n in range(1000))
    printed = reading.squeezed(reading.text(pdf(with_entries(BriefList("News", briefs)), sample_masthead())))
    assert [n for n in range(1000) if f"Newsnumber{n}." not in printed or f"Day{n}" not in printed] == []


def test_very_long_words_stay_on_the_paper():
    """No text box reaches beyond the page's right margin, and no letter is lost."""
    url = "https://example.org/" + "abc/def-" * 40
    words = ("x" * 400, "Donaudampfschifffahrtsgesellschaftskapitän" * 3, url)
    table = Table((inlines("A"), inlines("B"), inlines("C")), ((inlines("y" * 90), inlines("z"), inlines("w")),))
    document = with_blocks(*(paragraph(word) for word in words), paragraph(link("https://example.org", url)), table)
    printed = pdf(document, sample_masthead())
    text = reading.squeezed(reading.text(printed))
    assert all(reading.squeezed(word) in text for word in (*words, "y" * 90))
    assert _rightmost_link(printed) <= 595 - 60


def _rightmost_link(data: bytes) -> float:
    return max(
        float(annotation.Rect[2])
        for page in reading.opened(data).pages
        for annotation in page.get("/Annots", [])
        if "/A" in annotation
    )


@pytest.mark.parametrize("wanted", [(3,), (1, 3), (2, 1, 4), (6, 6)])
def test_heading_levels_have_no_gaps(wanted):
    """PDF/UA refuses a jump; the author's jump becomes a step."""
    blocks = [Subheading(inlines(f"Level {level}"), level) for level in wanted]
    levels = _levels(pdf(with_blocks(*blocks, paragraph("Text")), sample_masthead()))
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
    assert len(levels) == len(wanted) + 5  # the title, Contents, the section, the article, Imprint


def test_an_article_without_a_section_keeps_its_numeral():
    """A loose manuscript has no sections; its articles move up one level."""
    article = Article("A title", (Part((paragraph("Text"), Subheading(inlines("Sub"), 2))),), number=7)
    printed = pdf(Document("Loose", sections=(Section("", (article,)),)), BARE)
    assert reading.outline(printed) == [(0, "7. A title")]
    assert _levels(printed) == [1, 2, 2, 3]  # title, Contents, article, subheading


@pytest.mark.parametrize(
    ("mode", "form"), [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "GIF"), ("I;16", "PNG"), ("RGBA", "PNG"), ("1", "PNG")]
)
def test_every_kind_of_picture_can_be_printed(mode, form):
    """Four colours become three, because PDF/A wants a printer's profile for them."""
    pictures = {"picture": _picture(mode, form)}
    printed = pdf(with_blocks(Figure("picture", "A grey square")), sample_masthead(), pictures=pictures)
    (figure,) = [tag for tag in reading.tags(printed) if tag.name == "Figure"]
    assert figure.get("/Alt") == "A grey square"
    spaces = {str(image.get("/ColorSpace")) for image in _images(printed)}
    assert "/DeviceCMYK" not in spaces


def _images(data: bytes) -> list[pikepdf.Stream]:
    return [thing for thing in reading.opened(data).objects if isinstance(thing, pikepdf.Stream) and thing.get("/Subtype") == "/Image"]  # fmt: skip


def test_a_picture_without_words_gets_its_caption_for_them():
    """Better than none; proofing has asked for real ones."""
    figure = Figure("picture", " ", inlines("Installed storage"))
    printed = pdf(with_blocks(figure), sample_masthead(), pictures={"picture": _picture("RGB", "PNG", (10, 4000))})
    assert "Installed storage" in {tag.get("/Alt") for tag in reading.tags(printed)}


def test_the_same_picture_may_be_shown_twice():
    """Two names for the same bytes are one file."""
    picture = _picture("RGB", "PNG")
    blocks = (Figure("a", "First"), Figure("b", "Second"), Figure("a", "Third"))
    printed = pdf(with_blocks(*blocks), sample_masthead(), pictures={"a": picture, "b": picture})
    assert [tag.get("/Alt") for tag in reading.tags(printed) if tag.name == "Figure"] == ["First", "Second", "Third"]


def test_notes_find_their_place_wherever_they_are():
    """In a note, a link, a table and a caption."""
    blocks = (
        paragraph("a", Footnote(inlines("outer", Footnote(inlines("inner"))))),
        paragraph(link("https://x.example", "in", Footnote(inlines("in a link")), "side")),
        Table((inlines("h", Footnote(inlines("in a head"))),), ((inlines("c", Footnote(inlines("in a cell"))),),)),
        Quote((paragraph("q", Footnote(inlines("in a quote"))),)),
    )
    text = reading.text(pdf(with_blocks(*blocks), sample_masthead()))
    for words in ("outer [inner]", "in a link", "in a head", "in a cell", "in a quote"):
        assert words in text


def test_a_linked_head_of_a_long_table_is_said_once():
    """A repeated head is decoration to a screen reader, and decoration holds no links; so this one is not repeated."""
    head = (inlines(link("https://x.example", "Province")), inlines("GW", Footnote(inlines("gigawatts"))))
    rows = tuple((inlines(f"Row {row}"), inlines("1")) for row in range(120))
    printed = pdf(with_blocks(Table(head, rows)), sample_masthead())
    assert sum("Province" in page for page in reading.pages(printed)) == 1


def test_a_chinese_name_that_is_not_printed_needs_no_font():
    """The publication's name stands from the second page on; a bare issue has one."""
    assert pdf(Document("Title"), Masthead("工业通讯", "Institute"))


def test_a_chinese_title_needs_no_latin_serif():
    """Only fonts that are used must be embedded."""
    assert pdf(Document("工业"), Masthead("工业", "研究所", imprint=Imprint()))


def test_a_source_without_a_title_shows_its_address():
    """A link needs words to click on."""
    source = Source("", url="https://www.example.org/plan")
    printed = pdf(with_entries(Article("Title", sources=(source,))), sample_masthead())
    assert "https://www.example.org/plan" in reading.squeezed(reading.text(printed))
    assert "https://www.example.org/plan" in reading.links(printed)


def test_lists_nest_as_deep_as_a_page_has_room():
    """Twelve levels, lists and quotes."""
    for wrap in (lambda inner: BulletList((ListItem((paragraph("level"), inner)),)), lambda inner: Quote((inner,))):
        block = paragraph("leaf")
        for _ in range(10):
            block = wrap(block)
        assert "leaf" in reading.text(pdf(with_blocks(block), sample_masthead()))


@pytest.mark.parametrize("language", ["", "en-GB", "de_AT", "zh-Hant-HK", "x-klingon", "EN", "sr-Latn-RS"])
def test_any_language_tag_is_survived(language):
    """A tag that says nothing is English."""
    document = Document("Title", language=language, sections=(Section("S", (Note((paragraph("Text"),)),)),))
    assert str(reading.opened(pdf(document, sample_masthead())).Root.Lang)


def test_a_chinese_issue_needs_no_marks_of_its_own():
    """In a Chinese text Chinese is the language."""
    document = Document(
        "工业通讯", language="zh-Hans", sections=(Section("要闻", (Note((paragraph("数据安全很重要。" * 30),)),)),)
    )
    printed = pdf(document, Masthead("工业通讯", "研究所"))
    assert str(reading.opened(printed).Root.Lang) == "zh-CN"
    assert "数据安全很重要。" in reading.squeezed(reading.text(printed))


def test_invisible_characters_do_no_harm():
    """Joiners, direction marks, soft hyphens and control characters, as they come out of Word."""
    text = (
        "zero\u200dwidth\u200b soft\u00adhyphen \ufe0f bom\ufeff nul\x00 rtl\u202eabc\u202c ls\u2028ps\u2029 nb\u00a0sp"
    )
    printed = pdf(with_blocks(paragraph(text)), sample_masthead())
    assert reading.opened(printed).check_pdf_syntax() == []


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=12))
@settings(max_examples=40, deadline=None)
def test_any_text_is_printed_or_its_missing_characters_are_named(texts):
    """What the fonts are said to have, the typesetter can show: alone, joined with marks, and in every place."""
    first = texts[0]
    table = Table((inlines(first),), ((inlines(first),),), caption=inlines(first))
    article = Article(first, (Part((*(paragraph(text) for text in texts), table), first),), number=1)
    document = Document(first, sections=(Section(first, (article, BriefList(first, (Brief(inlines(first)),)))),))
    if missing_glyphs("".join(texts)):
        with pytest.raises(RenderingError, match="no glyph"):
            pdf(document, sample_masthead())
    else:
        assert reading.opened(pdf(document, sample_masthead())).check_pdf_syntax() == []


def test_a_title_of_any_length_leaves_the_date_readable():
    """The cover finds the size that fits."""
    document = Document("A title that goes on " * 12, language="en", sections=(Section("S"),))
    text = reading.squeezed(reading.pages(pdf(document, sample_masthead()))[0])
    assert text.count("Atitlethatgoeson") >= 12


def test_sixty_authors_find_room():
    """A long list runs over pages."""
    people = PeopleGroup("Authors", tuple(Person(f"Author {n}", "Analyst") for n in range(60)))
    text = reading.text(pdf(Document("Many", people=(people,)), sample_masthead()))
    assert all(f"Author {n}" in text for n in range(60))


def test_a_picture_that_does_not_fit_leaves_no_gap():
    """It opens the next page, and the text runs on in its place."""
    picture = _picture("RGB", "PNG", (1200, 1200))
    before = [paragraph(f"Before {n}. " + "Some words of a line or two. " * 6) for n in range(10)]
    after = [paragraph(f"After {n}. " + "Some words of a line or two. " * 6) for n in range(10)]
    figure = Figure("picture", "A square", inlines("The caption"))
    pages = reading.pages(pdf(with_blocks(*before, figure, *after), sample_masthead(), pictures={"picture": picture}))
    (captioned,) = [number for number, page in enumerate(pages) if "The caption" in page]
    assert "After 0." in pages[captioned - 1]
