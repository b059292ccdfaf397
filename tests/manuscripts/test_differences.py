"""Differences say everything that changed between two Documents, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.manuscripts.difference_text import lines_of_difference
from newsletter.manuscripts.difference_words import Change, Word, runs_between, text_of, words_in
from newsletter.manuscripts.differences import compare, compare_entries
from newsletter.manuscripts.document import Article, Document, Note, Part, Section
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.richtext import Paragraph, Text
from tests.manuscripts import strategies

UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
ISSUE = """---
title: Northern Trades
date: 2025-05-14
---

# Top stories

## 1. Ports first in line for shore power money

### At a glance

The ministry released a plan to equip 40 berths, see [the plan](https://example.org/plan).

## 2. Crates of a better kind

### At a glance

Wooden crates are to be made of beech, says a rule.

# Short news

## Rules {.briefs}

- 2025-04-10 (April 10): The Council passed new rules.
- 2025-04-11 (April 11): Welders may weld.
"""


def document(text: str = ISSUE) -> Document:
    return read(text).document


def changed(before: str, after: str) -> list[str]:
    return list(lines_of_difference(compare(document(before), document(after))))


def test_one_word_is_one_word():
    """A changed figure is shown within its sentence, under the article it stands in."""
    lines = changed(ISSUE, ISSUE.replace("40 berths", "44 berths"))
    assert lines[0] == "~ Top stories › 1. Ports first in line for shore power money"
    assert "[-40-]{+44+} berths" in lines[1]
    assert len(lines) == 2


def test_a_link_that_leads_elsewhere_is_a_change():
    """The words stay and the address does not; an approver must see that."""
    (_, row) = changed(ISSUE, ISSUE.replace("example.org/plan", "example.org/other"))
    assert "[- (https://example.org/plan)-]{+ (https://example.org/other)+}" in row


def test_bold_is_a_change():
    """Emphasis is part of what is signed."""
    (_, row) = changed(ISSUE, ISSUE.replace("plan to equip", "plan **to** equip"))
    assert "[-to-]{+to+}" in row


def test_an_article_that_moves_is_not_written_anew():
    """Two articles changed places and numbers: one moved, and only their numbers are new."""
    first, rest = ISSUE.split("## 1. ")
    one, rest = rest.split("## 2. ")
    two, rest = rest.split("# Short news")
    lines = changed(ISSUE, f"{first}## 1. {two}## 2. {one}# Short news{rest}")
    assert [line for line in lines if "moved" in line] != []
    assert "berths" not in "".join(lines)


def test_a_new_article_and_one_that_went_are_two_things():
    """A different story under the same number is no edit of the old one."""
    after = ISSUE.replace("Crates of a better kind", "Ice on the Bothnian Sea").replace(
        "Wooden crates are to be made of beech, says a rule.", "Nine icebreakers wait in Luleå and Kemi this winter."
    )
    signs = {line[0] for line in changed(ISSUE, after) if not line.startswith(" ")}
    assert signs == {"-", "+"}


def test_a_retitled_article_is_the_same_one():
    """The words below the title tell which article it is."""
    difference = compare(document(), document(ISSUE.replace("Crates of a better kind", "Boxes of beech")))
    (unit,) = difference.changed
    assert (unit.change, unit.before, unit.after) == (Change.CHANGED, (0, 1), (0, 1))


def test_the_masthead_counts():
    """A date that moved by a day is seen."""
    assert changed(ISSUE, ISSUE.replace("2025-05-14", "2025-05-15")) == [
        "~ (masthead)",
        "    date: [-2025-05-14-]{+2025-05-15+}",
    ]


def test_words_are_counted():
    """How much changed stands over the list."""
    difference = compare(document(), document(ISSUE.replace("Welders may weld.", "Welders may weld under water.")))
    assert (difference.words_added, difference.words_removed) == (2, 0)


def test_very_long_texts_are_compared_in_a_moment():
    """Thousands of different words do not make the comparison hang: they are shown as replaced."""
    one = Note((Paragraph((Text(" ".join(f"a{n}" for n in range(9_000))),)),))
    two = Note((Paragraph((Text(" ".join(f"b{n}" for n in range(9_000))),)),))
    assert compare_entries(one, two).change is Change.CHANGED


@settings(max_examples=20, suppress_health_check=UNHURRIED)
@given(strategies.documents, strategies.documents)
def test_any_two_documents_are_the_same_exactly_if_they_are_equal(one: Document, two: Document):
    """Nothing changes unseen, nothing is seen that did not change."""
    assert compare(one, one).same
    assert compare(one, two).same == (one == two)


@settings(max_examples=20, suppress_health_check=UNHURRIED)
@given(strategies.documents, st.data())
def test_any_small_edit_is_seen(document: Document, data: st.DataObject):
    """One entry replaced in an otherwise equal Document is what the difference names."""
    if not any(section.entries for section in document.sections):
        document = replace(document, sections=(Section("S", (Article("A", (Part((), "L"),)),)),))
    at = data.draw(st.sampled_from([n for n, section in enumerate(document.sections) if section.entries]))
    section = document.sections[at]
    place = data.draw(st.integers(0, len(section.entries) - 1))
    entries = list(section.entries)
    entries[place] = data.draw(strategies.entries)
    sections = list(document.sections)
    sections[at] = replace(section, entries=tuple(entries))
    after = replace(document, sections=tuple(sections))
    difference = compare(document, after)
    assert difference.same == (after == document)
    assert list(lines_of_difference(difference)) or difference.same


marks = st.sampled_from([(), ("strong",), ("link",), ("emphasis", "link")])
word_lists = st.lists(st.builds(Word, st.sampled_from([" ", "a", "b", "Haus", ",", "中", "\n"]), marks)).map(tuple)


@given(word_lists, word_lists)
def test_runs_read_as_both_states(before, after):
    """Without what was added the runs are the earlier text, without what was removed the later one, marks and all."""

    def side(left_out: Change) -> list[tuple[str, tuple[str, ...]]]:
        return [(sign, run.marks) for run in runs if run.change is not left_out for sign in run.text]

    runs = runs_between(before, after)
    assert side(Change.ADDED) == [(sign, word.marks) for word in before for sign in word.text]
    assert side(Change.REMOVED) == [(sign, word.marks) for word in after for sign in word.text]


@given(st.text())
def test_words_are_the_text(text: str):
    """Cutting into words loses no character."""
    assert text_of(words_in(text)) == text
