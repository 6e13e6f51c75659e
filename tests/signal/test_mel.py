import librosa
import numpy as np
import pytest

from rt_engine.signal import LogBands, LogMel, compress, log_filters

RATE = 22050


def librosa_mel(music, size, hop, count, **settings):
    return librosa.feature.melspectrogram(
        y=music.astype(np.float64),
        sr=RATE,
        n_fft=size,
        hop_length=hop,
        pad_mode="constant",
        **settings,
    ).T[:count]


@pytest.mark.parametrize(
    ("scale", "area"), [("slaney", True), ("htk", False)], ids=["slaney", "htk"]
)
def test_decibels_equal_librosa(music, scale, area):
    ours = LogMel(RATE, 1024, 220, 80, scale=scale, area=area, log="db").process(music)
    settings = {"n_mels": 80, "htk": scale == "htk", "norm": "slaney" if area else None}
    power = librosa_mel(music, 1024, 220, len(ours), **settings)
    theirs = librosa.power_to_db(power, top_db=None)
    assert np.ptp(theirs) > 60
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_network_input_equals_librosa(music):
    ours = LogMel(RATE, 1024, 441, low=30, high=11000, power=1, log="ln", gain=1000).process(music)
    settings = {"n_mels": 128, "fmin": 30, "fmax": 11000, "power": 1.0}
    magnitude = librosa_mel(music, 1024, 441, len(ours), **settings)
    np.testing.assert_allclose(ours, np.log(1 + 1000 * magnitude), rtol=1e-5, atol=1e-5)


def test_log_bands_equal_the_logarithm_of_filtered_magnitudes(music):
    filters = log_filters(RATE, 1024, 24, 27.5, 10000)
    ours = LogBands(RATE, 1024, 220, filters, power=1, log="log10").process(music)
    spectrum = librosa.stft(
        music.astype(np.float64), n_fft=1024, hop_length=220, pad_mode="constant"
    ).T
    theirs = np.log10(1 + np.abs(spectrum) @ filters.T)
    np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=1e-5, atol=1e-6)


def test_decibels_of_magnitude_and_power_agree():
    magnitude = np.array([[0.0, 1e-7, 1e-3, 0.5, 20.0]])
    from_magnitude = compress(magnitude, "db", power=1)
    np.testing.assert_allclose(from_magnitude, compress(magnitude**2, "db", power=2))
    np.testing.assert_allclose(from_magnitude[0], [-100, -100, -60, -6.0206, 26.0206], atol=1e-4)


def test_a_hundred_times_the_sound_is_forty_decibels_more(music):
    quiet = LogMel(RATE, log="db").process(music)
    loud = LogMel(RATE, log="db").process(100 * music)
    heard = quiet > -60
    np.testing.assert_allclose((loud - quiet)[heard], 40.0, atol=1e-3)


def test_silence_is_finite():
    for log, level in (("none", 0), ("ln", 0), ("log10", 0), ("db", -100)):
        rows = LogMel(RATE, 1024, 441, log=log).process(np.zeros(2000, np.float32))
        np.testing.assert_allclose(rows, level)


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match=r"need \(bands, 513\)"):
        LogBands(RATE, 1024, 220, np.ones((4, 512)))
    with pytest.raises(ValueError, match="choose 'none', 'ln', 'log10' or 'db'"):
        LogMel(RATE, log="log2")
