"""Plots as SVG: classes in place of colours, so that one style sheet serves light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.tuning import note_name

__all__ = ["Axes", "band", "bars", "curve", "heat", "points", "trend"]

WIDTH, HEIGHT = 720, 180
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 10, 32
FINEST = 1500  # points of a line: more cannot be seen


class Axes(NamedTuple):
    """The ranges of a plot, and the words at its sides."""

    x: tuple[float, float]
    y: tuple[float, float]
    unit: str = ""
    label: str = ""
    steps: int = 6  # along x, between the numbers

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Place of a value in the picture; outside the range at its edge."""
        across = (x - self.x[0]) / max(self.x[1] - self.x[0], 1e-9)
        up = (y - self.y[0]) / max(self.y[1] - self.y[0], 1e-9)
        up = min(max(up, 0.0), 1.0)
        return (
            LEFT + across * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM),
        )


def curve(
    axes: Axes,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    marks: str = "",
    jump: float = math.inf,
) -> str:
    """A line, broken at nan and where y moves by more than `jump`; of many points every n-th."""
    every = max(1, math.ceil(len(x) / FINEST))
    parts, pen, last = [], "M", math.nan
    for a, b in zip(x[::every].tolist(), y[::every].tolist(), strict=True):
        if math.isnan(b):
            pen = "M"
            continue
        across, up = axes.at(a, b)
        pen = "M" if abs(b - last) > jump else pen
        parts.append(f"{pen}{across:.1f} {up:.1f}")
        pen, last = "L", b
    return _frame(axes, f'{marks}<path class="line" d="{"".join(parts)}"/>')


def points(
    axes: Axes, values: Sequence[tuple[float, float, str]], fine: float = 0.0, marks: str = ""
) -> str:
    """Points with a tooltip each, over a band of what is fine (0 +- fine)."""
    shapes = [marks]
    if fine:
        shapes.append(band(axes, fine))
    for x, y, text in values:
        across, up = axes.at(x, y)
        kind = "dot" if abs(y) <= fine or not fine else "dot off"
        title = f"<title>{escape(text)}</title>"
        shapes.append(
            f'<circle class="{kind}" cx="{across:.1f}" cy="{up:.1f}" r="3.5">{title}</circle>'
        )
    return _frame(axes, "".join(shapes))


def band(axes: Axes, fine: float) -> str:
    """A band of what is fine, 0 +- `fine`: `marks` of another plot."""
    left, top = axes.at(axes.x[0], fine)
    right, bottom = axes.at(axes.x[1], -fine)
    return _rect("fine", left, top, right - left, bottom - top)


def bars(axes: Axes, stretches: Sequence[tuple[float, float]]) -> str:
    """Shaded stretches (start, stop in x) over the whole height: `marks` of another plot."""
    shapes = []
    for start, stop in stretches:
        left, top = axes.at(start, axes.y[1])
        right, bottom = axes.at(min(stop, axes.x[1]), axes.y[0])
        shapes.append(_rect("mark", left, top, right - left, bottom - top))
    return "".join(shapes)


def heat(cells: dict[tuple[int, int], tuple[float, int]], lowest: int, highest: int) -> str:
    """Pitch classes down, octaves across: mean cents and number of notes of each cell.

    The colour says which side, its strength how far, and the number stands in the cell.
    """
    octaves = range(lowest // 12, highest // 12 + 1)
    head = "".join(f"<th>{octave - 1}</th>" for octave in octaves)
    rows = []
    for step in range(12):
        name = note_name(60 + step)[:-1]
        row = "".join(_cell(cells.get((octave, step))) for octave in octaves)
        rows.append(f"<tr><th>{name}</th>{row}</tr>")
    return f'<table class="heat"><tr><th></th>{head}</tr>{"".join(rows)}</table>'


def trend(values: Sequence[tuple[str, float]], unit: str, label: str) -> str:
    """One figure over takes, oldest first."""
    known = [value for _, value in values if not math.isnan(value)]
    if len(known) < 2:
        return ""
    margin = 0.1 * (max(known) - min(known)) or 1.0
    y_range = (min(known) - margin, max(known) + margin)
    axes = Axes((1, len(values)), y_range, unit, label, min(len(values) - 1, 6))
    x = np.arange(1, len(values) + 1, dtype=np.float32)
    line = [f"{name}: {value:.1f} {unit}" for name, value in values]
    placed = [
        (float(k), value, text)
        for k, ((_, value), text) in enumerate(zip(values, line, strict=True), start=1)
        if not math.isnan(value)
    ]
    y = np.array([value for _, value in values], np.float32)
    drawn = curve(axes, x, y)
    dots = points(axes, placed)
    inner = dots[dots.index("<circle") : dots.rindex("</svg>")]
    return drawn.replace("</svg>", inner + "</svg>")


def _cell(cell: tuple[float, int] | None) -> str:
    if cell is None:
        return "<td></td>"
    cents, count = cell
    side = "sharp" if cents > 0 else "flat"
    strength = min(1.0, abs(cents) / 30)
    title = f"{count} note{'s' if count > 1 else ''}, mean {cents:+.1f} cents"
    style = f"--strength:{strength:.2f}"
    return f'<td class="{side}" style="{style}" title="{title}">{round(cents):+d}</td>'


def _rect(kind: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" '
        f'width="{max(width, 1):.1f}" height="{height:.1f}"/>'
    )


def _frame(axes: Axes, inner: str) -> str:
    ticks = []
    for k in range(5):
        value = axes.y[0] + k * (axes.y[1] - axes.y[0]) / 4
        _, up = axes.at(axes.x[0], value)
        ticks.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up:.1f}" y2="{up:.1f}"/>'
        )
        ticks.append(f'<text x="{LEFT - 5}" y="{up + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for k in range(axes.steps + 1):
        value = axes.x[0] + k * (axes.x[1] - axes.x[0]) / axes.steps
        across, _ = axes.at(value, axes.y[0])
        anchor = "end" if k == axes.steps else "middle"
        ticks.append(
            f'<text x="{across:.1f}" y="{HEIGHT - 6}" text-anchor="{anchor}">{value:.3g}</text>'
        )
    name = escape(f"{axes.label}, {axes.unit}" if axes.unit else axes.label)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">'
        f"{''.join(ticks)}{inner}</svg>"
    )
