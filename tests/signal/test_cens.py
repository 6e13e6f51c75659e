import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.signal import Cens, Chroma

RATE = 22050


@pytest.mark.parametrize("width", [5, 41])
def test_equals_librosa_from_the_same_chroma(music, monkeypatch, width):
    chroma = Chroma(RATE, 4096, 441, norm="none").process(music)
    monkeypatch.setattr("librosa.feature.spectral.chroma_cqt", lambda **_: chroma.T)
    theirs = librosa.feature.chroma_cens(y=music, sr=RATE, win_len_smooth=width).T
    ours = Cens(RATE, 4096, 441, width).process(music)
    assert len(ours) == len(chroma) - width // 2
    np.testing.assert_allclose(ours, theirs[: len(ours)], atol=1e-5)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=5))
def test_any_cut_of_the_stream_gives_the_same_bits(music, cuts):
    whole, cens = Cens(RATE, 2048, 441, 9), Cens(RATE, 2048, 441, 9)
    parts, times, at, k = [], [], 0, 0
    expected = whole.process(music)
    while at < len(music):
        size = cuts[k % len(cuts)]
        parts.append(cens.process(music[at : at + size]))
        times.append(cens.times)
        at, k = at + size, k + 1
    np.testing.assert_array_equal(np.concatenate(parts), expected)
    np.testing.assert_array_equal(np.concatenate(times), whole.times)
    np.testing.assert_allclose(expected, whole.offline(music), atol=1e-5)


def test_a_row_leaves_half_a_window_after_its_own_frame(music):
    cens = Cens(RATE, 2048, 441, 21)
    cens.process(music)
    assert cens.times[0] == 0
    received = cens.chroma.framer.received
    assert received - cens.times[-1] >= cens.latency > received - cens.times[-1] - 441
    assert Cens(RATE, 2048, 441, 21).process(music[: cens.latency - 1]).shape == (0, 12)
    assert Cens(RATE, 2048, 441, 21).process(music[: cens.latency]).shape == (1, 12)


def test_loudness_does_not_matter(music):
    np.testing.assert_allclose(
        Cens(RATE).process(0.01 * music), Cens(RATE).process(music), atol=1e-4
    )


def test_an_even_window_is_refused():
    with pytest.raises(ValueError, match="width 40 must be odd"):
        Cens(RATE, width=40)
