"""Small takes for tests: simulated motion, and features that tell what a microphone might."""

from types import SimpleNamespace

import numpy as np

from rt_engine.models.musician_motion.material import HEARD, PEAK
from rt_engine.violin.simulation import RATE, drawn, play

PITCHES = (67, 69, 71, 74, 76, 79, 81, 83, 76, 74, 62, 57)


def etude(rng, seconds):
    """Notes from 0.3 to 0.9 s, a third of them slurred, with a rest every 4 s or so."""
    notes, t = [], 0.2
    while t < seconds - 1.0:
        length = rng.uniform(0.3, 0.9)
        slurred = bool(notes) and rng.random() < 0.3
        notes.append((t, t + length, int(rng.choice(PITCHES)), rng.uniform(50, 110), slurred))
        t += length + (0.6 if rng.random() < 0.12 else 0.0)
    return notes


def features(motion):
    """(n, 35): turns, loudness and pitch class, with a little noise; nothing of the direction."""
    rng = np.random.default_rng(len(motion.t))
    heard = rng.normal(0.0, 0.05, (len(motion.t), HEARD)).astype(np.float32)
    for note in motion.notes:
        rows = slice(round(note.start * RATE), round(note.end * RATE))
        heard[rows, 21 + int(note.pitch) % 12] += 1.0
        heard[rows, 1] += note.pitch / 12 - 5.5
        heard[rows, HEARD - 1] += note.velocity / 127
    heard[:, PEAK] = 0.0
    heard[np.rint(motion.turns * RATE).astype(int).clip(max=len(heard) - 1), PEAK] = 1.0
    return heard


def take(seed=0, seconds=12.0):
    """What `rt_engine.models.violinists` calls a Take."""
    rng = np.random.default_rng(seed)
    motion = play(etude(rng, seconds), drawn(rng), rng)
    return SimpleNamespace(
        features=features(motion),
        joints=motion.joints,
        turns=motion.turns,
        bow=np.stack([motion.bow.direction, motion.bow.speed, motion.bow.position], axis=1),
        notes=motion.notes,
        meta={"piece": f"etude {seed}", "body": seed, "kind": "etude", "part": "train"},
    )
