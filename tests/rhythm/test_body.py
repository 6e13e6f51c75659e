"""The beat of a body: activations at 30 frames a second, and what stays as it was for sound."""

import numpy as np
import pytest

from rt_engine.rhythm import ActivationObservation, BodyObservation, OnsetObservation, Settings
from rt_engine.rhythm.body import BPM, PRIOR
from rt_engine.rhythm.statespace import TEMPO_CHANGE
from rt_engine.rhythm.tracker import Tracker

FPS = 30
BODY = Settings(bpm=BPM, centre=PRIOR[0], octaves=PRIOR[1])


def told(beats, high=0.7, low=0.03, seconds=20):
    """Beats that the tracker tells for probabilities that are high on and beside `beats`."""
    tracker = Tracker(FPS, BodyObservation(FPS), BODY)
    found = []
    for k in range(seconds * FPS):
        away = np.abs(beats * FPS - k).min()
        value = high if away <= 0.5 else high / 2 if away <= 1.5 else low
        found += [b.due for b in tracker.step([value], k / FPS).beats]
    return np.array(found), tracker


@pytest.mark.parametrize("bpm", [66, 84, 100, 123, 141, 164])
def test_a_steady_body_is_followed(bpm):
    beats = np.arange(0.3, 20, 60 / bpm)
    found, tracker = told(beats)
    late = found[(found > 6) & (found < beats[-1])]
    errors = np.abs(late[:, None] - beats).min(axis=1)
    assert len(late) == pytest.approx(((beats > 6) & (beats < beats[-1])).sum(), abs=1)
    assert np.median(errors) < 0.03 and errors.max() < 0.07
    assert tracker.confidence > 0.4


def test_a_tempo_that_drifts_is_followed_between_the_frames():
    periods = 0.55 * (1 + 0.1 * np.sin(np.arange(50) / 6))
    beats = np.cumsum(periods)
    found, _ = told(beats, seconds=24)
    late = found[(found > 6) & (found < beats[-1])]
    assert np.quantile(np.abs(late[:, None] - beats).min(axis=1), 0.9) < 0.07


def test_without_a_beat_nothing_is_told():
    tracker = Tracker(FPS, BodyObservation(FPS), BODY)
    said = [tracker.step([0.03], k / FPS) for k in range(600)]
    assert not any(step.beats for step in said)
    rng = np.random.default_rng(0)
    noisy = [tracker.step([x], 20 + k / FPS) for k, x in enumerate(rng.uniform(0.0, 0.2, 600))]
    assert np.mean([step.confidence for step in noisy]) < 0.3


def test_what_is_heard_changes_tempo_as_before():
    assert ActivationObservation(50).change == OnsetObservation(50).change == TEMPO_CHANGE == 80.0
    assert BodyObservation(FPS).change < TEMPO_CHANGE
