import librosa
import numpy as np
import pytest
import scipy.signal

from rt_engine.signal import Spectrum, Stft, make_window

RATE = 22050


@pytest.mark.parametrize("window", ["hann", "hamming", "blackman"])
@pytest.mark.parametrize(("size", "hop"), [(1024, 220), (1000, 333)])
def test_equals_librosa(music, window, size, hop):
    ours = Stft(RATE, size, hop, window).process(music)
    theirs = librosa.stft(
        music.astype(np.float64), n_fft=size, hop_length=hop, window=window, pad_mode="constant"
    ).T
    assert len(theirs) - len(ours) <= size // 2 // hop + 1  # only frames past the end are missing
    np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=0, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("power", [1, 2])
def test_spectrum_is_the_magnitude_or_power_of_scipy(music, power):
    ours = Spectrum(RATE, 1024, 256, power=power, start="whole").process(music)
    scaled = scipy.signal.ShortTimeFFT(np.hanning(1025)[:-1], 256, RATE).stft(
        music.astype(np.float64), p0=2, p1=2 + len(ours)
    )
    np.testing.assert_allclose(ours, np.abs(scaled.T) ** power, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["hann", "hamming", "blackman"])
@pytest.mark.parametrize("size", [7, 512])
def test_windows_equal_scipy(name, size):
    expected = scipy.signal.get_window(name, size)
    np.testing.assert_allclose(make_window(name, size), expected, atol=1e-12)


def test_a_window_of_ones_own_is_used(music):
    own = np.hanning(512) / 512**0.5
    ours = Spectrum(RATE, 512, 512, own, start="whole").process(music)
    expected = np.abs(np.fft.rfft(music[:512] * own))
    np.testing.assert_allclose(ours[0], expected, atol=1e-6)


def test_a_sine_stands_at_its_bin_with_half_the_sum_of_the_window():
    size, bin_number = 1024, 100
    sine = np.sin(2 * np.pi * bin_number / size * np.arange(4096)).astype(np.float32)
    rows = Spectrum(RATE, size, 512, "rectangular", start="whole").process(sine)
    np.testing.assert_allclose(rows[:, bin_number], size / 2, rtol=1e-5)
    assert rows.argmax(axis=1).tolist() == [bin_number] * len(rows)


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="there are hann, hamming"):
        Stft(RATE, 512, 128, "hanning")
    with pytest.raises(ValueError, match=r"need \(512,\)"):
        Stft(RATE, 512, 128, np.ones(500))
