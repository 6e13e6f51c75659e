"""Pictures of the report: activations of a recording, and who is taken for whom."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from _rhythm.live import FPS, Array, Heard

SPAN = (12.0, 24.0)  # s of the recording that are shown


def activations(path: Path, mel: Array, heard: Heard, beats: Array) -> None:
    """Mel, what the model says, and true and said beats of a recording."""
    figure, (top, middle, low) = plt.subplots(3, 1, figsize=(10, 6), sharex=True)
    t = np.arange(len(mel)) / FPS
    top.imshow(mel.T, origin="lower", aspect="auto", extent=(0, t[-1], 0, 80), cmap="magma")
    top.set_ylabel("mel band")
    middle.plot(t, heard.rows["beat"].sum(axis=1), lw=1, color="tab:blue", label="beat")
    middle.plot(t, heard.rows["beat"][:, 1], lw=1, color="tab:red", label="downbeat")
    middle.plot(t, heard.rows["phrase"][:, 0], lw=1, color="tab:green", label="phrase")
    middle.set_ylabel("probability")
    middle.legend(loc="upper right", ncols=3)
    for rows, bottom, colour in ((beats, 0.55, "black"), (heard.beats, 0.0, "tab:orange")):
        first = rows[:, 1] == 1
        low.vlines(rows[~first, 0], bottom, bottom + 0.25, colour, lw=1)
        low.vlines(rows[first, 0], bottom, bottom + 0.45, colour, lw=2)
    low.set_yticks([0.2, 0.75], ["told", "true"])
    low.set_xlabel("time in s")
    low.set_xlim(*SPAN)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def confusions(path: Path, named: dict[str, tuple[tuple[str, ...], Array]]) -> None:
    """Matrices of classes side by side, rows in per cent."""
    figure, axes = plt.subplots(1, len(named), figsize=(5 * len(named), 4.5))
    for axis, (title, (names, matrix)) in zip(np.atleast_1d(axes), named.items(), strict=True):
        share = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        axis.imshow(share, cmap="Blues", vmin=0, vmax=100)
        for row, column in np.ndindex(share.shape):
            colour = "white" if share[row, column] > 60 else "black"
            axis.text(column, row, f"{share[row, column]:.0f}", ha="center", color=colour)
        axis.set_xticks(range(len(names)), names)
        axis.set_yticks(range(len(names)), names)
        axis.set(title=title, xlabel="told", ylabel="true, % of the row")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
