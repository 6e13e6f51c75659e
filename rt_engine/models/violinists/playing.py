"""How violinists move: three sets of measurements, and the simulation measured in the same way."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rt_engine.violin.simulation import JOINTS, RATE, drawn, play

__all__ = [
    "kinect_strokes",
    "measured_manner",
    "measured_turns",
    "simulated_manner",
    "simulated_strokes",
    "simulated_turns",
]

Floats = NDArray[np.float64]

KINECT = 30.0  # pictures a second
MYO = 50.0  # samples a second, nominally
SHARES = (0.25, 0.5, 0.75)
FULL = 0.8  # of its fastest: a turn of the forearm lasts from there to there
PLAYERS = 8


def manner(flat: Floats, rate: float) -> dict[str, float]:
    """How an upper body moves in the picture plane, in shoulder widths (w).

    flat: (n, 5, 2): neck, right shoulder, right elbow, right wrist, left shoulder. Smoothed over
    five pictures of the measured 30 a second, since it was found by a pose detector.
    """
    wide = float(np.linalg.norm(flat[:, 1] - flat[:, 4], axis=1).mean())
    calm = _calm(flat / wide, max(round(rate / 6.0), 1))
    neck, elbow, wrist = calm[:, 0], calm[:, 2], calm[:, 3]
    sway = neck - neck.mean(axis=0)
    power = (np.abs(np.fft.rfft(sway, axis=0)) ** 2).sum(axis=1)
    hz = np.fft.rfftfreq(len(sway), 1.0 / rate)
    along = (wrist - neck) @ np.linalg.svd(wrist - wrist.mean(axis=0), full_matrices=False)[2][0]
    return {
        "wrist travel, w/s": _speed(wrist - neck, rate),
        "elbow travel, w/s": _speed(elbow - neck, rate),
        "wrist sd across, w": float(wrist[:, 0].std()),
        "wrist sd up, w": float(wrist[:, 1].std()),
        "sway sd of the neck, w": float(sway.std(axis=0).mean()),
        "of it below 0.5 Hz": float(power[hz < 0.5].sum() / power.sum()),
        "of it below 1 Hz": float(power[hz < 1.0].sum() / power.sum()),
        "turns of the wrist a second": float((np.diff(np.sign(np.diff(along))) != 0).mean() * rate),
    }


def _calm(flat: Floats, count: int) -> Floats:
    window = np.lib.stride_tricks.sliding_window_view(flat, count, axis=0)
    return np.asarray(window.mean(axis=-1))


def _speed(places: Floats, rate: float) -> float:
    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).mean() * rate)


def measured_manner(folder: Path) -> dict[str, float]:
    """Of the violinist of `urmp2d`, 128 s of a gavotte, found in a video at 30 fps."""
    with np.load(folder / "rondeau_vn2.npz") as found:
        places, fps = found["ground_truth_xy"].astype(np.float64), float(found["fps"])
    return manner(places[:, [1, 2, 3, 4, 5]], fps)


def simulated_manner(players: int = 12, seconds: float = 60.0) -> dict[str, tuple[float, float]]:
    """Mean and standard deviation over players with about as many strokes a second."""
    rows = []
    for seed in range(players):
        rng = np.random.default_rng([9, seed])
        starts = np.arange(0.5, seconds, 0.36)
        pitches = np.clip(np.cumsum(rng.normal(0, 2.5, len(starts))) % 24 + 66, 55, 100)
        notes = [(t, t + 0.34, float(p), 80.0, False) for t, p in zip(starts, pitches, strict=True)]
        joints = play(notes, drawn(rng), rng).joints.astype(np.float64)
        rows.append(manner(joints[:, [0, 1, 3, 5, 2], :2], RATE))
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {name: (float(x.mean()), float(x.std())) for name, x in table.items()}


def kinect_strokes(folder: Path) -> dict[str, float]:
    """Of eight strokes of real violinists: see `_stroke`. The Kinect's joints are rough."""
    rows = []
    for path in sorted((folder / "3DBowingTemplates").glob("*.csv")):
        with path.open(newline="") as file:
            lines = list(csv.reader(file))
        names = ("ShoulderRight", "ElbowRight", "WristRight", "SpineShoulder")
        columns = [[lines[0].index(f"{name}.{axis}") for axis in "xyz"] for name in names]
        joints = np.array([[[float(line[k]) for k in c] for c in columns] for line in lines[1:]])
        rows.append(_stroke(joints, KINECT))
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def simulated_strokes(length: float = 1.6) -> dict[str, float]:
    """The same of strokes of `length` s, that of the measured ones."""
    rows = []
    arm = [JOINTS.index(name) for name in ("RSHO", "RMEL", "RMWR", "C7")]
    for seed in range(PLAYERS):
        rng = np.random.default_rng([10, seed])
        notes = [(0.5 + k * length, 0.5 + (k + 1) * length, 69.0, 80.0, False) for k in range(8)]
        motion = play(notes, drawn(rng), rng)
        for stroke in motion.strokes[2:]:
            when = slice(round(stroke.start * RATE), round(stroke.end * RATE))
            rows.append(_stroke(motion.joints[when, arm].astype(np.float64), RATE))
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _stroke(joints: Floats, rate: float) -> dict[str, float]:
    """joints: (n, 4, 3), shoulder, elbow, wrist, neck: way, when it is done, bend of the elbow."""
    shoulder, elbow, wrist, neck = np.moveaxis(joints, 1, 0)
    path = _calm((wrist - neck)[:, None], max(round(rate / 6.0), 1))[:, 0]
    way = np.linalg.norm(np.diff(path, axis=0), axis=1)
    done = np.cumsum(way) / way.sum()
    upper, lower = shoulder - elbow, wrist - elbow
    cosine = (upper * lower).sum(axis=1)
    cosine /= np.linalg.norm(upper, axis=1) * np.linalg.norm(lower, axis=1)
    bend = np.degrees(np.arccos(cosine))
    arm = np.linalg.norm(upper, axis=1).mean() + np.linalg.norm(lower, axis=1).mean()
    x = np.linspace(0.0, 1.0, len(done))
    rows = {f"time at {s:.0%} of the way": float(np.interp(s, done, x)) for s in SHARES}
    rows["chord, arm lengths"] = float(np.linalg.norm(path[-1] - path[0]) / arm)
    low, high = np.percentile(bend, [5, 95])
    return {**rows, "elbow least, degrees": float(low), "elbow most, degrees": float(high)}


def measured_turns(path: Path, label: int, subjects: Sequence[int]) -> float:
    """Median s in which the forearm of these subjects turns round, of one technique (1 to 8)."""
    found: list[float] = []
    with np.load(path) as data:
        for part in ("train", "test"):
            of = (data[f"{part}_label"] == label) & np.isin(data[f"{part}_subject"], subjects)
            for gyro in np.stack([data[f"{part}_gyro_{axis}"][of] for axis in "xyz"], axis=-1):
                found += _turns(gyro.astype(np.float64), MYO)
    return float(np.median(found))


def simulated_turns(length: float) -> float:
    """The same of simulated strokes of `length` s."""
    found: list[float] = []
    for seed in range(PLAYERS):
        rng = np.random.default_rng([11, seed])
        count = int(20.0 / length)
        notes = [
            (0.5 + k * length, 0.5 + (k + 1) * length, 69.0, 80.0, False) for k in range(count)
        ]
        joints = play(notes, drawn(rng), rng).joints.astype(np.float64)
        lower = joints[:, JOINTS.index("RMWR")] - joints[:, JOINTS.index("RMEL")]
        lower /= np.linalg.norm(lower, axis=1, keepdims=True)
        found += _turns(np.cross(lower, np.gradient(lower, axis=0) * RATE), RATE)
    return float(np.median(found))


def _turns(gyro: Floats, rate: float) -> list[float]:
    """Times in which angular velocities (n, 3) go from FULL one way to FULL the other way."""
    centred = gyro - gyro.mean(axis=0)
    line = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    line = np.convolve(line, [0.25, 0.5, 0.25], "same")
    fine = np.interp(np.arange(0, len(line) - 1, 0.1), np.arange(len(line)), line)
    zeros = np.flatnonzero(np.diff(np.sign(fine)))
    peaks = [float(np.abs(fine[a : b + 1]).max()) for a, b in pairwise(zeros)]
    if len(peaks) < 2:
        return []
    usual, found = 0.5 * float(np.median(peaks)), []
    for k, at in enumerate(zeros[1:-1], 1):
        if min(peaks[k - 1], peaks[k]) < usual:
            continue
        before = np.abs(fine[zeros[k - 1] : at + 1])[::-1] >= FULL * peaks[k - 1]
        after = np.abs(fine[at : zeros[k + 1] + 1]) >= FULL * peaks[k]
        found.append(float(before.argmax() + after.argmax()) / 10.0 / rate)
    return found
