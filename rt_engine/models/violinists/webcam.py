"""The error of a webcam: measured on DrumPy, and that of `simulation.noise.Webcam`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.simulation import RATE
from rt_engine.violin.simulation.noise import GROUPS, Error, Webcam

__all__ = ["DEPTH", "PARTS", "PLANE", "correlations_of", "errors_of", "fitted", "simulated_errors"]

Floats = NDArray[np.float64]

LAGS = np.array([2, 5, 10, 25, 50, 150])  # frames at RATE
PARTS = {"wrist": "Wrist", "elbow": "Elbow", "trunk": "Hip", "knee": "Knee", "foot": "Foot_Index"}
PLANE, DEPTH = (1, 2), (0,)  # columns of DrumPy


def errors_of(folder: Path) -> dict[str, list[Floats]]:
    """Errors (n, 3) in m at RATE of each kind of joint, one row a joint and take; depth first."""
    found: dict[str, list[Floats]] = {part: [] for part in PARTS}
    paths = sorted(folder.glob("*.npz"))
    if not paths:
        raise FileNotFoundError(f"{folder}: no takes of DrumPy")
    for path in paths:
        with np.load(path) as take:
            data = dict(take)
        t = np.arange(data["t_mediapipe"][0], data["t_mediapipe"][-1], 1.0 / RATE)
        seen = _even(t, data["t_mediapipe"], data["mediapipe_mm_depthfixed"])
        true = _even(t, data["t_qualisys"], data["qualisys_mm"])
        for part, name in PARTS.items():
            which = [k for k, joint in enumerate(data["joints"]) if name in str(joint)]
            found[part] += [(seen - true)[:, k] / 1000.0 for k in which]
    return found


def _even(t: Floats, at: Floats, values: NDArray[np.float32]) -> Floats:
    columns = values.reshape(len(at), -1).T
    rows = np.stack([np.interp(t, at, column) for column in columns], axis=1)
    return np.asarray(rows.reshape(len(t), *values.shape[1:]))


def fitted(errors: Sequence[Floats]) -> Error:
    """The `Error` that has the size, memory and tremble of measured errors."""
    rows = [_memory(errors, columns) for columns in (PLANE, DEPTH)]
    return Error(*((rows[0][k], rows[1][k]) for k in range(5)))


def _memory(errors: Sequence[Floats], columns: Sequence[int]) -> tuple[float, ...]:
    """Size, share of the quick part, its time, that of the slow part, tremble."""
    lines = [(e - e.mean(axis=0))[:, column] for e in errors for column in columns]
    size = float(np.sqrt(np.mean([np.mean(line**2) for line in lines])))
    third = np.median([np.median(np.abs(np.diff(line, 3))) for line in lines])
    tremble = float(third / 0.6745 / np.sqrt(20.0))
    wanted = correlation(lines)
    best, chosen = np.inf, (0.5, 0.1, 1.0)
    for quick in np.arange(0.05, 1.0, 0.05):
        for fast in (0.06, 0.08, 0.1, 0.13, 0.17, 0.22, 0.3):
            for slow in (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0):
                model = quick * np.exp(-LAGS / RATE / fast)
                model += (1 - quick) * np.exp(-LAGS / RATE / slow)
                if (miss := float(((model - wanted) ** 2).sum())) < best:
                    best, chosen = miss, (float(quick), fast, slow)
    return (size, *chosen, tremble)


def correlation(lines: Sequence[Floats]) -> Floats:
    """Autocorrelation at LAGS, the mean over the lines."""
    return np.mean([[np.mean(x[:-k] * x[k:]) / x.var() for k in LAGS] for x in lines], axis=0)


def correlations_of(errors: Sequence[Floats], columns: Sequence[int]) -> Floats:
    """As `correlation`, of some columns of measured or simulated errors."""
    return correlation([(e - e.mean(axis=0))[:, column] for e in errors for column in columns])


def simulated_errors(
    seconds: float = 120.0, seed: int = 0, only: Sequence[str] = tuple(PARTS)
) -> dict[str, list[Floats]]:
    """What `errors_of` would find of `Webcam`: depth first."""
    joints = np.zeros((round(seconds * RATE), len(GROUPS), 3), np.float32)
    camera = Webcam(losses=0.0)
    found: dict[str, list[Floats]] = {part: [] for part in only}
    for k in range(6):
        error, _ = camera(joints, np.random.default_rng([seed, k]))
        for joint, group in enumerate(GROUPS):
            if group in found:
                found[group].append(error[:, joint, [2, 0, 1]].astype(np.float64))
    return found
