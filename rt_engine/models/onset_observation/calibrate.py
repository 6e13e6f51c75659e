"""The tracker's confidence: logistic regression from its belief to being right.

The tracker keeps the three numbers as `CALIBRATION`; here they are fitted anew to compare.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from rt_engine.models.onset_observation.evaluate import SKIP, TOLERANCE
from rt_engine.models.onset_observation.fit import Heard
from rt_engine.models.onset_observation.material import RATE
from rt_engine.rhythm import OnsetObservation, Settings, Tracker
from rt_engine.rhythm.statespace import Floats
from rt_engine.signal.onset import OnsetStrength

NOISES = 12  # tracks without a beat
NOISE_SECONDS = 15.0


class Witness(Tracker):
    """A tracker that shows what its confidence is made of: log odds of the mass, advantage."""

    evidence = (0.0, 0.0)

    def _rate(self, mass: float, gain: float, elapsed: float) -> None:
        super()._rate(mass, gain, elapsed)
        odds = math.log(max(mass, 1e-6) / max(1.0 - mass, 1e-6))
        self.evidence = (odds, self._advantage)


def witness(piece: Heard, weights: Floats) -> Floats:
    """(beats, 3): log odds, advantage, and whether a true beat is within `TOLERANCE`, 0 or 1."""
    observation = OnsetObservation(piece.frame_rate, weights=weights)
    tracker = Witness(piece.frame_rate, observation, Settings(threshold=0.0))
    table = []
    for row, t in zip(piece.rows, piece.times.tolist(), strict=True):
        for beat in tracker.step(row, t).beats:
            error = np.abs(piece.beats[:, 0] - beat.due).min(initial=np.inf)
            table.append((beat.due, *tracker.evidence, error <= TOLERANCE))
    last = piece.beats[-1, 0] if len(piece.beats) else np.inf
    whole = np.array(table, np.float64).reshape(-1, 4)
    return whole[(whole[:, 0] >= SKIP) & (whole[:, 0] <= last), 1:]


def calibrate(pieces: Iterable[Heard], weights: Floats, seed: int = 0) -> Floats:
    """Factors of log odds and advantage, and the constant, (3,), fitted on pieces and noise."""
    parts = [witness(piece, weights) for piece in (*pieces, *noises(seed))]
    table = np.concatenate(parts)
    return logistic(np.column_stack([table[:, :2], np.ones(len(table))]), table[:, 2])


def noises(seed: int) -> list[Heard]:
    """Sounds without a beat: steady noise, hits at random times, noise of random level."""
    rng = np.random.default_rng(seed)
    return [_noise(k, rng) for k in range(NOISES)]


def _noise(index: int, rng: np.random.Generator) -> Heard:
    count = round(NOISE_SECONDS * RATE)
    sound = 0.1 * rng.standard_normal(count)
    if index % 3 == 1:
        sound *= 0.01
        for start in rng.integers(0, count - RATE // 30, rng.integers(20, 120)):
            hit = np.exp(-np.arange(RATE // 30) / (0.007 * RATE))
            sound[start : start + len(hit)] += (
                rng.uniform(0.1, 1) * rng.standard_normal(len(hit)) * hit
            )
    if index % 3 == 2:
        sound *= np.repeat(rng.standard_normal(count // 2205 + 1), 2205)[:count]
    onset = OnsetStrength(RATE)
    rows = onset.process(sound.astype(np.float32))
    return Heard(f"noise-{index}", "noise", rows, onset.times / RATE, np.empty((0, 2)))


def logistic(features: Floats, truth: Floats, ridge: float = 1e-3, steps: int = 50) -> Floats:
    """Weights (p,) by Newton's method, for features (n, p) and truth (n,) of 0 and 1."""
    theta = np.zeros(features.shape[1])
    for _ in range(steps):
        chance = 1.0 / (1.0 + np.exp(-features @ theta))
        slope = features.T @ (chance - truth) + ridge * theta
        bend = (features * (chance * (1 - chance))[:, None]).T @ features
        step = np.linalg.solve(bend + ridge * np.eye(len(theta)), slope)
        theta -= step
        if np.abs(step).max() < 1e-9:
            break
    return theta
