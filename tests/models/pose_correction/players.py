"""Bodies that bow in time with their sound, made by hand: takes for tests."""

import numpy as np

from rt_engine.models.violinists.takes import Take, write

PLACES = np.array(
    [
        [0, 1.45, -0.05], [-0.18, 1.4, 0], [0.18, 1.4, 0], [-0.35, 1.15, 0.1], [0.35, 1.2, 0.2],
        [-0.2, 1.25, 0.35], [0.3, 1.4, 0.45], [-0.12, 1.0, 0], [0.12, 1.0, 0], [-0.13, 0.52, 0.02],
        [0.13, 0.52, 0.02], [-0.14, 0.03, 0.1], [0.14, 0.03, 0.1],
    ]
)  # fmt: skip


def player(name, seed, seconds=20.0):
    """A take of someone who turns the bow at an even pace; each turn is heard."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(50 * seconds)) / 50
    period, size = rng.uniform(0.5, 1.0), rng.uniform(0.9, 1.1)
    joints = np.repeat(PLACES[None] * size, len(t), axis=0)
    bow = np.abs((t / period) % 2 - 1)
    joints[:, 5] += np.array([-0.35, -0.15, 0.05]) * bow[:, None]
    joints[:, 3] += np.array([-0.1, 0.0, -0.05]) * bow[:, None]
    joints[:, :7] += 0.02 * np.sin(2 * np.pi * 0.3 * t)[:, None, None]
    turns = np.arange(period, seconds, period)
    features = 0.1 * rng.standard_normal((len(t), 35))
    features[np.rint(turns * 50).astype(int).clip(0, len(t) - 1), 33] = 1.0
    track = np.stack([np.sign(np.gradient(bow)), np.abs(np.gradient(bow)) * 50, bow], axis=1)
    return Take(
        name, features.astype(np.float32), joints.astype(np.float32), turns,
        track.astype(np.float32), (), {"part": "train", "body": name, "piece": name},
    )  # fmt: skip


def store(folder, count=6, seconds=8.0):
    """A folder of takes, as the command reads them."""
    for part, first in (("train", 0), ("valid", 100), ("test", 200)):
        (folder / part).mkdir(parents=True)
        for k in range(count if part == "train" else 2):
            write(folder / part / f"p{first + k}.npz", player(f"p{first + k}", first + k, seconds))
    return folder
