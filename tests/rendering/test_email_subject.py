"""What an inbox shows of an issue: subject, preheader, teaser."""

from __future__ import annotations

import dataclasses

import pytest

from newsletter.manuscripts.document import Article, BriefList, Document, Mailing, Note, Part
from newsletter.rendering.subject import LONGEST_SUBJECT, preheader_of, subject_of
from newsletter.rendering.teasers import LONGEST, teaser
from tests.factories import bullets, paragraph, sample_document, sample_masthead

MASTHEAD = sample_masthead()


def mailing(subject: str = "", preheader: str = "") -> Document:
    """The invented issue with a subject and preheader of its own."""
    return dataclasses.replace(sample_document(), mailing=Mailing(subject, preheader))


def test_an_issue_says_its_subject_itself():
    """What the editors wrote wins over every default."""
    assert subject_of(mailing("Five cables"), MASTHEAD, default="{title}") == "Five cables"
    assert preheader_of(mailing(preheader="And a meter"), MASTHEAD, default="x") == "And a meter"


def test_the_publications_pattern_comes_next():
    """Its braces are filled; a stray one stays."""
    pattern = "{publication}, {date}: {title} {"
    assert subject_of(mailing(), MASTHEAD, default=pattern) == "Pacific Grids, May 29, 2024: Pacific Grids {"


def test_a_title_that_looks_like_a_pattern_is_no_pattern():
    """Only the publication's own braces are filled, and the preheader's as the subject's."""
    document = dataclasses.replace(mailing(), title="On {date} and {publication}")
    assert subject_of(document, MASTHEAD, default="{title}") == "On {date} and {publication}"
    assert preheader_of(mailing(), MASTHEAD, default="{publication}: {odd}") == "Pacific Grids: {odd}"


def test_else_the_first_article_names_the_issue():
    """And the preheader goes on where the subject ends."""
    assert subject_of(mailing(), MASTHEAD) == "Pacific Grids: Storage first: provinces race to firm up wind and sun"
    assert preheader_of(mailing(), MASTHEAD).startswith("Cables & converters: a standard for the seabed · Heat below")


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: x@e.org", "a\u2028Bcc: x@e.org", "a\x00\x85 Bcc: x@e.org", "a \u202eBcc: x@e.org"]
)
def test_a_subject_is_one_line_whatever_is_typed(subject):
    """No header can be smuggled in, no direction turned."""
    assert subject_of(mailing(subject), MASTHEAD) == "a Bcc: x@e.org"


def test_a_long_subject_is_cut_at_a_word():
    """With an ellipsis."""
    cut = subject_of(mailing("storage " * 60), MASTHEAD)
    assert len(cut) <= LONGEST_SUBJECT
    assert cut.endswith("storage…")


def test_an_issue_without_words_has_a_subject_all_the_same():
    """No mail goes out without one."""
    assert subject_of(Document(title="\x1b"), dataclasses.replace(MASTHEAD, publication="")) == "Newsletter"
    assert preheader_of(Document(title=""), dataclasses.replace(MASTHEAD, publication="")) == "Newsletter"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            Article(
                "A",
                (
                    Part(
                        (paragraph("One."), paragraph("Two.")),
                    ),
                ),
            ),
            "One.",
        ),
        (Article("A", (Part((paragraph("Targets are:"), bullets("x"))),)), "Targets are …"),
        (Article("A", (Part((bullets("one", "two"),)),)), "one · two"),
        (Article("A"), ""),
        (Note(), ""),
        (BriefList("B"), ""),
    ],
)
def test_a_teaser_is_the_first_thing_said(entry, expected):
    """A paragraph, or a list's items; a colon does not end it."""
    assert teaser(entry) == expected


def test_a_teaser_is_cut_at_a_word():
    """Some four lines."""
    cut = teaser(Note((paragraph("word " * 100),)))
    assert len(cut) <= LONGEST + 2
    assert cut.endswith("word …")
