"""Onset strength of mel rows: rises count, falls and vibrato do not, each range has its column."""

import librosa
import numpy as np
import pytest

from rt_engine.signal import MelOnset, RhythmMel

RATE = 22050


def run(rows):
    onset = MelOnset()
    return np.array([onset.step(row) for row in rows])


def test_the_last_column_is_librosas_onset_strength_of_the_same_rows():
    rows = np.abs(np.random.default_rng(0).normal(size=(40, 80)))
    # 80 mel bands and a maximum over three of them, as Boeck and Widmer say
    twin = librosa.onset.onset_strength(S=rows.T, sr=RATE, lag=1, max_size=3, center=False)
    np.testing.assert_allclose(run(rows)[1:, -1], twin[1:], atol=1e-5)


@pytest.mark.parametrize(("hz", "column"), [(80, 0), (300, 1), (1000, 2), (5000, 3)])
def test_a_tone_that_starts_rises_in_the_column_of_its_frequency(hz, column):
    t = np.arange(2 * RATE) / RATE
    noise = 1e-3 * np.random.default_rng(1).standard_normal(len(t))
    sound = (noise + 0.3 * np.sin(2 * np.pi * hz * t) * (t > 1)).astype(np.float32)
    strength = run(RhythmMel(RATE).process(sound))
    start = strength[48:54].max(axis=0)
    assert start[:4].argmax() == column
    assert start[column] > 5 * strength[20:45, column].max()


def test_a_tone_that_wavers_by_a_band_is_no_onset():
    rows = np.zeros((100, 80))
    rows[np.arange(100), 40 + (np.arange(100) // 5) % 2] = 3.0
    assert run(rows)[1:].max() == 0.0


def test_a_fall_is_no_onset_and_a_reset_forgets_the_frame_before():
    onset = MelOnset()
    assert not onset.step(np.ones(80)).any()
    assert not onset.step(np.zeros(80)).any()
    assert onset.step(np.ones(80)) == pytest.approx(np.ones(5))
    onset.reset()
    assert not onset.step(5 * np.ones(80)).any()
