"""Warming up makes the small issue, and says so where none can be made."""

from __future__ import annotations

import pytest

from newsletter.kit.errors import RenderingError
from newsletter.rendering import warming


def test_the_small_issue_can_be_rendered(caplog: pytest.LogCaptureFixture):
    """In all four editions, without a word in the log."""
    warming.warm_up()
    assert caplog.text == ""


def test_a_machine_that_cannot_make_editions_starts_all_the_same(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """The reason stands in the log, and whoever wants a preview is told it again."""

    def fail(*_: object, **__: object) -> None:
        raise RenderingError("there is no font called Noto Serif.")

    monkeypatch.setattr(warming, "render", fail)
    warming.warm_up()
    assert "no font called Noto Serif" in caplog.text
