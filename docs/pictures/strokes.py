"""Draws docs/pictures/strokes.png: the way of the right hand in each metre and articulation."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np

from rt_engine.conducting.conductor import Conductor
from rt_engine.conducting.metres import METRES
from rt_engine.conducting.style import ARTICULATIONS, Style

SHOWN = ("2/4", "3/4", "4/4", "5/4", "6/8", "6/8 in 2", "7/8")
RATE, BARS = 400, 3


def main() -> None:
    """One bar each, coloured by speed, a point on each ictus."""
    figure, axes = plt.subplots(
        len(ARTICULATIONS), len(SHOWN), figsize=(14, 6.6), sharex=True, sharey=True
    )
    for row, articulation in zip(axes, ARTICULATIONS, strict=True):
        for axis, metre in zip(row, SHOWN, strict=True):
            path, struck, speed = bar(metre, articulation)
            axis.scatter(path[:, 0], path[:, 1], c=speed, s=1.2, cmap="viridis")
            for number, (x, y) in enumerate(struck, start=1):
                axis.plot(x, y, "o", color="crimson", ms=3)
                axis.annotate(
                    str(number), (x, y), (0, -11), textcoords="offset points", ha="center"
                )
            axis.set_aspect("equal")
            axis.set_ylim(1.05, 1.47)
            axis.tick_params(labelsize=7)
        row[0].set_ylabel(f"{articulation}\nm", fontsize=9)
    for axis, metre in zip(axes[0], SHOWN, strict=True):
        axis.set_title(metre, fontsize=10)
    for axis in axes[-1]:
        axis.set_xlabel("m, as the conductor sees it", fontsize=7)
    figure.tight_layout()
    figure.savefig(Path(__file__).parent / "strokes.png", dpi=72)


def bar(metre: str, articulation: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The second bar: places (n, 2) in m, places of the strokes, and speed (n,)."""
    conductor = Conductor(Style(wander=0.0), metre=metre)
    conductor.manner.articulation = articulation
    period = 0.35 if METRES[metre].pulses > 5 else 0.65
    begin, pulses = 1.5, METRES[metre].pulses
    places, struck = [], {}
    for frame in range(int((begin + BARS * pulses * period) * RATE)):
        t = frame / RATE
        number = round((t + 0.3 - begin) / period)
        if abs(begin + number * period - t - 0.3) < 0.5 / RATE:
            conductor.hear(begin + number * period, number % pulses + 1, pulses, period)
        places.append(conductor.at(t).right[:2])
        if (strike := conductor.ahead(t + 1.5 / RATE)) is not None:
            struck[round(strike.t * RATE)] = strike.t
    path = np.array(places) * (-1.0, 1.0)
    speed = np.linalg.norm(np.diff(path, axis=0, append=path[-1:]), axis=1) * RATE
    first = round((begin + pulses * period) * RATE)
    last = first + round(pulses * period * RATE)
    inside = [k for k in sorted(struck) if first - 2 <= k < last - 2]
    return path[first:last], path[inside], speed[first:last]


if __name__ == "__main__":
    main()
