import itertools

import librosa
import numpy as np
import pytest

from rt_engine.signal.onset import OnsetStrength

RATE, SIZE, HOP = 22050, 1024, 220


def bands_of(music):
    """Magnitudes in triangles between semitones, made from librosa's spectrum, and their peaks."""
    spectrum = np.abs(librosa.stft(music.astype(float), n_fft=SIZE, hop_length=HOP, center=False))
    notes = librosa.midi_to_hz(np.arange(23, 124))  # 30.9 Hz to 9.9 kHz
    corners = np.unique(np.rint(notes * SIZE / RATE).astype(int))
    filters = [
        np.interp(np.arange(SIZE // 2 + 1), corners[k : k + 3], [0, 1, 0], left=0, right=0)
        for k in range(len(corners) - 2)
    ]
    bands = np.array([row / row.sum() for row in filters]) @ spectrum
    return bands, corners[1:-1] * RATE / SIZE


def reference(music):
    """The same feature from librosa's spectrum and its multi-channel onset strength."""
    bands, centres = bands_of(music)
    level, levels = 0.0, []
    for peak in bands.max(axis=0):
        level = max(peak, level * np.exp(-HOP / RATE / 10.0))
        levels.append(level)
    logs = np.log10(1 + 100 * bands / np.maximum(levels, 1e-300))
    cuts = [0, *np.searchsorted(centres, (150, 500, 2500)), len(centres)]
    parts = [slice(a, b) for a, b in itertools.pairwise(cuts)] + [slice(0, None)]
    return librosa.onset.onset_strength_multi(
        S=logs, lag=2, max_size=3, center=False, detrend=False, channels=parts
    ).T


@pytest.mark.parametrize("piece", [None, 64, 441, 4096, 1])
def test_equals_librosa_in_pieces_of_any_size(music, piece):
    onset = OnsetStrength(RATE, SIZE, HOP)
    step = piece or len(music)
    rows = [onset.process(music[k : k + step]) for k in range(0, len(music), step)]
    expected = reference(music)
    assert expected.max() > 0.1
    np.testing.assert_allclose(np.concatenate(rows), expected, rtol=0, atol=1e-5)


def test_pieces_of_any_size_give_the_same_bits(music):
    onset = OnsetStrength(RATE)
    whole = onset.process(music)
    for step in (1, 64, 4096):
        onset.reset()
        parts = [onset.process(music[k : k + step]) for k in range(0, len(music), step)]
        assert np.array_equal(np.concatenate(parts), whole)


def test_the_offline_twin_agrees_and_leaves_the_stream_alone(music):
    onset = OnsetStrength(RATE)
    first = onset.process(music[:9000])
    np.testing.assert_allclose(onset.offline(music)[: len(first)], first, atol=1e-6)
    rest = onset.process(music[9000:])
    np.testing.assert_allclose(np.vstack([first, rest]), onset.offline(music), atol=1e-6)


@pytest.mark.parametrize("decibels", [-30, -60, 20])
def test_the_level_does_not_matter(music, decibels):
    onset = OnsetStrength(RATE)
    factor = np.float32(10 ** (decibels / 20))
    np.testing.assert_allclose(onset.offline(music * factor), onset.offline(music), atol=1e-5)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_a_burst_peaks_at_its_time(rate):
    sound = np.zeros(rate, np.float32)
    burst = np.random.default_rng(3).standard_normal(rate // 50)
    sound[rate // 2 : rate // 2 + len(burst)] = burst
    onset = OnsetStrength(rate)
    rows = onset.process(sound)
    peak = onset.times[rows[:, -1].argmax()] / rate
    assert abs(peak - 0.5) < 0.025
    assert 95 < onset.frame_rate < 105


def test_a_kick_and_a_cymbal_rise_in_their_bands():
    t = np.arange(RATE // 2) / RATE
    onset = OnsetStrength(RATE)
    late = t > 0.25
    kick = onset.offline((late * np.sin(2 * np.pi * 60 * t)).astype(np.float32))
    hiss = np.diff(np.random.default_rng(4).standard_normal(len(t) + 3), 3)
    cymbal = onset.offline((late * hiss).astype(np.float32))
    assert kick.max(axis=0).argmax() == 0
    assert cymbal.max(axis=0).argmax() == 3


def test_vibrato_is_quieter_with_the_maximum_filter():
    t = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 1500 * t + 12 * np.sin(2 * np.pi * 6 * t)).astype(np.float32)
    plain, filtered = (OnsetStrength(RATE, max_size=m).offline(tone)[50:, -1] for m in (1, 3))
    assert filtered.sum() < 0.6 * plain.sum()


def test_silence_is_zero():
    assert not OnsetStrength(RATE).process(np.zeros(RATE, np.float32)).any()


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="odd"):
        OnsetStrength(RATE, max_size=2)
    with pytest.raises(ValueError, match="edges"):
        OnsetStrength(RATE, edges=(500.0, 150.0))
    with pytest.raises(ValueError, match="one channel"):
        OnsetStrength(RATE).process(np.zeros((100, 2), np.float32))
