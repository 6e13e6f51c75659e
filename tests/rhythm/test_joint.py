"""A network and accents together: either alone is enough, and both are better than one."""

import numpy as np
import pytest

from rt_engine.rhythm import ActivationObservation, JointObservation, Settings, Tracker

from .conftest import grid

FPS = 50
BEATS = grid(118, 30)


def frames(seconds=30, learned=True, accents=True, seed=0):
    """Rows (2 + 5): a network that is sure of every beat, and hits on beats and between them."""
    rng = np.random.default_rng(seed)
    rows = np.column_stack(
        [np.full((seconds * FPS, 2), 0.03), 0.05 * rng.random((seconds * FPS, 5))]
    )
    for k, beat in enumerate(BEATS):
        frame = round(beat * FPS)
        if frame >= len(rows):
            break
        if learned:
            rows[frame, int(k % 4 == 0)] = 0.6
        if accents:
            kick = np.array([1.0, 0.3, 0.2, 0.2, 0.4])
            snare = np.array([0.1, 0.4, 0.8, 0.9, 0.7])
            rows[frame, 2:] += kick if k % 2 == 0 else snare
    return rows


def dues(rows, observation):
    tracker = Tracker(FPS, observation, Settings(meters=(2, 3, 4)))
    found = [b for k, row in enumerate(rows) for b in tracker.step(row, k / FPS).beats]
    return np.array([b.due for b in found if 10 < b.due < BEATS[-1]]), found


def errors(found):
    return np.array([np.abs(BEATS - due).min() for due in found])


@pytest.mark.parametrize(("learned", "accents"), [(True, True), (True, False), (False, True)])
def test_beats_are_found_by_both_and_by_each_alone(learned, accents):
    found, _ = dues(frames(learned=learned, accents=accents), JointObservation(FPS))
    assert len(found) >= (BEATS > 10).sum() - 2
    assert np.median(errors(found)) < 0.03
    assert errors(found).max() < 0.07


def test_without_accents_it_hears_what_the_network_alone_would_be_heard_for():
    rows = frames(accents=False)
    rows[:, 2:] = np.nan
    joint, _ = dues(rows, JointObservation(FPS, learned=1.0, downbeats=1.0))
    alone, _ = dues(rows[:, :2], ActivationObservation(FPS))
    np.testing.assert_allclose(joint, alone, atol=1e-9)


def test_downbeats_are_those_of_the_network():
    _, found = dues(frames(), JointObservation(FPS))
    for beat in found:
        if 12 < beat.due < BEATS[-1]:
            assert (beat.position == 1) == (np.abs(BEATS - beat.due).argmin() % 4 == 0)


def test_silence_is_told_as_silence():
    observation = JointObservation(FPS)
    for row in frames(10):
        observation.likelihood(row)
    assert observation.activity > 0.9
    for _ in range(5 * FPS):
        observation.likelihood(np.r_[0.01, 0.01, np.zeros(5)])
    assert observation.activity < 0.1
