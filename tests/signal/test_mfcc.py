import librosa
import numpy as np
import pytest
import scipy.fft

from rt_engine.signal import LogMel, Mfcc, dct, dct_matrix

RATE = 22050


def test_equals_librosa_of_the_same_log_mel(music):
    log_mel = LogMel(RATE, 1024, 220, 64, log="db").process(music)
    theirs = librosa.feature.mfcc(S=log_mel.astype(np.float64).T, n_mfcc=13).T
    ours = Mfcc(RATE, 1024, 220, coefficients=13, bands=64).process(music)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)


def test_equals_librosa_from_sound_to_coefficients(music):
    ours = Mfcc(RATE, 2048, 512).process(music)
    mel = librosa.feature.melspectrogram(y=music.astype(np.float64), sr=RATE, pad_mode="constant")
    theirs = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None)).T
    np.testing.assert_allclose(ours, theirs[: len(ours)], atol=2e-3)


@pytest.mark.parametrize("bands", [1, 7, 128])
def test_dct_equals_scipy(bands):
    rows = np.random.default_rng(3).standard_normal((4, bands))
    expected = scipy.fft.dct(rows, type=2, norm="ortho")
    np.testing.assert_allclose(dct(rows, bands), expected, atol=1e-12)


def test_dct_matrix_is_orthonormal():
    matrix = dct_matrix(40, 40)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(40), atol=1e-12)


def test_loudness_moves_only_the_first_coefficient(music):
    loud = music + 0.01 * np.random.default_rng(4).standard_normal(len(music)).astype(np.float32)
    change = Mfcc(RATE).process(10 * loud) - Mfcc(RATE).process(loud)
    np.testing.assert_allclose(change[2:, 0], 20 * np.sqrt(128), rtol=1e-4)
    np.testing.assert_allclose(change[2:, 1:], 0, atol=1e-3)


def test_too_many_coefficients_are_refused():
    with pytest.raises(ValueError, match=r"must lie in 1..10, the number of bands"):
        Mfcc(RATE, coefficients=11, bands=10)
