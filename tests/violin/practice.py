"""An hour of simulated practice: a player who gets better, and tires."""

from __future__ import annotations

import numpy as np

from rt_engine.core import SECOND, Packet, collect
from rt_engine.kinds import Cue, Measured, PlayedNote, PlayedNotes
from rt_engine.nodes.violin import Coach

FIELDS = (
    "pitch", "intonation", "tuning", "vibrato_rate", "vibrato_extent", "level", "evenness",
    "timing", "tempo", "bow_change", "brightness", "noisiness",
)  # fmt: skip


def played(index=0, duration=0.3, target=69, bar=0, **figures):
    """A note whose figures are given as (value, reliability), all others unknown."""
    known = {name: Measured(*figures.get(name, (0.0, 0.0))) for name in FIELDS}
    return PlayedNote(index=index, duration=duration, target=target, bar=bar, **known)


def simulate(seconds, seed=0, skill=1.0, **settings) -> list[tuple[float, Cue]]:
    """Cues (s, cue) of a player with drifting faults; skill 0 is perfect, 1 a beginner."""
    rng = np.random.default_rng(seed)
    node = Coach(**settings)
    out = collect(node, notes=PlayedNotes())
    t, k = 1.0, 0
    while t < seconds:
        mood = np.sin(2 * np.pi * t / 97), np.sin(2 * np.pi * t / 61), np.sin(t / 40)
        note = played(
            index=k,
            duration=0.25,
            intonation=(skill * (25 * mood[0] + 8 * rng.standard_normal()), rng.uniform(0, 1)),
            timing=(skill * (0.06 * mood[1] + 0.02 * rng.standard_normal()), rng.uniform(0, 1)),
            tempo=(100 * (1 + 0.1 * skill * mood[2]), rng.uniform(0, 1)),
            noisiness=(0.05 + skill * 0.2 * max(0, mood[1]), rng.uniform(0, 1)),
            evenness=(2 + skill * 4 * max(0, mood[2]), rng.uniform(0, 1)),
        )
        node.on_notes(Packet(round(t * SECOND), note, k))
        t, k = t + float(rng.uniform(0.15, 0.7)), k + 1
    return [(packet.t / SECOND, packet.data) for packet in out["cues"]]


def an_hour(seed: int = 0) -> tuple[float, float, int]:
    """Least pause between cues in s, least reliability of one, and their number."""
    cues = simulate(3600, seed)
    times = [t for t, _ in cues]
    return min(np.diff(times)), min(cue.reliability for _, cue in cues), len(cues)
