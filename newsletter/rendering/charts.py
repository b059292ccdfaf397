"""Charts: a curve and bars as SVG that carries no styles of its own; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 34
LINES = 4
"""Lines across, above the axis."""


@dataclass(frozen=True, slots=True)
class Point:
    """One step along the way."""

    label: str
    value: int


def curve(points: Sequence[Point], *, title: str, number: str = "{:,}") -> Markup:
    """Return a rising line with a filled ground; *title* says what it shows to who cannot see it.

    A table beside it holds the same numbers; *number* writes those at the axis.
    """
    top = nice(max((point.value for point in points), default=0))
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    step = wide / max(1, len(points) - 1)
    places = [
        (LEFT + nth * step, TOP + high - high * point.value / top)
        for nth, point in enumerate(points if len(points) > 1 else [*points, *points])
    ]
    if len(points) == 1:
        places = [(LEFT, places[0][1]), (LEFT + wide, places[0][1])]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    ground = f"{LEFT},{TOP + high} {line} {places[-1][0]:.1f},{TOP + high}" if places else ""
    parts = [_lines(top, number)]
    if places:
        parts += [
            Markup('<polygon class="ground" points="{}"/><polyline class="line" points="{}"/>').format(ground, line),
            _labels([point.label for point in points], step),
        ]
    return _svg(title, parts)


def _lines(top: int, number: str) -> Markup:
    high = HEIGHT - TOP - BOTTOM
    drawn = []
    for nth in range(LINES + 1):
        y = TOP + high - high * nth / LINES
        drawn.append(
            Markup('<line class="rule" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>').format(LEFT, WIDTH - RIGHT, y, y)
        )
        value = top * nth / LINES
        if value == int(value):
            text = number.format(int(value))
            drawn.append(Markup('<text class="at" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
                LEFT - 8, y + 4, text))  # fmt: skip
    return Markup("").join(drawn)


def _labels(labels: Sequence[str], step: float) -> Markup:
    """Write as many labels below the axis as have room, the first and the last among them."""
    if len(labels) == 1:
        return Markup('<text class="at" x="{}" y="{}">{}</text>').format(LEFT, HEIGHT - 10, labels[0])
    every = max(1, -(-len(labels) // 6))
    chosen = [*range(0, len(labels) - every // 2 - 1, every), len(labels) - 1]
    drawn = []
    for nth in dict.fromkeys(chosen):
        anchor = "start" if nth == 0 else "end" if nth == len(labels) - 1 else "middle"
        drawn.append(Markup('<text class="at" x="{:.1f}" y="{}" text-anchor="{}">{}</text>').format(
            LEFT + nth * step, HEIGHT - 10, anchor, labels[nth]))  # fmt: skip
    return Markup("").join(drawn)


def nice(value: int) -> int:
    """Return the round number at or above *value* that four lines divide evenly."""
    unit = 4
    while True:
        for factor in (1, 2, 5) if unit < 40 else (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7.5):
            top = round(unit * factor)
            if value <= top and top % LINES == 0:
                return top
        unit *= 10


def _svg(title: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, title, Markup("").join(parts)
    )
