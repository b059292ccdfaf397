"""Changes to an issue: every field is read back as it was written, and two people's changes meet without loss."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.kit.errors import BadInput, NotFound
from newsletter.manuscripts.changes import Add, Kind, Move, Remove, SetField, apply, step
from newsletter.manuscripts.document import Article, Document, Note, Section
from newsletter.manuscripts.fields import NAMES, read_field, with_field
from newsletter.manuscripts.keys import find, key_of, keyed, walk
from newsletter.manuscripts.merging import merge, put_back
from newsletter.manuscripts.whereabouts import Standing, standing
from tests.factories import sample_document
from tests.manuscripts.strategies import documents

SAMPLE = keyed(sample_document(), stem="1")
FEATURES = next(section for section in SAMPLE.sections if section.title == "Top 5")
NOTEWORTHY = next(section for section in SAMPLE.sections if section.title == "Noteworthy")
STORAGE, CABLES = (entry for entry in FEATURES.entries if isinstance(entry, Article) and entry.number in {1, 2})


def keys(document: Document) -> list[str]:
    """Every key in reading order."""
    return [key_of(node) for node in walk(document)]


def titles(document: Document) -> list[str]:
    """The titles of the first two articles as they are now."""
    return [read_field(cast(Article, find(document, one.key)), "title") for one in (STORAGE, CABLES)]


@given(documents)
def test_every_node_has_a_key_of_its_own_and_says_the_same(document: Document):
    """Keys are no part of what an issue says; a second time changes nothing, and the words find their keys again."""
    first = keyed(document, stem="1")
    assert first == document
    assert len(set(keys(first))) == len(keys(first))
    assert keys(keyed(document, stem="2", like=first)) == keys(first)
    assert keys(keyed(first, stem="2", like=first)) == keys(first)


@given(documents)
def test_every_field_can_be_sent_back_as_it_was_shown(document: Document):
    """A form that nobody touched changes nothing once it is read back."""
    for node in walk(document):
        for name in NAMES[type(node)]:
            shown = read_field(node, name)
            try:
                again = with_field(node, name, shown)
            except BadInput:
                assert name in {"language", "original_language"}  # what an old manuscript called a language
                continue
            assert read_field(with_field(again, name, read_field(again, name)), name) == read_field(again, name)


def test_a_form_sent_unchanged_changes_nothing():
    """All fields of the sample issue, through text and back."""
    changes = [SetField(key_of(n), name, read_field(n, name)) for n in walk(SAMPLE) for name in NAMES[type(n)]]
    assert merge(SAMPLE, SAMPLE, changes, stem="2").document == SAMPLE


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>words", "[x](javascript:alert(1)) words", "<img src=x onerror=alert(1)> words"])  # fmt: skip
def test_no_markup_gets_into_a_text(evil: str):
    """The words stay, the markup has no place in the tree."""
    note = cast(Note, with_field(Note(), "text", evil))
    assert "words" in str(note)
    assert "script" not in str(note.blocks).replace("javascript", "script") or "Link" not in str(note.blocks)
    assert "onerror" not in str(note.blocks)


def test_values_that_cannot_be_used_are_refused_with_a_sentence():
    """What, and what to write instead."""
    source = STORAGE.sources[0]
    for node, name, value, sentence in [
        (source, "date", "yesterday", "2026-03-04"),
        (SAMPLE, "language", "German!", "zh-Hans"),
        (STORAGE, "number", "one", "digits"),
        (SAMPLE, "format", "poster", "cannot stand here"),
        (SAMPLE, "nonsense", "", "no field"),
        (Note(), "text", "x" * 200_001, "divide"),
    ]:
        with pytest.raises(BadInput, match=sentence):
            with_field(node, name, value)


def test_two_people_in_different_fields_both_keep_their_words():
    """One wrote a title, the other a comment's label; neither saw the other."""
    theirs = apply(SAMPLE, SetField(STORAGE.key, "title", "Their title"))
    merged = merge(SAMPLE, theirs, [SetField(CABLES.key, "title", "My title")], stem="3")
    assert merged.clashes == ()
    assert titles(merged.document) == ["Their title", "My title"]


def test_two_people_in_one_field_are_shown_both_versions():
    """Nothing is overwritten; what does not meet is saved all the same."""
    theirs = apply(SAMPLE, SetField(STORAGE.key, "title", "Their title"))
    mine = [SetField(STORAGE.key, "title", "My title"), SetField(CABLES.key, "title", "Cables")]
    merged = merge(SAMPLE, theirs, mine, stem="3")
    (clash,) = merged.clashes
    assert (clash.change, clash.base, clash.theirs) == (mine[0], STORAGE.title, "Their title")
    assert titles(merged.document) == ["Their title", "Cables"]


def test_a_form_sent_whole_does_not_undo_what_others_did():
    """Every field of a form comes along; the untouched ones say nothing."""
    theirs = apply(SAMPLE, SetField(STORAGE.key, "title", "Their title"))
    merged = merge(SAMPLE, theirs, [SetField(STORAGE.key, "title", STORAGE.title)], stem="3")
    assert merged.clashes == ()
    assert merged.document == theirs


def test_what_was_taken_out_by_another_is_not_lost():
    """My words come back as a clash, and the node can be put back where it stood."""
    theirs = apply(SAMPLE, Remove(CABLES.key))
    merged = merge(SAMPLE, theirs, [SetField(CABLES.key, "title", "My title")], stem="3")
    assert merged.clashes[0].theirs is None
    back = put_back(SAMPLE, theirs, CABLES.key)
    assert back == SAMPLE
    assert keys(back) == keys(SAMPLE)


def test_nobody_takes_out_what_another_is_writing():
    """It is shown first."""
    theirs = apply(SAMPLE, SetField(CABLES.key, "title", "Much better"))
    (clash,) = merge(SAMPLE, theirs, [Remove(CABLES.key)], stem="3").clashes
    assert "Much better" in str(clash.theirs)


def test_moving_up_and_down_goes_through_every_place():
    """An entry at the edge of its section enters the next; at the ends of the issue it stays."""
    document, seen = SAMPLE, []
    while (move := step(document, STORAGE.key, 1)) is not None:
        document = apply(document, move)
        seen.append([len(section.entries) for section in document.sections])
    assert find(document, STORAGE.key) == STORAGE
    assert document.sections[-1].entries[-1].key == STORAGE.key
    while (move := step(document, STORAGE.key, -1)) is not None:
        document = apply(document, move)
    assert document.sections[0].entries[0].key == STORAGE.key
    assert sorted(keys(document)) == sorted(keys(SAMPLE))
    assert len(seen) > len(SAMPLE.sections)


@given(st.lists(st.tuples(st.sampled_from(keys(SAMPLE)), st.sampled_from(keys(SAMPLE)), st.sampled_from(keys(SAMPLE))), max_size=6))  # fmt: skip
def test_no_move_loses_or_doubles_anything(moves: list[tuple[str, str, str]]):
    """Whatever is dragged wherever: refused with a sentence, or all nodes are still there once."""
    document = SAMPLE
    for key, parent, after in moves:
        try:
            document = apply(document, Move(key, parent, after))
        except (BadInput, NotFound):
            continue
    assert sorted(keys(document)) == sorted(keys(SAMPLE))


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_added_where_it_belongs_and_nowhere_else(kind: Kind):
    """The parent decides."""
    group = SAMPLE.people[0].key
    briefs = NOTEWORTHY.entries[0].key
    homes = {
        Kind.SECTION: "", Kind.GROUP: "", Kind.ARTICLE: FEATURES.key, Kind.BRIEFS: FEATURES.key, Kind.NOTE: FEATURES.key,
        Kind.PART: STORAGE.key, Kind.SOURCE: STORAGE.key, Kind.BRIEF: briefs, Kind.PERSON: group,
    }  # fmt: skip
    merged = merge(SAMPLE, SAMPLE, [Add(kind, homes[kind])], stem="2")
    (key,) = merged.added
    assert find(merged.document, key) is not None
    assert len(set(keys(merged.document))) == len(keys(merged.document))
    wrong = NOTEWORTHY.entries[0].key if kind is not Kind.BRIEF else STORAGE.key
    with pytest.raises(BadInput, match="cannot stand below"):
        merge(SAMPLE, SAMPLE, [Add(kind, wrong)], stem="2")


def test_a_quoted_place_is_found_again_or_said_to_have_changed():
    """After edits elsewhere it stands; after an edit there it has changed; taken out it is gone."""
    part = STORAGE.parts[1]
    moved = apply(SAMPLE, Move(STORAGE.key, NOTEWORTHY.key, ""))
    assert standing(moved, part.key, "comes with money") is Standing.HERE
    edited = apply(moved, SetField(part.key, "text", "Other words."))
    assert standing(edited, part.key, "comes with money") is Standing.CHANGED
    assert standing(apply(edited, Remove(STORAGE.key)), part.key, "comes with money") is Standing.GONE


def test_an_article_from_a_file_keeps_its_keys_by_its_title():
    """A revised file has no keys; comments on its article stay with it."""
    fresh = sample_document()
    at = [section.title for section in fresh.sections].index("Top 5")
    note, first, *rest = fresh.sections[at].entries
    changed = replace(cast(Article, first), parts=cast(Article, first).parts[:1])
    sections = list(fresh.sections)
    sections[at] = Section("Top 5", (note, changed, *rest))
    again = keyed(replace(fresh, sections=tuple(sections)), stem="2", like=SAMPLE)
    entry = cast(Article, again.sections[at].entries[1])
    assert (entry.key, entry.parts[0].key) == (STORAGE.key, STORAGE.parts[0].key)
