"""Pictures like figures 6 and 8 of M2S-GAN: what motions are made of, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from rt_engine.models.conducting import metrics
from rt_engine.models.conducting.motion import EDGES

Floats = NDArray[np.float32]
RATE = 30
EVERY, TRAIL = 10, 1  # s from figure to figure, and that the paths of the hands are long
HIGHEST = 5.0  # Hz that are shown


def rhythm(path: Path, motions: Mapping[str, Floats]) -> None:
    """Figure 6: spectrogram, power density, speed and strength contour, a column each motion."""
    figure, axes = plt.subplots(4, len(motions), figsize=(3.6 * len(motions), 9), squeeze=False)
    for column, (name, motion) in zip(axes.T, motions.items(), strict=True):
        flat = motion.reshape(len(motion), -1) - motion.reshape(len(motion), -1).mean(axis=0)
        column[0].specgram(flat[:, 21], 128, RATE, noverlap=112, cmap="magma")
        column[0].set(title=name, ylim=(0, HIGHEST), ylabel="Hz (right wrist, y)")
        frequencies, power = metrics.welch(flat, RATE)
        kept = frequencies <= HIGHEST
        fast = frequencies[kept] >= metrics.SLOWEST
        colours = np.where(fast, "tab:red", "silver")
        column[1].bar(frequencies[kept], power[kept].sum(axis=1), 0.1, color=colours)
        column[1].set(ylabel="power density, all joints", xlabel="Hz", yscale="log")
        speed = np.abs(np.diff(flat, axis=0)).sum(axis=1)
        column[2].plot(np.arange(len(speed)) / RATE, speed, lw=0.6)
        column[2].set(ylabel="summed speed")
        contour = metrics.strength_contour(motion, "paper")
        column[3].plot(np.arange(len(contour)) + 1, contour)
        column[3].set(ylabel="strength contour", xlabel="s", ylim=(0, None))
    figure.tight_layout()
    figure.savefig(path, dpi=75)
    plt.close(figure)


def distribution(path: Path, motions: Mapping[str, Floats]) -> None:
    """Figure 8: a body every 10 s, with the way of its hands in the last second."""
    size = 2.6 * len(motions), 3.4
    figure, axes = plt.subplots(1, len(motions), figsize=size, squeeze=False, layout="constrained")
    for axis, (name, motion) in zip(axes[0], motions.items(), strict=True):
        for frame in range(EVERY * RATE // 2, len(motion), EVERY * RATE):
            pose = motion[frame]
            for a, b in EDGES:
                axis.plot(*pose[[a, b]].T, color="black", lw=0.7, alpha=0.5)
            trail = motion[max(0, frame - TRAIL * RATE) : frame + 1]
            for joint, colour in ((9, "tab:blue"), (10, "tab:red")):
                axis.plot(*trail[:, joint].T, color=colour, lw=1)
        spread = metrics.sd(motion)
        axis.set(title=f"{name}\nSD {spread:.4f}", xlim=(0.15, 0.85), ylim=(0.9, 0.2), aspect=1)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.savefig(path, dpi=80)
    plt.close(figure)
