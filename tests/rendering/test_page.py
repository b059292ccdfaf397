"""The web edition is one whole page, made of what HTML has for it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from lxml import etree

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Article, Document, Note, Part, Section
from newsletter.manuscripts.richtext import Figure, Footnote, Link, Paragraph, Table, Text
from newsletter.rendering.email_html import email_html
from newsletter.rendering.lines import organisation_of
from newsletter.rendering.page import web_page
from newsletter.rendering.theme import Theme
from tests.factories import (
    chart,
    inlines,
    paragraph,
    sample_document,
    sample_masthead,
    sample_pictures,
    with_blocks,
    with_entries,
)
from tests.rendering.email_accessibility import tree


@pytest.fixture(scope="module")
def page() -> str:
    """The invented issue as a page."""
    return web_page(sample_document(), sample_masthead(), pictures=sample_pictures())


def test_the_same_issue_gives_the_same_page(page):
    """Byte for byte."""
    assert web_page(sample_document(), sample_masthead(), pictures=sample_pictures()) == page


def test_the_page_needs_nothing_else(page):
    """No script, no style sheet, font or picture from elsewhere, not even from its own server."""
    root = tree(page)
    assert not root.xpath("//script|//link|//iframe|//object|//form")
    assert all(source.startswith("data:image/png;base64,") for source in root.xpath("//@src"))
    assert not re.search(r"url\(|@import|@font-face", page)
    assert "slot.invalid" not in page
    assert "cid:" not in page


def test_its_landmarks_are_those_of_html(page):
    """Header, contents, main, articles, footer; sections named by their headings."""
    root = tree(page)
    for name in ("header", "nav", "main", "footer", "h1"):
        assert len(list(root.iter(name))) == 1
    assert len(list(root.iter("article"))) == 9
    ids = set(root.xpath("//@id"))
    assert set(root.xpath("//@aria-labelledby")) <= ids
    assert root.xpath("//body/a[1]/@href") == ["#text"]


def test_every_line_of_the_contents_leads_to_its_heading(page):
    """By anchors that do not change when a title is corrected."""
    root = tree(page)
    for link in root.xpath("//nav//ul//a"):
        (target,) = root.xpath(f"//*[@id='{link.get('href')[1:]}']")
        assert (
            link[-1].text in (target[-1].text if len(target) else target.text)
            if len(link)
            else target.text == link.text
        )
    corrected = dataclasses.replace(sample_document(), title="Other")
    assert tree(web_page(corrected, sample_masthead(), pictures=sample_pictures())).xpath("//nav//@href") == root.xpath(
        "//nav//@href"
    )


def test_footnotes_lead_there_and_back(page):
    """The number names its note, the arrow its place."""
    root = tree(page)
    marks = root.xpath("//sup/a")
    assert [mark.text for mark in marks] == ["1", "2"]
    for mark in marks:
        (note,) = root.xpath(f"//li[@id='{mark.get('href')[1:]}']")
        (back,) = note.xpath("a[@class='back']")
        assert back.get("href") == f"#{mark.get('id')}"
        assert back.get("aria-label") == f"Back to the text of note {mark.text}"


def test_a_footnote_within_a_link_stands_behind_it():
    """A link in a link is no HTML."""
    html = web_page(
        with_blocks(paragraph(Link("https://e.org", (Text("report"), Footnote(inlines("by us")))))), sample_masthead()
    )
    root = tree(html)
    assert not root.xpath("//a//a")
    assert root.xpath("//p[a='report']/sup/a/text()") == ["1"]


def test_footnotes_count_anew_in_each_article():
    """Their ids stay apart."""
    note = paragraph("x", Footnote(inlines("y")))
    root = tree(web_page(with_entries(Note((note,), "A"), Note((note,), "B")), sample_masthead()))
    assert root.xpath("//sup/a/text()") == ["1", "1"]
    assert len(set(root.xpath("//@id"))) == len(root.xpath("//@id"))


def test_a_note_in_a_note_is_a_note_too():
    """Nothing is lost, however the authors nest."""
    nested = Footnote((Text("outer"), Footnote(inlines("inner"))))
    root = tree(web_page(with_blocks(paragraph("x", nested)), sample_masthead()))
    assert [" ".join(li.itertext()).split()[0] for li in root.xpath("//div[@class='notes']//li")] == ["outer", "inner"]


def test_tables_have_caption_scope_and_a_way_to_scroll(page):
    """As WCAG wants them."""
    root = tree(page)
    (table,) = root.iter("table")
    assert table.findtext("caption") == "Three provinces carry a quarter of the target"
    assert [th.get("scope") for th in table.iter("th")] == ["col"] * 3
    assert table.getparent().get("tabindex") == "0"
    assert table.getparent().get("aria-label") == "Table: Three provinces carry a quarter of the target"


def test_an_empty_head_of_a_column_is_no_heading():
    """A heading without words heads nothing."""
    html = web_page(
        with_blocks(Table((inlines(""), inlines("2023")), ((inlines("a"), inlines("b")),))), sample_masthead()
    )
    assert [th.text for th in tree(html).iter("th")] == ["2023"]


def test_figures_have_captions_and_sizes(page):
    """So that the text does not jump while the page loads."""
    (image,) = tree(page).xpath("//figure/img")
    assert (image.get("width"), image.get("height")) == ("680", "363")
    assert tree(page).xpath("string(//figure/figcaption)").startswith("Installed grid storage")


def test_a_missing_picture_is_named():
    """The error says which file to bring."""
    with pytest.raises(RenderingError, match="map"):
        web_page(with_blocks(Figure("map", "Map")), sample_masthead())


@pytest.mark.parametrize(("href", "expected"), [("issue.pdf", ["issue.pdf"]), ("/a?b=1&c", ["/a?b=1&c"]), (None, [])])
def test_the_pdf_is_linked_where_there_is_one(href, expected):
    """Relative to the page, or not at all."""
    root = tree(web_page(with_entries(), sample_masthead(), pdf_href=href))
    assert root.xpath("//p[@class='pdf']/a/@href") == expected


def test_foreign_words_carry_their_language(page):
    """In titles, tables, sources and contents; the desk's own words in an issue of another language, too."""
    root = tree(page)
    assert root.xpath("//td/span[@lang='zh-Hans']/text()") == ["内蒙古"]
    titled = web_page(with_entries(Note((paragraph("x"),), "Das 工业 Wort"), language="de"), sample_masthead("en"))
    root = tree(titled)
    assert root.xpath("//nav//span[@lang='zh-Hans']/text()") == ["工业"]
    assert root.get("lang") == "de"
    assert root.xpath("//p[@class='contents-title']/@lang") == ["en"]


def test_a_publishers_foreign_name_stands_bare_in_the_card_of_the_page():
    """An attribute holds no tags."""
    document = dataclasses.replace(sample_document(), organisation="工业 & Co")
    page = web_page(document, sample_masthead(), pictures=sample_pictures())
    names = tree(page).xpath("//meta[@property='og:site_name']/@content")
    assert names == ["工业 & Co"]


def test_chinese_issues_need_no_tags():
    """Their own language is the page's."""
    root = tree(web_page(with_entries(Note((paragraph("工业"),), "标题"), language="zh-Hans"), sample_masthead()))
    assert root.get("lang") == "zh-Hans"
    assert not root.xpath("//main//span[@lang]")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"accent": "red"}, "accent"),
        ({"paper": "#fff}</style><script>"}, "paper"),
        ({"serif": 'x"; } </style><script>alert(1)</script>'}, "serif"),
        ({"sans": ""}, "sans"),
    ],
)
def test_a_theme_that_is_no_theme_is_named(change, named):
    """Nothing but colours and names of fonts gets into the style sheet."""
    with pytest.raises(ValueError, match=f"{named} is"):
        Theme(**change)


def test_an_issue_without_anything_is_still_a_page():
    """The publication's name, and the imprint."""
    root = tree(web_page(Document(title=""), sample_masthead()))
    assert root.xpath("string(//h1)") == "Pacific Grids"
    assert "Speicherstraße 14" in root.xpath("string(//footer)")


def test_parts_without_label_are_plain_text():
    """No box, no empty heading."""
    root = tree(web_page(with_entries(Article("A", (Part((Paragraph(inlines("x")),)),))), sample_masthead()))
    assert not root.xpath("//*[contains(@class, 'box')]|//h4")


def test_one_picture_may_stand_twice():
    """Ids and sizes do not collide."""
    twice = with_blocks(Figure("p", "One"), Figure("p", "Two"))
    root = tree(web_page(twice, sample_masthead(), pictures={"p": chart()}))
    assert root.xpath("//img/@alt") == ["One", "Two"]


@pytest.mark.parametrize("edition", ["page", "mail"])
def test_titles_without_a_section_are_equals(edition):
    """The second article does not stand below the first, as it would if only the first moved up."""
    articles = (Article("One", (Part((paragraph("a"),), "At a glance"),)), Article("Two", (Part((paragraph("b"),)),)))
    make = web_page if edition == "page" else email_html
    document = Document("An issue", sections=(Section("", articles),))
    root = tree(make(document, sample_masthead()))
    assert {"One", "Two"} <= set(_words(root.xpath("//h2")))
    assert _words(root.xpath("//h3")) == ["At a glance"]


def _words(elements: list[etree._Element]) -> list[str]:
    return ["".join(one.itertext()).strip() for one in elements]


def test_the_line_over_the_title_does_not_repeat_it():
    """A publication that is called as its publisher and its issue needs saying once."""
    masthead = dataclasses.replace(sample_masthead(), publication="Weekly Brief", publisher="Weekly Brief")
    assert organisation_of(Document("Weekly Brief"), masthead) == ""
    assert organisation_of(Document("June"), masthead) == "Weekly Brief"
    assert organisation_of(Document("June", organisation="Institute"), masthead) == "Institute"
