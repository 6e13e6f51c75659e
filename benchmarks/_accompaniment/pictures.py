"""Piano rolls of written bars, their drums below."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rt_engine.accompaniment.notes import BarNote
from rt_engine.drums.bar import STEPS_A_BEAT, Bar
from rt_engine.drums.kit import DRUMS

__all__ = ["draw_rolls"]

Roll = tuple[str, list[list[BarNote]]]


def draw_rolls(rolls: list[Roll], drums: list[Bar], path: Path) -> None:
    """One row a roll (its title, its notes bar by bar), and the drums under all of them."""
    figure = Figure((12, 2.1 * (len(rolls) + 1)), layout="constrained")
    axes = figure.subplots(len(rolls) + 1, 1, sharex=True)
    beats = [len(bar) / STEPS_A_BEAT for bar in drums]
    edges = np.cumsum([0.0, *beats])
    for axis, (title, bars) in zip(axes, rolls, strict=False):
        for first, bar in zip(edges, bars, strict=False):
            for note in bar:
                shade = 0.25 + 0.75 * note.velocity / 127
                axis.barh(note.pitch, note.duration, left=first + note.start, height=0.8,
                          align="center", color="tab:blue", alpha=shade)  # fmt: skip
        axis.set(title=title, ylabel="MIDI pitch")
    for first, bar in zip(edges, drums, strict=False):
        steps, struck = np.nonzero(bar.hits)
        places = first + steps / STEPS_A_BEAT
        axes[-1].scatter(places, struck, s=30 * bar.velocities[steps, struck], c="k", marker="s")
    axes[-1].set(title="drums", xlabel="beats", yticks=range(len(DRUMS)), yticklabels=DRUMS)
    for axis in axes:
        axis.set_xticks(edges)
        axis.grid(axis="x", alpha=0.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
