"""Warming up: what the first rendering of a process would wait for is done before anybody waits for it."""

from __future__ import annotations

import logging

from newsletter.kit.errors import RenderingError
from newsletter.manuscripts.document import Article, Document, Part, Section, Source, from_json, to_json
from newsletter.manuscripts.richtext import Paragraph, Text
from newsletter.rendering.editions import render
from newsletter.rendering.theme import Masthead

log = logging.getLogger(__name__)
SMALL = Document(
    "Warming up",
    sections=(
        Section(
            "One",
            (
                Article(
                    "First",
                    (Part((Paragraph((Text("Words."),)),)),),
                    (
                        Source(
                            "A source", original_title="通知", original_language="zh-Hans", url="https://example.org"
                        ),
                    ),
                ),
            ),
        ),
    ),
)
"""As small as an issue can be that needs every template, both Latin families and the large Chinese one."""


def warm_up() -> None:
    """Render ``SMALL``: templates are compiled, characters of fonts are known, their files are in memory."""
    try:
        render(from_json(to_json(SMALL)), Masthead("Warming up", "Nobody"), pictures={})
    except RenderingError as error:
        log.warning("Editions cannot be made here: %s", error)
