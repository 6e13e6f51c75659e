"""The parts of the report that the camera gives: bow and posture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from rt_engine.kinds import BowStroke, Measured
from rt_engine.violin.posture import FIGURES
from rt_engine.violin.report import plots
from rt_engine.violin.report.plots import Axes
from rt_engine.violin.report.session import Session
from rt_engine.violin.report.summary import SURE
from rt_engine.violin.topics import TOPICS

__all__ = ["bow", "posture"]

Stretches = Sequence[tuple[float, float]]
Figures = list[tuple[str, str]]  # title and plot

STROKES: tuple[tuple[str, str, Callable[[BowStroke], Measured], float], ...] = (
    ("Bow used for a stroke (cm)", "cm", lambda s: s.amount, 100.0),
    ("Bow speed, the mean of a stroke (cm/s)", "cm/s", lambda s: s.speed, 100.0),
    ("Straightness of the wrist's path (a proxy, 1 is a line)", "", lambda s: s.straightness, 1.0),
)
RANGE = 3.0  # tolerances of a posture that its plot reaches to either side


def bow(session: Session, end: float, stretches: Stretches) -> Figures:
    """Plots of the strokes that were seen, each figure as far as it is sure."""
    found = []
    for title, unit, figure, factor in STROKES:
        values = [
            (t, factor * figure(s).value, f"{factor * figure(s).value:.3g} {unit}".rstrip())
            for t, s in session.strokes
            if figure(s).reliability >= SURE
        ]
        if values:
            top = max(value for _, value, _ in values)
            axes = Axes((0, end), (0, 1.0 if not unit else 1.1 * top), unit, title)
            found.append((title, plots.points(axes, values, 0.0, plots.bars(axes, stretches))))
    return found


def posture(session: Session, end: float, stretches: Stretches) -> Figures:
    """Plots of the deviations from the good posture; none where it was not calibrated."""
    found = []
    times = np.array([t for t, _ in session.postures], np.float32)
    for name in FIGURES:
        topic = TOPICS[name]
        figures: list[Measured] = [getattr(p, name) for _, p in session.postures]
        values = [f.value if f.reliability >= SURE else math.nan for f in figures]
        if all(map(math.isnan, values)):
            continue
        reach = RANGE * topic.tolerance
        axes = Axes((0, end), (-reach, reach), topic.unit, name)
        marks = plots.bars(axes, stretches) + plots.band(axes, topic.tolerance)
        title = f"{name.capitalize()} against the good posture ({topic.unit})"
        found.append((title, plots.curve(axes, times, np.array(values, np.float32), marks)))
    return found
