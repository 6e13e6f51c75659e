"""Draws docs/pictures/violin_simulation.png: a simulated violinist, and the bow over some notes."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from rt_engine.motion import landmarks as lm
from rt_engine.violin.simulation import BONES_13, RATE, Motion, Note, drawn, landmarks33, play

SEED = 5
LENGTH = 0.5  # s of a note
PITCHES = (55, 59, 62, 66, 69, 73, 76, 81)
STRINGS = "GDAE"
SHOWN = (55, 62, 69, 76)  # the note whose end is drawn


def main() -> None:
    """Four moments from the front, one a string, over the way of the bow."""
    notes = [
        Note(0.5 + k * LENGTH, 0.48 + (k + 1) * LENGTH, p, 85.0, k % 4 == 3)
        for k, p in enumerate(PITCHES)
    ]
    rng = np.random.default_rng(SEED)
    motion = play(notes, drawn(rng), rng)
    figure = plt.figure(figsize=(11, 6.5))
    grid = figure.add_gridspec(2, 4, height_ratios=(3, 1))
    for column, pitch in enumerate(SHOWN):
        note = notes[PITCHES.index(pitch)]
        body(figure.add_subplot(grid[0, column]), motion, round((note.end - 0.06) * RATE))
    bow(figure.add_subplot(grid[1, :]), motion)
    figure.tight_layout()
    figure.savefig(Path(__file__).parent / "violin_simulation.png", dpi=72)


def body(axis: Axes, motion: Motion, frame: int) -> None:
    """Joints, head, violin and bow at one frame, as a camera in front sees them."""
    joints = motion.joints[frame]
    for bone in BONES_13:
        colour = "tab:blue" if bone in ((1, 3), (3, 5)) else "0.3"
        axis.plot(*joints[list(bone), :2].T, color=colour, lw=2.5)
    marks, _ = landmarks33(motion)
    middle = joints[list((1, 2)), :2].mean(axis=0) - marks[frame, list(lm.SHOULDERS), :2].mean(0)
    head = marks[frame, : lm.SHOULDERS[0], :2] + middle
    axis.add_patch(plt.Circle(tuple(head.mean(axis=0)), 0.1, fill=False, color="0.3", lw=2))
    axis.plot(*motion.body.violin[frame, :, :2].T, color="sienna", lw=6, solid_capstyle="round")
    hair = np.stack([motion.body.frog[frame], motion.body.tip[frame]])
    axis.plot(*hair[:, :2].T, color="crimson", lw=1.5)
    axis.set_title(
        f"{STRINGS[motion.bow.string[frame]]} string, {motion.t[frame]:.1f} s", fontsize=10
    )
    axis.set_aspect("equal")
    axis.set_xlim(-0.6, 0.7)
    axis.set_ylim(-0.05, 1.85)
    axis.tick_params(labelsize=7)


def bow(axis: Axes, motion: Motion) -> None:
    """Where the hair touches the string, and where the bow turns."""
    axis.plot(motion.t, motion.bow.position, color="crimson")
    for turn in motion.turns:
        axis.axvline(turn, color="0.7", lw=1)
    axis.set_yticks([0, 1], ["frog", "tip"])
    axis.set_xlabel("s; a line where the bow changes")


if __name__ == "__main__":
    main()
