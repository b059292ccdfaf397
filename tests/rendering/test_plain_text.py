"""The text mail is an edition of its own: whole, wrapped, its links numbered."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Article, Document, MailFormat, Note
from newsletter.manuscripts.richtext import Break, Footnote, Link, Paragraph, Strong, Superscript, Table, Text
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.slots import Slot
from newsletter.rendering.text_layout import WIDTH, columns, table, wrapped
from tests.factories import inlines, paragraph, sample_document, sample_masthead, with_blocks, with_entries


@pytest.fixture(scope="module")
def mail() -> str:
    """The invented issue as text."""
    return plain_text(sample_document(), sample_masthead())


def test_no_line_is_wider_than_72_columns_but_for_an_address(mail):
    """Chinese counts double."""
    assert [line for line in mail.split("\n") if columns(line) > WIDTH and "://" not in line] == []


@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_each_slot_stands_alone_on_its_line(mail_format):
    """The compiler fills it there; both ways to leave are in every format."""
    text = plain_text(sample_document(), sample_masthead(), mail_format=mail_format)
    for slot in Slot:
        assert re.search(rf"^{re.escape(slot.value)}$", text, re.MULTILINE)
    assert all(
        re.fullmatch(r"https://slot\.invalid/-[a-z]+-(#item-\d+-\d+)?", line)
        for line in text.split("\n")
        if "slot" in line
    )


def test_links_are_numbered_and_listed_where_the_article_ends(mail):
    """The number stands behind the words, the address below the article."""
    article = mail[mail.index("\n1. Storage") : mail.index("\n2. Cables &")]
    assert "capacity\nfee [1]" in article
    assert "[1] https://www.example.org/grids/capacity-fee\n[2] https://www.example.org/grids/report" in article
    briefs = mail[mail.index("Policy news\n---") : mail.index("Corporate news\n---")]
    assert briefs.rstrip().endswith("[6] https://www.example.org/b/3")


def test_one_address_has_one_number():
    """Linked twice in an article it is listed once; in a later one again, under the same number."""
    twice = paragraph(Link("https://e.org/a", (Text("one"),)), " and ", Link("https://e.org/a", (Text("two"),)))
    text = plain_text(with_entries(Note((twice,), "A"), Note((twice,), "B")), sample_masthead())
    assert text.count("one [1] and two [1]") == 2
    assert text.count("[1] https://e.org/a") == 2


def test_an_address_shown_in_full_needs_no_number():
    """mailto: links whose words are the address stay as they are."""
    text = plain_text(with_blocks(paragraph(Link("mailto:a@e.org", (Text("a@e.org"),)))), sample_masthead())
    assert "[1]" not in text


def test_notes_are_lettered_and_stand_with_their_article(mail):
    """They cannot be mistaken for links."""
    assert "year [a] pays" in mail
    assert "[a] For lithium stores only; see the fee table [3]." in mail


def test_tables_are_drawn_in_columns(mail):
    """Aligned as the table says, Chinese counted double."""
    assert "Inner Mongolia (内蒙古)        3.5 GW        10 GW" in mail


def test_a_table_too_wide_is_written_row_by_row():
    """Each cell under its heading, nothing cut."""
    rows = tuple((inlines(f"Province {n}"), inlines("a long remark on storage " * 4)) for n in range(2))
    text = plain_text(with_blocks(Table((inlines("Name"), inlines("Remark")), rows)), sample_masthead())
    assert "- Name: Province 0\n  Remark: a long remark on storage a long remark" in text


def test_figures_say_what_they_show(mail):
    """The alternative text stands for the picture, the caption below."""
    assert "[Figure: Bar chart: installed grid storage rises" in mail
    assert "Source: own survey." in mail


def test_raised_and_lowered_digits_keep_their_meaning(mail):
    """A square metre is no metre 2."""
    assert "CO₂" in mail
    assert "(m²)" in mail
    odd = plain_text(with_blocks(paragraph("x", Superscript((Text("new"),)))), sample_masthead())
    assert "x^new" in odd


def test_a_break_ends_the_line():
    """As in an address."""
    text = plain_text(with_blocks(Paragraph((Text("Street"), Break(), Text("City")))), sample_masthead())
    assert "Street\nCity" in text


def test_a_teaser_names_the_place_on_the_web():
    """Each article by a link of its own."""
    text = plain_text(sample_document(), sample_masthead("de"), mail_format=MailFormat.TEASER)
    assert "https://slot.invalid/-web-#item-1-2" in text
    assert "im Browser lesen" in text
    assert "switchgear" not in text


def test_a_covering_note_says_that_the_issue_is_attached():
    """And has the contents, not the articles."""
    text = plain_text(sample_document(), sample_masthead(), mail_format=MailFormat.PDF_ONLY)
    assert "This issue of Pacific Grids is attached as a PDF." in text
    assert "5. Ten thousand electricians wanted" in text
    assert "switchgear" not in text


def test_the_preheader_opens_the_text():
    """Inboxes take their preview from there."""
    assert plain_text(with_entries(), sample_masthead(), preheader="Soon more").startswith("Soon more\n\n")


@pytest.mark.parametrize(
    "words",
    [
        (Text("https://slot.invalid/-unsubscribe-"),),
        (Text("https://slot."), Strong((Text("invalid/-unsubscribe-"),))),
        (Text("https://slot.\u200einvalid/-unsubscribe-"), Text(" https://slot.invalid/")),
    ],
)
def test_no_words_of_an_author_become_a_slot(words):
    """Bold leaves no mark in text, so words on both sides of it meet."""
    with pytest.raises(RenderingError, match=r"slot\.invalid"):
        plain_text(with_blocks(Paragraph(words)), sample_masthead())


def test_an_empty_issue_is_a_text():
    """The masthead and the foot remain."""
    text = plain_text(Document(title=""), sample_masthead())
    assert text.startswith("Halvorsen Institute\nPacific Grids\n=====")
    assert "Unsubscribe:" in text


def test_an_article_without_title_has_no_empty_underline():
    """A line of strokes under nothing says nothing."""
    text = plain_text(with_entries(Article("")), sample_masthead())
    assert "\n-\n" not in text


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet="ab 工业，。（）“”é-\u0301", max_size=200),
    st.integers(10, 80),
    st.sampled_from(["", "- ", "    "]),
)
def test_wrapping_loses_nothing_and_keeps_the_width(text, width, first):
    """Whatever the mixture of scripts; only a single word too long stands out."""
    lines = wrapped(text, first=first, rest=" " * len(first), width=width).split("\n")
    assert "".join("".join(lines).split()).removeprefix(first.strip()) == "".join(text.split())
    for line in lines:
        longest = max((columns(piece) for piece in re.split("[ 工业]", line)), default=0)
        assert (
            columns(line) <= width
            or longest + len(first) + 2 > width
            or not re.search("[ 工业]", line.strip())
            or longest > 3
        )


def test_addresses_are_never_broken():
    """However long, and with Chinese in them."""
    url = "https://example.org/" + "工业" * 60
    assert url in wrapped(f"See {url} for more").split("\n")


def test_no_line_of_chinese_begins_with_closing_punctuation():
    """Nor ends with an opening bracket."""
    for line in wrapped("工业，信息（化部）。" * 20, width=31).split("\n"):
        assert line[0] not in "，。）"
        assert line[-1] != "（"


def test_a_table_of_nothing_but_heads_is_drawn():
    """Too wide or not."""
    assert table([["a", "b"]], ["left", "left"], headed=True) == "a  b\n-  -"
    assert table([["a" * 50, "b" * 50]], ["left", "left"], headed=True) == "a" * 50 + "\n" + "b" * 50


def test_a_table_head_of_nothing_but_a_note_keeps_the_note():
    """A note is content, even where no word stands before it."""
    head = (Footnote((Text("counted in spring"),)),)
    text = plain_text(with_blocks(Table(header=(head,), rows=((),))), sample_masthead())
    assert "counted in spring" in text
