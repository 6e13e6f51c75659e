import itertools
from dataclasses import dataclass

import numpy as np
import pytest

from rt_engine.rhythm import Settings, Tracker
from rt_engine.signal.onset import OnsetStrength

RATE = 22050
HOP = 220
FPS = RATE / HOP


def drum(kind, seed=0):
    """A kick, a snare, a hat or a click, 80 ms."""
    k = np.arange(RATE * 80 // 1000)
    noise = np.random.default_rng(seed).standard_normal(len(k))
    fall = np.exp(-k / (RATE * 0.02))
    if kind == "kick":
        return np.sin(2 * np.pi * np.cumsum(50 + 150 * np.exp(-k / 200)) / RATE) * fall
    if kind == "snare":
        return 0.6 * (noise + np.sin(2 * np.pi * 190 * k / RATE)) * fall
    if kind == "hat":
        return 0.2 * np.diff(noise, prepend=0.0) * np.exp(-k / (RATE * 0.006))
    return np.sin(2 * np.pi * 1000 * k / RATE) * np.exp(-k / (RATE * 0.005))


def render(events, seconds):
    """Sound of (time, kind) events over a faint noise floor, float32."""
    sound = 1e-4 * np.random.default_rng(1).standard_normal(int(seconds * RATE))
    for time, kind in events:
        start = round(time * RATE)
        hit = drum(kind)[: len(sound) - start]
        sound[start : start + len(hit)] += 0.3 * hit
    return sound.astype(np.float32)


def rock(beats):
    """Kick on one and three, snare on two and four, hats in eighths, on these beats."""
    events = []
    for k, (beat, after) in enumerate(itertools.pairwise(beats)):
        events.append((beat, ("kick", "snare")[k % 2]))
        events += [(beat, "hat"), ((beat + after) / 2, "hat")]
    return events


def grid(bpm, seconds, start=0.5):
    return np.arange(start, seconds, 60 / bpm)


@dataclass
class Run:
    """What a tracker did with a sound."""

    tracker: Tracker
    steps: list

    @property
    def decisions(self):
        return [beat for step in self.steps for beat in step.beats]

    @property
    def dues(self):
        return np.array([beat.due for beat in self.decisions])

    def errors(self, beats, since=6.0, until=np.inf):
        """Seconds from each beat given out to the nearest true one."""
        dues = self.dues[(self.dues > since) & (self.dues < min(until, beats[-1] - 0.1))]
        return np.array([due - beats[np.abs(beats - due).argmin()] for due in dues])

    def at(self, t):
        return next(step for step in self.steps if step.t >= t)


def track(sound, tracker=None, events=(), **settings):
    """Feed a sound to a tracker; `events` are (time, function of the tracker)."""
    onset = OnsetStrength(RATE, hop=HOP)
    tracker = tracker or Tracker(FPS, settings=Settings(**settings))
    rows, waiting, steps = onset.process(sound), sorted(events, key=lambda e: e[0]), []
    for row, centre in zip(rows, onset.times / RATE, strict=True):
        while waiting and waiting[0][0] <= centre:
            waiting.pop(0)[1](tracker)
        steps.append(tracker.step(row, float(centre)))
    return Run(tracker, steps)


@pytest.fixture(scope="session")
def rock_120():
    """Beats and sound of 20 s of rock at 120 BPM."""
    beats = grid(120, 20)
    return beats, render(rock(beats), 20)
