"""Charts: an axis that people read, for any number; what stands in them is text."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from newsletter.rendering.charts import LINES, Point, curve, nice


@given(st.integers(0, 10**9))
def test_the_axis_ends_at_a_round_number_that_its_lines_divide(value: int):
    """Not below the highest point, and not so far above it that the curve lies on the ground."""
    top = nice(value)
    assert top >= max(value, LINES)
    assert top % LINES == 0
    assert top <= max(5 * value, 8)


@given(st.lists(st.builds(Point, st.text(max_size=8), st.integers(0, 10**6)), max_size=40), st.text(max_size=20))
def test_a_curve_of_anything_is_a_picture_with_its_words(points: list[Point], title: str):
    """None, one or many points, with labels of any kind, are well-formed; markup in them stays text."""
    words = "".join(character for character in title if character.isprintable())
    points = [Point("".join(one for one in point.label if one.isprintable()) + "<b>", point.value) for point in points]
    drawn = curve(points, title=words)
    tree = ElementTree.fromstring(drawn)
    assert tree.get("aria-label") == words
    assert "<b>" not in drawn
    assert "style=" not in drawn
