import numpy as np
import pytest
from numpy.typing import NDArray

RATE = 22050


@pytest.fixture(scope="session")
def music() -> NDArray[np.float32]:
    """One second: three plucked chords with vibrato, a burst of noise, and a silence."""
    rng = np.random.default_rng(7)
    t = np.arange(RATE) / RATE
    sound = np.zeros(RATE)
    for start, midi in ((0.1, (45, 57, 64)), (0.35, (50, 66, 69)), (0.6, (52, 68, 83))):
        age = np.maximum(t - start, 0)
        for note in midi:
            phase = 2 * np.pi * 440 * 2 ** ((note - 69) / 12) * age + 0.2 * np.sin(35 * age)
            sound += (t > start) * np.exp(-6 * age) * sum(np.sin(k * phase) / k for k in (1, 2, 3))
    sound[11000:11600] += rng.standard_normal(600)
    sound[-3000:] = 0
    return (0.1 * sound).astype(np.float32)
