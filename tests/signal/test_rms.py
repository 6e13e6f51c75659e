import librosa
import numpy as np

from rt_engine.signal import Rms, to_dbfs

RATE = 22050


def test_equals_librosa(music):
    ours = Rms(RATE, 1024, 220).process(music)
    theirs = librosa.feature.rms(
        y=music.astype(np.float64), frame_length=1024, hop_length=220, pad_mode="constant"
    ).T
    np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=1e-5, atol=1e-7)


def test_a_full_sine_is_minus_three_dbfs():
    sine = np.sin(2 * np.pi * np.arange(RATE) / 50).astype(np.float32)
    level = to_dbfs(Rms(RATE, 1000, 500, "whole").process(sine))
    np.testing.assert_allclose(level, -3.0103, atol=1e-3)


def test_silence_is_the_floor():
    silence = Rms(RATE).process(np.zeros(4000, np.float32))
    np.testing.assert_array_equal(to_dbfs(silence, floor=-80), np.float32(-80))
