import librosa
import numpy as np
import pytest

from rt_engine.signal import Chroma, chroma_filters

RATE = 22050
NORMS = {"none": None, "sum": 1, "euclidean": 2, "max": np.inf}


@pytest.mark.parametrize(
    ("rate", "size", "classes", "a4"),
    [(22050, 2048, 12, 440.0), (44100, 4096, 12, 442.5), (48000, 4096, 24, 415.0)],
)
def test_filters_equal_librosa(rate, size, classes, a4):
    theirs = librosa.filters.chroma(
        sr=rate, n_fft=size, n_chroma=classes, tuning=classes * np.log2(a4 / 440)
    )
    np.testing.assert_allclose(chroma_filters(rate, size, classes, a4), theirs, atol=1e-6)


@pytest.mark.parametrize("norm", NORMS)
def test_equals_librosa(music, norm):
    ours = Chroma(RATE, 2048, 441, norm=norm).process(music)
    theirs = librosa.feature.chroma_stft(
        y=music.astype(np.float64), sr=RATE, hop_length=441, norm=NORMS[norm], tuning=0.0
    ).T
    np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("a4", [415.0, 440.0, 443.0])
@pytest.mark.parametrize("pitch_class", range(12))
def test_a_note_stands_at_its_pitch_class(pitch_class, a4):
    frequency = a4 * 2 ** ((60 + pitch_class - 69) / 12)
    note = np.sin(2 * np.pi * frequency * np.arange(RATE) / RATE).astype(np.float32)
    rows = Chroma(RATE, 4096, 2048, a4=a4, start="whole").process(note)
    assert rows.argmax(axis=1).tolist() == [pitch_class] * len(rows)


def test_silence_stays_silence():
    for norm in NORMS:
        rows = Chroma(RATE, norm=norm).process(np.zeros(6000, np.float32))
        assert len(rows)
        np.testing.assert_array_equal(rows, 0)


def test_an_unknown_norm_is_refused():
    with pytest.raises(ValueError, match="choose 'none', 'sum', 'euclidean' or 'max'"):
        Chroma(RATE, norm="inf")
