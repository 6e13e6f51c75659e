import numpy as np
import pytest

from rt_engine.violin.synchrony import Synchrony
from tests.violin.bowing import places


def playing(seconds, seed=0, even=False):
    """Times of turns, unlike each other or all alike."""
    rng = np.random.default_rng(seed)
    lengths = np.full(500, 0.4) if even else rng.choice([0.2, 0.3, 0.45, 0.7, 1.1], 500)
    turns = 0.2 + np.cumsum(lengths)
    return [0.2, *turns[turns < seconds].tolist()]


def sound(turns, t):
    """Rows of features at times t: a level that dips, and a rise, where the bow turns."""
    away = np.min(np.abs(t[:, None] - 0.02 - np.array(turns)), axis=1)
    since = np.array([min((x for x in s if x >= 0), default=9.0) for s in
                      (t[:, None] - 0.02 - np.array(turns)).tolist()])  # fmt: skip
    rows = np.zeros((len(t), 35), np.float32)
    rows[:, 34] = 0.1 * np.minimum(1, 0.1 + away / 0.08)
    rows[:, 0] = np.exp(-((since - 0.02) ** 2) / 0.0004)
    return rows


def run(offset, drift=0.0, seconds=60, even=False, noise=0.004, turns=None):
    """Estimates (s, seconds, confidence), every 5 s, of a camera late by `offset`."""
    rng = np.random.default_rng(7)
    turns = turns or playing(seconds, even=even)
    synchrony, found = Synchrony(), []
    t = np.arange(0, seconds, 0.02)
    for at, row in zip(t.tolist(), sound(turns, t), strict=True):
        synchrony.hear(at, row)
    ticks = np.arange(0, seconds, 1 / 30) + rng.uniform(-0.008, 0.008, seconds * 30)
    hand = places(turns, ticks) + noise * rng.standard_normal(len(ticks))
    seen = list(zip((ticks * (1 + drift) + offset).tolist(), hand.tolist(), strict=True))
    for now in range(20, seconds, 5):
        while seen and seen[0][0] < now:
            synchrony.see(*seen.pop(0))
        found.append((now, *synchrony.estimate(now)))
    return np.array(found)


@pytest.mark.parametrize("offset", [-0.3, -0.1, 0.0, 0.12, 0.3])
def test_an_offset_is_found_within_20_ms(offset):
    found = run(offset)
    assert np.all(np.abs(found[:, 1] - offset) < 0.02)
    assert found[-1, 2] > 0.45


def test_a_drift_of_100_ppm_is_followed():
    found = run(0.1, drift=1e-4, seconds=120)
    assert np.abs(found[-1, 1] - 0.1 - 0.012) < 0.01
    assert found[-1, 1] > found[0, 1]


def test_an_even_pulse_is_not_sure():
    assert run(0.1, even=True)[:, 2].max() < 0.45


def test_an_even_pulse_with_rests_is_sure():
    turns = [t for t in playing(60, even=True) if round(t / 0.4) % 9 not in (5, 6)]
    found = run(-0.2, turns=turns)
    assert np.abs(found[-1, 1] + 0.2) < 0.02
    assert found[-1, 2] > 0.45


def test_sound_alone_and_noise_give_no_offset():
    synchrony = Synchrony()
    t = np.arange(0, 30, 0.02)
    for at, row in zip(t.tolist(), sound(playing(30), t), strict=True):
        synchrony.hear(at, row)
    assert synchrony.estimate(30).confidence == 0
    for at, place in zip(
        t.tolist(), 0.3 + 0.01 * np.random.default_rng(1).normal(size=len(t)), strict=True
    ):
        synchrony.see(at, place)
    assert synchrony.estimate(30).confidence < 0.45
