"""What is played, as a body hears it: beats that go on beyond the ends, bars, and notes."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from rt_engine.motion.quaternion import Arrays, Floats

__all__ = ["Music", "music_of", "own_time"]

MARGIN = 3.0  # s of beats before and after


class Music:
    """Beats, positions in the bar and notes of an excerpt.

    beats: (k,) s, rising, at least two. positions: (k,) from 1, 0 unknown. notes: (n, 3) onset
    and duration in s, velocity 1 to 127; sorted by onset.
    """

    def __init__(self, beats: Floats, positions: Floats, notes: Floats) -> None:
        self.beats, self.positions, self.notes = beats, positions, notes

    def meter(self) -> int:
        """Beats a bar; 4 if unknown."""
        return int(self.positions.max()) or 4

    def divided(self, parts: int) -> Floats:
        """Times of `parts` equal parts a beat."""
        count = len(self.beats)
        at = np.arange((count - 1) * parts + 1) / parts
        return np.interp(at, np.arange(count), self.beats)

    def every(self, beats: int) -> Floats:
        """Every so many beats, from a downbeat where it is known."""
        downs = np.flatnonzero(self.positions == 1)
        start = int(downs[0]) % beats if len(downs) else 0
        return self.beats[start::beats]

    def on(self, *positions: int) -> Floats:
        """The beats at these positions of the bar."""
        return self.beats[np.isin(self.positions, positions)]

    def onsets(self, apart: float) -> Floats:
        """Those of the notes (n, 3) that begin at least `apart` s after the one before."""
        keep, last = [], -np.inf
        for k, onset in enumerate(self.notes[:, 0].tolist()):
            if onset - last >= apart:
                keep.append(k)
                last = onset
        return self.notes[keep]


def music_of(beats: Arrays, notes: Arrays | None, seconds: float, rng: Generator) -> Music:
    """The music of `beats` (k, 2), time and position, with beats on both sides of [0, seconds].

    Without notes, some are made up: parts of beats, bar after bar the same.
    """
    times, positions = beats[:, 0].astype(np.float64), beats[:, 1].astype(np.float64)
    meter = int(positions.max())
    before = _steps(times[0] + MARGIN, times[1] - times[0])
    after = _steps(seconds + MARGIN - times[-1], times[-1] - times[-2])
    early = times[0] - np.arange(before, 0, -1) * (times[1] - times[0])
    late = times[-1] + np.arange(1, after + 1) * (times[-1] - times[-2])
    if meter:
        first = (positions[0] - 1 - np.arange(before, 0, -1)) % meter + 1
        last = (positions[-1] - 1 + np.arange(1, after + 1)) % meter + 1
        positions = np.concatenate([first, positions, last])
    else:
        positions = np.zeros(before + len(times) + after)
    music = Music(np.concatenate([early, times, late]), positions, np.zeros((0, 3)))
    if notes is None or len(notes) < 2:
        music.notes = _made_up(music, rng)
    else:
        music.notes = notes[np.argsort(notes[:, 0])].astype(np.float64)
    return music


def own_time(seconds: float, rng: Generator) -> Music:
    """Beats that nothing else keeps, 40 to 180 a minute."""
    period, meter = 60.0 / np.exp(rng.uniform(np.log(40.0), np.log(180.0))), rng.integers(2, 5)
    count = int((seconds + 2 * MARGIN) / period) + 3
    steps = period * np.exp(rng.normal(0.0, rng.uniform(0.0, 0.06), count))
    times = np.cumsum(steps) - MARGIN - period * rng.random()
    beats = np.stack([times, np.arange(count) % meter + 1], axis=1)
    return music_of(beats, None, seconds, rng)


def _steps(way: float, period: float) -> int:
    return max(int(np.ceil(way / max(period, 0.1))), 0)


def _made_up(music: Music, rng: Generator) -> Floats:
    parts = int(rng.choice([1, 2, 2, 4]))
    onsets = music.divided(parts)
    pattern = rng.random(parts * music.meter()) < rng.uniform(0.4, 1.0)
    pattern[0] = True
    onsets = onsets[np.resize(pattern, len(onsets))]
    durations = np.diff(onsets, append=onsets[-1] + 0.3)
    return np.stack([onsets, durations, rng.uniform(40, 110, len(onsets))], axis=1)
