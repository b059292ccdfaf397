"""Whatever a Document may hold, the print edition shows it or says in one sentence why not."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import HealthCheck, given, settings

from newsletter.rendering.fonts import missing_glyphs
from newsletter.rendering.pdf import pdf
from tests.factories import sample_masthead, sample_pictures
from tests.rendering import pdf_reading as reading
from tests.rendering.documents import documents


def showable(value: Any) -> Any:
    """Return *value* with every character that no font has as an x."""
    if isinstance(value, str):
        return value.translate({ord(character): "x" for character in missing_glyphs(value)})
    if isinstance(value, tuple):
        return tuple(showable(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in fields(value) if one.name not in {"kind", "line", "source"}]
        return replace(value, **{name: showable(getattr(value, name)) for name in names})
    return value


@given(documents)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_document_becomes_a_sound_pdf(document):
    """Empty lists, links in heads, headings without order, the worst text of the trade: valid, archival, accessible."""
    printed = pdf(showable(document), sample_masthead(), pictures=sample_pictures())
    assert reading.opened(printed).check_pdf_syntax() == []
    with reading.opened(printed).open_metadata() as metadata:
        assert metadata["pdfuaid:part"] == "1"
