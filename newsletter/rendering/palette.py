"""Palettes: a Theme's colours made readable, on paper and in the dark."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

from newsletter.rendering.theme import Theme

READABLE = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3)."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour of an HTML edition, ``#rrggbb``; each text colour is readable on the grounds it is used on."""

    ground: str
    """Around the sheet."""
    ground_ink: str
    """Text and links on the ground."""
    paper: str
    ink: str
    muted: str
    link: str
    highlight: str
    rule: str
    tint: str
    band: str
    on_band: str
    on_band_muted: str


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2 definition)."""
    channels = (value / 255 for value in _channels(colour))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """Return *one* with *share* (0 to 1) of *other* in it."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def readable(colour: str, *grounds: str) -> str:
    """Return *colour*, moved towards black or white only as far as it must be to be read on every one of *grounds*."""

    def worst(candidate: str) -> float:
        return min(contrast(candidate, ground) for ground in grounds)

    ends = sorted(("#000000", "#ffffff"), key=worst)
    for step in range(21):
        candidate = mix(colour, ends[-1], step / 20)
        if worst(candidate) >= READABLE:
            return candidate
    return ends[-1]


def light(theme: Theme) -> Palette:
    """Return the palette of the printed look."""
    paper, tint, band = theme.paper, theme.tint, theme.accent
    ground = mix(tint, theme.rule, 0.25)
    return Palette(
        ground=ground,
        ground_ink=readable(theme.muted, ground),
        paper=paper,
        ink=readable(theme.ink, paper, tint),
        muted=readable(theme.muted, paper, tint),
        link=readable(theme.accent, paper, tint),
        highlight=readable(theme.highlight, paper, tint),
        rule=theme.rule,
        tint=tint,
        band=band,
        on_band=readable("#ffffff", band),
        on_band_muted=readable(mix("#ffffff", band, 0.2), band),
    )


def dark(theme: Theme) -> Palette:
    """Return the palette for ``prefers-color-scheme: dark``: the accent's own shade of night."""
    paper = mix("#14181c", theme.accent, 0.10)
    ground = mix("#0c0f12", theme.accent, 0.06)
    tint = mix("#1f262c", theme.accent, 0.18)
    band = mix("#10161b", theme.accent, 0.55)
    return Palette(
        ground=ground,
        ground_ink=readable("#a9b4bd", ground),
        paper=paper,
        ink=readable("#e4e8eb", paper, tint),
        muted=readable("#a9b4bd", paper, tint),
        link=readable(_bright(theme.accent), paper, tint),
        highlight=readable(_bright(theme.highlight), paper, tint),
        rule=mix(paper, "#ffffff", 0.18),
        tint=tint,
        band=band,
        on_band=readable("#ffffff", band),
        on_band_muted=readable(mix("#ffffff", band, 0.25), band),
    )


def _bright(colour: str) -> str:
    """Return *colour* in its own hue, bright enough for the night but not glaring."""
    red, green, blue = (value / 255 for value in _channels(colour))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    return "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, 0.72, min(saturation, 0.62)))


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
