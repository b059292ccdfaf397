"""Any theme is readable, by day and by night."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.rendering.palette import READABLE, contrast, dark, light, readable
from newsletter.rendering.theme import Theme

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_black_on_white_is_21():
    """The scale of WCAG."""
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_a_colour_that_can_be_read_stays_as_it_is():
    """The house's own palette is untouched."""
    palette = light(Theme())
    theme = Theme()
    assert (palette.ink, palette.link, palette.highlight, palette.muted) == (
        theme.ink,
        theme.accent,
        theme.highlight,
        theme.muted,
    )


@settings(max_examples=100, deadline=None)
@given(colours, colours)
def test_any_colour_is_readable_on_any_ground(colour, ground):
    """Moved only as far as it must be."""
    assert contrast(readable(colour, ground), ground) >= READABLE


@settings(max_examples=60, deadline=None)
@given(st.builds(Theme, ink=colours, muted=colours, rule=colours, accent=colours, highlight=colours))
def test_every_text_of_a_palette_is_readable_on_its_ground(theme):
    """Whatever colours a publication chose for its text."""
    for palette in (light(theme), dark(theme)):
        for text in (palette.ink, palette.muted, palette.link, palette.highlight):
            assert contrast(text, palette.paper) >= READABLE
            assert contrast(text, palette.tint) >= READABLE
        assert contrast(palette.on_band, palette.band) >= READABLE
        assert contrast(palette.on_band_muted, palette.band) >= READABLE
        assert contrast(palette.ground_ink, palette.ground) >= READABLE
