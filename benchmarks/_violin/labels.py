"""Recordings of solo violin with their note labels, and how far those labels can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

__all__ = ["Piece", "f_measure", "moved", "one_tempo", "pieces", "together"]

Floats = NDArray[np.float64]

CHORD = 0.03  # s within which notes begin together
REACH = 0.25  # s by which a label may be moved to the rise of its own harmonics
SAME = 0.005  # of a tempo, within which it is the same one


class Piece(NamedTuple):
    """A recording with its notes."""

    name: str
    sound: NDArray[np.float32]
    rate: int
    starts: Floats  # of every note, s
    written: Floats  # starts in the score, ticks
    pitches: Floats  # MIDI numbers


def pieces(folder: Path) -> list[Piece]:
    """The recordings; `info.csv` says where the alignment begins."""
    lines = (folder / "info.csv").read_text().splitlines()
    heads = lines[0].split(",")
    begins = {f[0]: f[heads.index("start")] for f in (line.split(",") for line in lines[1:])}
    found = []
    for path in sorted(folder.glob("*.alignment.csv")):
        name = path.name.removesuffix(".alignment.csv")
        hours, minutes, seconds = begins[name].split(":")
        offset = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
        times = np.loadtxt(path, delimiter=",", skiprows=1) + offset
        notes = np.loadtxt(folder / f"{name}.notes.csv", delimiter=",", skiprows=1)
        file = next(p for p in folder.glob(f"{name}.*") if p.suffix in (".mp3", ".opus"))
        sound, rate = soundfile.read(file, dtype="float32", always_2d=True)
        found.append(Piece(name, sound.mean(axis=1), rate, times[:, 0], notes[:, 0], notes[:, 2]))
    return found


def f_measure(truth: Floats, starts: Floats, window: float) -> float:
    """F of starts against others within `window` s, in percent; chords of the truth count once."""
    import mir_eval

    return float(100 * mir_eval.onset.f_measure(together(truth), np.sort(starts), window=window)[0])


def together(starts: Floats) -> Floats:
    """Starts with those of a chord counted once."""
    kept: list[float] = []
    for start in np.sort(starts).tolist():
        if not kept or start - kept[-1] > CHORD:
            kept.append(start)
    return np.array(kept)


def one_tempo(piece: Piece) -> float:
    """Percent of the steps from a label to the next that lie at one and the same tempo.

    Where a step is many frames of the alignment, no player keeps a tempo to half a percent: there
    the alignment ran along its diagonal, and the labels are laid out evenly, not heard.
    """
    ticks, first = np.unique(piece.written, return_index=True)
    tempos = np.log(np.diff(piece.starts[first]) / np.diff(ticks))
    alike = np.abs(tempos[:, None] - tempos) < SAME
    return float(100 * alike.mean(axis=1).max())


def moved(piece: Piece) -> Floats:
    """Each label at the steepest rise of the harmonics of its own notes, `REACH` s around it.

    It uses the score and nothing of what is measured here: the labels come from a warping of the
    score in steps of 32 ms and lie off what is heard by up to 0.2 s in slow music.
    """
    hop, size = piece.rate // 100, 2048
    padded = np.pad(piece.sound, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    window = np.hanning(size)
    parts = np.array_split(frames, max(1, len(frames) // 500))
    logs = np.concatenate([np.log(np.abs(np.fft.rfft(p * window, 4096)) + 0.01) for p in parts])
    starts = np.unique(piece.starts)
    result = []
    for k, start in enumerate(starts):
        low = max(start - REACH, starts[k - 1] + CHORD if k else 0.0)
        high = min(start + REACH, starts[k + 1] - CHORD if k + 1 < len(starts) else np.inf)
        energy = harmonics(logs, piece.pitches[piece.starts == start], piece.rate)
        result.append(steepest(energy, start, low, high))
    return np.array(result)


def harmonics(logs: Floats, pitches: Floats, rate: int) -> Floats:
    """Mean logarithm of the first eight harmonics of some notes, for every frame."""
    hz = 440 * 2 ** ((pitches[:, None] - 69) / 12) * np.arange(1, 9)
    bins = np.rint(hz[hz < 9000] * 4096 / rate).astype(int)
    return np.mean([logs[:, b - 1 : b + 2].max(axis=1) for b in bins], axis=0)


def steepest(energy: Floats, start: float, low: float, high: float) -> float:
    """Time of the largest difference between the 60 ms after and before."""
    sums, width = np.concatenate(([0.0], np.cumsum(energy))), 6
    at = np.arange(max(round(low * 100), width), min(round(high * 100), len(energy) - width) + 1)
    if not len(at):
        return start
    rise = (sums[at + width] - 2 * sums[at] + sums[at - width]) / width
    return float(at[np.argmax(rise - 0.002 * np.abs(at - start * 100))] / 100)
