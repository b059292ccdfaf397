"""A Document written as a house-form manuscript reads back as the same Document."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.manuscripts.document import Document, from_json, to_json
from newsletter.manuscripts.markdown import read_blocks, read_inlines
from newsletter.manuscripts.markdown_text import write_blocks, write_inlines
from newsletter.manuscripts.reader import read
from newsletter.manuscripts.writer import write
from tests.manuscripts import strategies

UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=80, deadline=None, suppress_health_check=UNHURRIED)
@given(strategies.runs(3))
def test_inline_text_is_written_without_loss(run: tuple) -> None:
    """Whatever stands in a field, its Markdown means the same."""
    assert read_inlines(write_inlines(run)) == (run, ())


@settings(max_examples=40, deadline=None, suppress_health_check=UNHURRIED)
@given(strategies.blocks(2))
def test_blocks_are_written_without_loss(blocks: tuple) -> None:
    """Lists within quotes within lists come back as they were, without a Finding."""
    assert read_blocks(write_blocks(blocks), heading_offset=3) == (blocks, ())


@settings(max_examples=25, deadline=None, suppress_health_check=UNHURRIED)
@given(strategies.documents)
def test_a_document_is_written_without_loss(document: Document) -> None:
    """read(write(d)).document == d for wide Documents."""
    assert read(write(document)).document == document


@settings(max_examples=15, deadline=None, suppress_health_check=UNHURRIED)
@given(strategies.documents)
def test_the_stored_form_keeps_lines_and_all(document: Document) -> None:
    """What was read goes through the stored JSON unchanged, line numbers too."""
    reading = read(write(document))
    assert to_json(from_json(to_json(reading.document))) == to_json(reading.document)


@settings(max_examples=60, deadline=None)
@given(st.lists(strategies.texts, min_size=1, max_size=4))
def test_titles_are_plain_characters(titles: list[str]) -> None:
    """A title that looks like markup is still a title."""
    from newsletter.manuscripts.document import Section

    document = Document("T", sections=tuple(Section(title) for title in titles))
    assert read(write(document)).document == document
