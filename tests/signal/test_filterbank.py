import librosa
import numpy as np
import pytest

from rt_engine.signal import Filterbank, log_filters, mel_filters
from rt_engine.signal.filterbank import each_row, hz_to_mel, mel_to_hz


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("area", [True, False])
@pytest.mark.parametrize(
    ("rate", "size", "bands", "low", "high"),
    [
        (22050, 2048, 128, 0.0, None),
        (22050, 1024, 128, 30.0, 11000.0),
        (48000, 4096, 40, 20.0, 8000.0),
        (16000, 401, 23, 64.0, 7600.0),
    ],
)
def test_mel_filters_equal_librosa(scale, area, rate, size, bands, low, high):
    ours = mel_filters(rate, size, bands, low, high, scale, area)
    theirs = librosa.filters.mel(
        sr=rate,
        n_fft=size,
        n_mels=bands,
        fmin=low,
        fmax=high,
        htk=scale == "htk",
        norm="slaney" if area else None,
    )
    np.testing.assert_allclose(ours, theirs, atol=3e-7)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_mel_scale_equals_librosa_and_inverts(scale):
    hz = np.linspace(0, 20000, 500)
    mels = hz_to_mel(hz, scale)
    np.testing.assert_allclose(mels, librosa.hz_to_mel(hz, htk=scale == "htk"), atol=1e-9)
    np.testing.assert_allclose(mel_to_hz(mels, scale), hz, atol=1e-8)


def test_superflux_has_as_many_bands_as_its_paper():
    """Boeck and Widmer 2013: 138 bands of a quarter tone, 27.5 Hz to 16 kHz."""
    assert len(log_filters(44100, 2048, 24, 27.5, 16000)) == 138


@pytest.mark.parametrize("bands_per_octave", [3, 12, 24])
def test_log_filters_peak_at_one_and_hand_over_to_their_neighbour(bands_per_octave):
    filters = log_filters(44100, 2048, bands_per_octave)
    peaks = filters.argmax(axis=1)
    assert (np.diff(peaks) > 0).all()
    np.testing.assert_array_equal(filters.max(axis=1), 1.0)
    between = filters[:, peaks[0] : peaks[-1] + 1].sum(axis=0)
    np.testing.assert_allclose(between, 1.0)


def test_wide_log_bands_lie_on_the_tempered_scale():
    size, rate = 8192, 44100
    peaks = log_filters(rate, size, 12).argmax(axis=1) * rate / size
    high = peaks[peaks > 1000]
    notes = 69 + 12 * np.log2(high / 440)
    np.testing.assert_allclose(notes, np.rint(notes), atol=0.05)
    np.testing.assert_array_equal(np.diff(np.rint(notes)), 1)


def test_log_filters_with_area_sum_to_one():
    np.testing.assert_allclose(log_filters(44100, 2048, 12, area=True).sum(axis=1), 1.0)


def test_sparse_application_equals_the_matrix_product():
    spectra = np.random.default_rng(1).random((5, 65))
    filters = mel_filters(16000, 128, 80)
    assert (filters.sum(axis=1) == 0).any(), "an empty band belongs to the test"
    bank = Filterbank(filters)
    assert len(bank) == 80
    np.testing.assert_allclose(bank.apply(spectra), spectra @ filters.T, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(bank.apply_offline(spectra), spectra @ filters.T, rtol=1e-12)


@pytest.mark.parametrize("size", [1024, 2048])
def test_bands_of_a_spectrum_are_independent_of_the_others(size):
    spectra = np.random.default_rng(2).random((70, size // 2 + 1))
    bank = Filterbank(mel_filters(22050, size))
    together = bank.apply(spectra)
    for k in range(70):
        np.testing.assert_array_equal(bank.apply(spectra[k : k + 1])[0], together[k])


def test_each_row_is_the_product_and_independent_of_the_others():
    rng = np.random.default_rng(2)
    matrix, rows = rng.standard_normal((12, 1025)), rng.standard_normal((70, 1025))
    together = each_row(matrix, rows)
    np.testing.assert_allclose(together, rows @ matrix.T, atol=1e-11)
    for k in range(70):
        np.testing.assert_array_equal(each_row(matrix, rows[k : k + 1])[0], together[k])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mel_filters(22050, 1024, high=12000), r"within 0..11025.0 at 22050"),
        (lambda: mel_filters(22050, 1024, low=500, high=400), "must rise"),
        (lambda: mel_filters(22050, 1024, scale="bark"), "choose 'slaney' or 'htk'"),
        (lambda: log_filters(44100, 256, 12, 30, 200), "larger size"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()
