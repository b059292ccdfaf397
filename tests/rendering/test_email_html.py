"""The mail's HTML holds in the programs people read mail with."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Article, Document, MailFormat, Note, Part, Section, Source
from newsletter.manuscripts.richtext import BulletList, Figure, Link, ListItem, Paragraph, Quote, Strong, Text
from newsletter.rendering.email_html import email_html
from newsletter.rendering.preview import for_screen
from newsletter.rendering.slots import Slot
from tests.factories import (
    CHART,
    chart,
    paragraph,
    sample_document,
    sample_masthead,
    sample_pictures,
    with_blocks,
    with_entries,
)
from tests.rendering.email_accessibility import problems, tree

pytestmark = pytest.mark.filterwarnings("ignore:Coercing non-XML name")


@pytest.fixture(scope="module")
def mail() -> str:
    """The invented issue as a full mail."""
    return email_html(sample_document(), sample_masthead(), pictures=sample_pictures())


def written(document: Document, **more: object) -> str:
    """A mail of *document* with the invented masthead."""
    return email_html(document, sample_masthead(), **more)  # type: ignore[arg-type]


def test_the_same_issue_gives_the_same_bytes(mail):
    """In another process too, with another seed of Python's hashes."""
    script = (
        "from tests.factories import *; from newsletter.rendering.email_html import email_html; import hashlib;"
        "h = email_html(sample_document(), sample_masthead(), pictures=sample_pictures());"
        "print(hashlib.sha256(h.encode()).hexdigest())"
    )
    import hashlib

    printed = [
        subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert {run.stdout.strip() for run in printed} == {hashlib.sha256(mail.encode()).hexdigest()}


def test_every_link_of_the_reader_is_a_slot(mail):
    """Web, PDF, preferences and leaving, each as a whole href."""
    links = tree(mail).xpath("//a/@href")
    assert {slot.value for slot in Slot} <= set(links)


@pytest.mark.parametrize("mail_format", list(MailFormat))
def test_every_format_lets_the_reader_leave_and_says_who_writes(mail_format):
    """Unsubscribe, preferences, reason and postal address stand at the foot of all of them."""
    html = written(sample_document(), pictures=sample_pictures(), mail_format=mail_format)
    text = " ".join("".join(tree(html).find("body").itertext()).split())
    for words in (
        "Unsubscribe",
        "Change what you receive",
        "because you subscribed to Pacific Grids",
        "Speicherstraße 14",
    ):
        assert words in text


def test_nothing_is_fetched_from_anywhere(mail):
    """No image, font, script or style sheet comes over the net: nobody is tracked."""
    root = tree(mail)
    assert all(source.startswith("cid:") for source in root.xpath("//@src"))
    assert not root.xpath("//script|//link|//iframe|//object|//form")
    assert "url(" not in mail
    assert "@import" not in mail


def test_pictures_are_attached_and_measured(mail):
    """An image is named by its content's hash, and says its size to Outlook."""
    (image,) = tree(mail).iter("img")
    assert image.get("src") == f"cid:{chart().sha256}"
    assert (image.get("width"), image.get("height")) == ("560", "299")
    assert image.get("alt").startswith("Bar chart")


def test_a_small_picture_is_not_blown_up():
    """A picture narrower than the column keeps its own width."""
    small = dataclasses.replace(chart(), width=200, height=100)
    html = written(with_blocks(Figure("s", "Logo")), pictures={"s": small})
    (image,) = tree(html).iter("img")
    assert (image.get("width"), image.get("height")) == ("200", "100")


def test_a_missing_picture_is_named():
    """The error says which file to bring."""
    with pytest.raises(RenderingError, match=r"grid-storage\.png"):
        written(sample_document())


def test_outlooks_comments_survive(mail):
    """Every conditional comment that MJML writes is still there, in pairs."""
    assert len(re.findall(r"<!--\[if mso \| IE\]>", mail)) >= 12
    assert mail.count("<!--[if") == mail.count("<![endif]-->")
    assert "<o:OfficeDocumentSettings>" in mail
    assert 'width="640"' in mail


def test_the_head_says_what_mail_programs_ask_for(mail):
    """Doctype, title, viewport, colour schemes, and styles within the 16 KB that Gmail reads."""
    assert mail.startswith('<!DOCTYPE html>\n<html lang="en" dir="ltr"')
    assert "<title>Pacific Grids – May 29, 2024</title>" in mail
    assert '<meta name="color-scheme" content="light dark">' in mail
    assert mail.encode().rindex(b"</style>") < 16_384


def test_no_rule_nests_in_a_media_query(mail):
    """Gmail drops a whole block for one @ rule within another."""
    for sheet in tree(mail).iter("style"):
        depth = at = 0
        for token in re.findall(r"@|\{|\}", sheet.text):
            if token == "@":
                assert depth == 0
                at += 1
            depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth == 0


def test_important_survives_in_media_queries(mail):
    """Columns and the dark depend on it; inline styles have none."""
    assert "max-width:100%" in mail
    assert mail.count("!important") > 20
    assert not tree(mail).xpath("//*[contains(@style, '!important')]")


def test_the_style_of_the_text_is_inline(mail):
    """Paragraphs, headings and links look right where every style block is dropped."""
    root = tree(mail)
    assert all("margin" in p.get("style", "") for p in root.iter("p"))
    assert all("color" in a.get("style", "") for a in root.iter("a"))


def test_the_preheader_comes_first_and_is_not_seen(mail):
    """The inbox reads it; the open mail does not show it."""
    first = tree(written(with_entries(), preheader='Five "things" to know')).find("body")[0][0]
    assert first.text.startswith('Five "things" to know')
    assert "display:none" in first.get("style").replace(" ", "")


def test_a_source_is_linked_by_its_title_never_by_the_word_link(mail):
    """And its original title follows at once, in its language."""
    (link,) = tree(mail).xpath("//a[@href='https://www.example.org/nea/storage']")
    assert link.text == "Guiding Opinions on Accelerating New Energy Storage (2024–2027)"
    original = link.getnext()
    assert original.get("lang") == "zh-Hans"
    assert original.text == "(国家能源局关于加快新型储能发展的指导意见（2024—2027年）)"
    assert not tree(mail).xpath("//a[normalize-space(.)='Link']")


def test_a_teaser_links_each_article_to_its_place_on_the_web():
    """The slot keeps its fragment, which is an anchor of the web edition."""
    from newsletter.rendering.page import web_page

    html = written(sample_document(), pictures=sample_pictures(), mail_format=MailFormat.TEASER)
    fragments = [href.partition("#")[2] for href in tree(html).xpath("//a/@href") if "#" in href]
    page = tree(web_page(sample_document(), sample_masthead(), pictures=sample_pictures()))
    assert len(fragments) == 9
    assert set(fragments) <= set(page.xpath("//@id"))
    assert all(href.startswith(f"{Slot.WEB_URL.value}#") for href in tree(html).xpath("//a/@href") if "#" in href)
    assert "Read “Heat below the city: pilot zones for deep wells” on the web" in html
    assert "pays for readiness" not in html


def test_a_covering_note_is_short_and_says_that_the_issue_is_attached():
    """Title, contents, the attached PDF; nothing of the articles."""
    html = written(sample_document(), pictures=sample_pictures(), mail_format=MailFormat.PDF_ONLY)
    assert "This issue of Pacific Grids is attached as a PDF." in html
    assert "Ten thousand electricians wanted" in html
    assert "switchgear" not in html
    assert "<img" not in html


@pytest.mark.parametrize(
    "document",
    [
        with_blocks(paragraph("See https://slot.invalid/-unsubscribe- now")),
        with_blocks(paragraph("See HTTPS://SLOT.INVALID/-web-")),
        with_blocks(paragraph("https://slot.inv", Strong((Text("alid/-unsubscribe-"),)))),
        with_blocks(paragraph("https://slot.in\u0000valid/-unsubscribe-")),
        with_blocks(paragraph(Link("https://slot.invalid/-unsubscribe-", (Text("free money"),)))),
        with_blocks(paragraph(Link("https://slot。invalid/-unsubscribe-", (Text("wide dot"),)))),
        with_blocks(paragraph("x"), title="https://slot.invalid/-pdf-"),
        with_entries(Article("a", sources=(Source("t", url="https://slot.invalid/-preferences-"),))),
        with_blocks(Figure(CHART, "https://slot.invalid/-web-")),
    ],
)
@pytest.mark.parametrize("mail_format", [MailFormat.FULL])
def test_nothing_an_author_writes_becomes_a_slot(document, mail_format):
    """Somebody's own unsubscribe link in the article's text would be a gift to every reader of a forwarded mail."""
    with pytest.raises(RenderingError, match=r"slot\.invalid"):
        written(document, pictures=sample_pictures(), mail_format=mail_format)


def test_the_masthead_and_the_preheader_cannot_bring_a_slot_either():
    """They come from settings, and settings from people."""
    masthead = dataclasses.replace(sample_masthead(), reason="https://slot.invalid/-unsubscribe-")
    with pytest.raises(RenderingError, match=r"slot\.invalid"):
        email_html(with_entries(), masthead)
    with pytest.raises(RenderingError, match=r"slot\.invalid"):
        email_html(with_entries(), sample_masthead(), preheader="https://slot.invalid/-unsubscribe-")


HOSTILE = (
    '"\'><script>alert(1)</script>{{ 7*7 }}{% raw %}\\n\\u{a0}\\"\u00a0👩\u200d🔬\u2028مرحبا\u202e<mj-text>&amp;&#x3c;'
)


def test_hostile_words_stay_words():
    """In every field, they come out as they went in and make no element and no attribute."""
    article = Article(
        HOSTILE, (Part((paragraph(HOSTILE), Figure("p", HOSTILE)), HOSTILE),), (Source(HOSTILE, HOSTILE),)
    )
    document = dataclasses.replace(with_entries(article, title=HOSTILE), organisation=HOSTILE)
    html = written(document, pictures={"p": chart()}, preheader=HOSTILE)
    root = tree(html)
    assert not root.xpath("//script|//*[starts-with(name(), 'mj-')]")
    assert not list(root.xpath("//@*[starts-with(name(), 'on')]"))
    expected = HOSTILE.replace("\u2028", " ")
    assert root.xpath("string(//h1)") == expected
    assert root.xpath("string(//img/@alt)") == expected
    assert expected in root.xpath("string(//title)")
    assert problems(html) == []


def test_placeholders_and_unsafe_addresses_are_no_links():
    """Proofing names them; a mail never carries them."""
    urls = ("#", "", "javascript:alert(1)", "data:text/html,x", "ftp://example.org", "https://", "http://[::1")
    html = written(with_blocks(paragraph(*(Link(url, (Text(f"word{nth}"),)) for nth, url in enumerate(urls)))))
    assert not list(tree(html).xpath("//a[starts-with(., 'word')]/@href"))
    assert all(f"word{nth}" in html for nth in range(len(urls)))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ('https://example.org/a?b=1&c="2"', "https://example.org/a?b=1&c=%222%22"),
        ("https://example.org/工业", "https://example.org/%E5%B7%A5%E4%B8%9A"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/%20done#x", "https://example.org/%20done#x"),
        ("mailto:a@example.org?subject=Hi there", "mailto:a@example.org?subject=Hi%20there"),
    ],
)
def test_addresses_arrive_as_they_were_meant(url, expected):
    """Quotes, spaces and letters beyond ASCII are encoded once."""
    html = written(with_blocks(paragraph(Link(url, (Text("report"),)))))
    assert tree(html).xpath("//a[.='report']/@href") == [expected]


def test_ten_thousand_nested_quotes_get_one_sentence():
    """The compiler would crash the process on them."""
    block = paragraph("deep")
    for _ in range(10_000):
        block = Quote((block,))
    with pytest.raises(RenderingError, match="nested too deeply"):
        written(with_blocks(block))


def test_six_levels_of_lists_are_fine():
    """What a person may well write is not refused."""
    block = paragraph("deep")
    for _ in range(6):
        block = BulletList((ListItem((Paragraph((Text("item"),)), block)),))
    assert "deep" in written(with_blocks(block))


def test_an_issue_without_anything_is_still_a_mail():
    """No title, no section, no date: the publication's name stands for it."""
    html = written(Document(title=""))
    assert problems(html) == []
    assert tree(html).xpath("string(//h1)") == "Pacific Grids"


def test_a_long_issue_stays_below_what_gmail_clips():
    """Five articles of a real issue's length and thirty briefs come to less than 102 KB."""
    long = "The plan asks provinces to report on storage and says little of those who will pay for it in the end. " * 12
    entries = tuple(
        Article(
            f"Article {n}",
            (Part((paragraph(long),), "At a glance"), Part((paragraph(long), paragraph(long)), "Comment")),
        )
        for n in range(5)
    )
    document = with_entries(
        *entries, *(Note((paragraph(long[:250], Link("https://example.org/x", (Text("notice"),))),)) for _ in range(30))
    )
    assert len(written(document).encode()) < 102_400


def test_right_to_left_issues_run_right_to_left():
    """dir on html and the text block, and columns in that order."""
    html = written(with_entries(Note((paragraph("مرحبا"),), "عنوان"), language="ar"))
    root = tree(html)
    assert root.get("dir") == "rtl"
    assert problems(html) == []


def test_the_preview_shows_pictures_and_leads_nowhere(mail):
    """For the desk's screen: no cid:, no slot."""
    html = for_screen(mail, sample_pictures())
    assert "cid:" not in html
    assert "slot.invalid" not in html
    assert 'src="data:image/png;base64,' in html
    teaser = written(sample_document(), pictures=sample_pictures(), mail_format=MailFormat.TEASER)
    assert 'href="#item-1-2"' in for_screen(teaser, {})


def test_sections_without_titles_and_deep_subheadings_skip_no_level():
    """The outline is mended, whatever the authors left out."""
    from newsletter.manuscripts.richtext import Subheading

    entry = Note((Subheading((Text("Deep"),), level=4), Subheading((Text("Up"),))), "")
    document = Document("T", sections=(Section("", (entry, Article("", (Part((Subheading((Text("x"),)),)),)))),))
    assert problems(written(document)) == []
