"""Whatever an issue holds, its editions are whole, well-formed and harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import html5lib
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from newsletter.manuscripts.document import Document, MailFormat, Source
from newsletter.rendering.characters import printable
from newsletter.rendering.email_html import email_html
from newsletter.rendering.page import web_page
from newsletter.rendering.plain_text import plain_text
from newsletter.rendering.subject import LONGEST_PREHEADER, LONGEST_SUBJECT, preheader_of, subject_of
from newsletter.rendering.text_layout import WIDTH, columns
from tests.factories import sample_document, sample_masthead, sample_pictures
from tests.rendering.documents import documents
from tests.rendering.email_accessibility import problems, tree

pytestmark = pytest.mark.filterwarnings("ignore:Coercing non-XML name")
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""Making a whole issue smaller takes minutes; the failing one is printed as it is."""
any_issue = settings(max_examples=20, deadline=None, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck))
NOT_SHOWN = {"url", "source", "original_language", "language", "kind", "line", "start", "alignment", "mailing"}
"""Fields that steer the layout; everything else a reader sees or hears."""


def said(value: Any) -> Iterator[str]:
    """Yield every string of the Document that an edition must say."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from said(one)
    elif is_dataclass(value):
        for one in fields(value):
            if (one.name == "bodies_label" and not _issued(value)) or (one.name == "date_label" and not _dated(value)):
                continue  # a label of nothing says nothing
            if one.name not in NOT_SHOWN:
                yield from said(getattr(value, one.name))


def _issued(source: Source) -> bool:
    return any(printable(body).strip() for body in source.bodies)


def _dated(source: Source) -> bool:
    return bool(source.date or printable(source.date_text))


def bare(text: str) -> str:
    """Return *text* without what editions may change: spaces, control characters, compatibility forms."""
    text = unicodedata.normalize("NFKC", text.replace("\ud800", "\ufffd"))
    return "".join(
        c for c in text if unicodedata.category(c) not in ("Cc", "Cn", "Cs", "Zs", "Zl", "Zp") and c != "\ufeff"
    )


def words_of(document: Document) -> list[str]:
    """Return the document's words, each as an edition must hold it."""
    return [bare(word) for text in said(document) for word in re.split(r"[\s\x00-\x1f\x7f-\x9f]+", text) if bare(word)]


def text_of(html: str) -> str:
    """Return what a reader sees or hears of a page."""
    root = tree(html)
    for style in list(root.iter("style")):
        style.getparent().remove(style)
    return bare("".join(root.itertext()) + " ".join(root.xpath("//img/@alt")))


@any_issue
@given(documents)
def test_every_word_is_in_every_edition(document):
    """Email, text and web page say the same; nothing is dropped."""
    pictures = sample_pictures()
    editions = {
        "email": text_of(email_html(document, sample_masthead(), pictures=pictures)),
        "web": text_of(web_page(document, sample_masthead(), pictures=pictures)),
        "text": bare(plain_text(document, sample_masthead())),
    }
    for name, edition in editions.items():
        assert [word for word in words_of(document) if word not in edition] == [], name


def test_every_word_of_the_invented_issue_is_in_every_edition():
    """The same on an issue as people write it."""
    test_every_word_is_in_every_edition.hypothesis.inner_test(sample_document())


@any_issue
@given(documents)
def test_every_mail_is_accessible_and_injects_nothing(document):
    """All checks, the dark too; no element but those we write."""
    html = email_html(document, sample_masthead(), pictures=sample_pictures())
    # Whether words describe a link is the authors' business; that they are underlined, levelled, tagged is ours.
    ours = ("links are descriptive", "language of parts", "title")
    assert [p for p in problems(html) + problems(html, dark=True) if not p.startswith(ours)] == []
    _harmless(html)


@any_issue
@given(documents)
def test_every_page_is_well_formed_and_injects_nothing(document):
    """An HTML5 parser that forgives nothing reads it."""
    html = web_page(document, sample_masthead(), pictures=sample_pictures())
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(html)
    assert [error for _, error, _ in parser.errors if error != "invalid-codepoint"] == []
    root = tree(html)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in root.xpath("//a[starts-with(@href, '#')]/@href")} <= set(ids)
    assert not root.xpath("//a//a")
    _harmless(html)


def _harmless(html: str) -> None:
    root = tree(html)
    assert not root.xpath("//script|//iframe|//object|//form|//b|//*[starts-with(name(), 'mj-')]")
    assert not root.xpath("//@*[starts-with(name(), 'on')]")
    for url in root.xpath("//@href"):
        assert re.match(r"https?://|mailto:|#|issue\.pdf$", url), url
    for url in root.xpath("//@src"):
        assert re.match(r"cid:[0-9a-f]{64}$|data:image/png;base64,", url)


@any_issue
@given(documents)
def test_every_text_keeps_its_width_and_its_lines(document):
    """No control character, no line beyond 72 columns but for single long words and addresses."""
    for mail_format in MailFormat:
        text = plain_text(document, sample_masthead(), mail_format=mail_format)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufdd0\ud800-\udfff]", text)
        for line in text.split("\n"):
            assert columns(line) <= WIDTH or len(line.split(" ")) <= 40


@any_issue
@given(documents)
def test_subject_and_preheader_are_single_short_lines(document):
    """Whatever the titles hold, a header line is one line."""
    for line, longest in (
        (subject_of(document, sample_masthead()), LONGEST_SUBJECT),
        (preheader_of(document, sample_masthead()), LONGEST_PREHEADER),
    ):
        assert 0 < len(line) <= longest
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)


@settings(max_examples=8, deadline=None, phases=WITHOUT_SHRINKING, suppress_health_check=list(HealthCheck))
@given(documents)
def test_the_short_mails_hold_together_too(document):
    """Teaser and covering note pass the same checks."""
    for mail_format in (MailFormat.TEASER, MailFormat.PDF_ONLY):
        html = email_html(document, sample_masthead("de"), pictures=sample_pictures(), mail_format=mail_format)
        assert [
            p for p in problems(html) if not p.startswith(("links are descriptive", "language of parts", "title"))
        ] == []
        _harmless(html)
