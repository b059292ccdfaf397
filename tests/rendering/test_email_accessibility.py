"""Every mail passes the checks that 8 of 376,348 real mails passed."""

from __future__ import annotations

import dataclasses

import pytest

from newsletter.manuscripts.document import MailFormat
from newsletter.rendering.email_html import email_html
from newsletter.rendering.theme import Theme
from tests.factories import sample_document, sample_masthead, sample_pictures
from tests.rendering.email_accessibility import problems, tree

pytestmark = pytest.mark.filterwarnings("ignore:Coercing non-XML name")


@pytest.fixture(scope="module", params=[(f, lang) for f in MailFormat for lang in ("en", "de")], ids=str)
def mail(request: pytest.FixtureRequest) -> str:
    """A mail of each format and language."""
    mail_format, language = request.param
    return email_html(sample_document(), sample_masthead(language), pictures=sample_pictures(), mail_format=mail_format)


def test_a_mail_passes_every_check(mail):
    """In every format and both languages, by day."""
    assert problems(mail) == []


def test_the_desks_words_carry_their_language_in_an_issue_of_another():
    """An English issue of a German publication says so at each German stretch."""
    html = email_html(sample_document(), sample_masthead("de"), pictures=sample_pictures())
    root = tree(html)
    for words in ("Abbestellen", "Inhalt", "Im Browser lesen"):
        (node,) = root.xpath(f"//*[normalize-space(text())='{words}']")
        assert node.xpath("ancestor-or-self::*/@lang")[-1] == "de"


def test_a_mail_can_be_read_at_night(mail):
    """With the colours of prefers-color-scheme: dark applied over the inline ones."""
    assert problems(mail, dark=True) == []


@pytest.mark.parametrize(
    "theme",
    [
        Theme(ink="#cccccc", muted="#eeeeee", accent="#ffe600", highlight="#ffd0d0"),
        Theme(paper="#101010", tint="#202020", ink="#111111", muted="#222222", accent="#000000", highlight="#300000"),
    ],
    ids=["pale", "night"],
)
def test_a_theme_with_unreadable_colours_is_made_readable(theme):
    """The publication's colours move towards black or white as far as reading needs it."""
    masthead = dataclasses.replace(sample_masthead(), theme=theme)
    html = email_html(sample_document(), masthead, pictures=sample_pictures())
    assert problems(html) == []
    assert problems(html, dark=True) == []


@pytest.mark.parametrize(
    ("broken", "name"),
    [
        ("<a href='https://e.org' style='text-decoration:underline'>Link</a>", "links are descriptive"),
        ("<a href='https://e.org'>Report</a>", "links are underlined"),
        ("<table><tr><td>x</td></tr></table>", "layout tables"),
        ("<h4>Deep</h4>", "no skipped levels"),
        ("<img src='cid:x'>", "alt on images"),
        ("<p style='color:#cccccc'>pale</p>", "contrast"),
        ("<p>工业</p>", "language of parts"),
        ("<p role='nonsense'>x</p>", "ARIA is valid"),
        ("<p id='a'></p><p id='a'></p>", "ids are unique"),
    ],
)
def test_the_checks_find_what_they_are_for(broken, name):
    """A check that finds nothing in a broken mail would be no witness."""
    html = f"<html lang='en' dir='ltr'><title>t</title><body><div lang='en' dir='ltr'><h1>T</h1>{broken}</div></body></html>"
    assert [found for found in problems(html) if found.startswith(name)]
