import librosa
import numpy as np
import pytest

from rt_engine.signal import RhythmMel

RATE = 22050


def reference(sound, rate=RATE):
    """The same feature from librosa's spectrum, its filters and a plain sum over the past."""
    hop, size = rate // 50, round(rate * 1024 / 22050)
    padded = np.pad(np.asarray(sound, float), (size // 2, 0))
    spectrum = np.abs(librosa.stft(padded, n_fft=size, hop_length=hop, center=False))
    filters = librosa.filters.mel(sr=rate, n_fft=size, n_mels=80, fmin=30, fmax=10000, norm=None)
    bands = (filters @ (spectrum / (size / 2))).T
    loudness = bands.mean(axis=1)
    ages = np.arange(len(bands))[:, None] - np.arange(len(bands))
    weights = np.where(ages >= 0, np.exp(-ages / 200.0), 0.0) * (loudness > 1.1e-5)
    sums = np.maximum(weights.sum(axis=1), 1e-300)
    level = np.maximum(weights @ loudness / sums, 1.1e-5)
    return np.log1p(10 * bands / level[:, None])


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_equals_librosa(rate):
    sound = np.random.default_rng(1).standard_normal(2 * rate) * np.linspace(0.01, 0.2, 2 * rate)
    rows = RhythmMel(rate).process(sound)
    assert rows.shape == (99 if rate == 22050 else len(rows), 80)
    np.testing.assert_allclose(rows, reference(sound.astype(np.float32), rate), atol=2e-4)


def test_pieces_of_any_size_give_the_same_bits(music):
    mel = RhythmMel(RATE)
    whole = mel.process(music)
    for step in (1, 64, 441, 4096):
        mel.reset()
        parts = [mel.process(music[k : k + step]) for k in range(0, len(music), step)]
        assert np.array_equal(np.concatenate(parts), whole)


def test_the_offline_twin_agrees_and_leaves_the_stream_alone(music):
    mel = RhythmMel(RATE)
    first = mel.process(music[:9000])
    np.testing.assert_allclose(mel.offline(music)[: len(first)], first, atol=1e-5)
    rest = mel.process(music[9000:])
    np.testing.assert_allclose(np.vstack([first, rest]), mel.offline(music), atol=1e-5)


@pytest.mark.parametrize("decibels", [-30, 20])
def test_the_level_does_not_matter(music, decibels):
    mel = RhythmMel(RATE)
    factor = np.float32(10 ** (decibels / 20))
    sounding = music[4000:19000]
    np.testing.assert_allclose(mel.offline(sounding * factor), mel.offline(sounding), atol=1e-4)


@pytest.mark.parametrize("rate", [16000, 22050, 44100, 48000])
def test_a_click_peaks_in_the_frame_of_its_time(rate):
    sound = 1e-4 * np.random.default_rng(2).standard_normal(2 * rate)
    sound[rate] = 0.5
    mel = RhythmMel(rate)
    rows = mel.process(sound)
    frame = int(rows[:, 20:60].mean(axis=1).argmax())
    assert frame == 50
    assert mel.times[frame] == rate


def test_the_rate_hardly_matters_and_bands_that_it_lacks_are_silent(music):
    low, high = RhythmMel(RATE), RhythmMel(2 * RATE)
    twice = librosa.resample(music.astype(float), orig_sr=RATE, target_sr=2 * RATE)
    one, two = low.offline(music), high.offline(twice)
    count = min(len(one), len(two))
    assert np.abs(one[:count, :70] - two[:count, :70]).mean() < 0.05
    assert RhythmMel(8000).offline(music)[:, -1].max() == 0.0


def test_silence_is_dark_and_does_not_make_what_follows_brighter(music):
    mel = RhythmMel(RATE)
    rng = np.random.default_rng(3)
    silence = np.zeros(5 * RATE, np.float32)
    hiss = (10 ** (-100 / 20) * rng.standard_normal(5 * RATE)).astype(np.float32)
    assert mel.offline(silence).max() == 0.0
    assert mel.offline(hiss).mean() < 1.1
    after = mel.offline(np.concatenate([silence, music]))[250 + 4 :]
    alone = mel.offline(music)[4:]
    np.testing.assert_allclose(after, alone[: len(after)], atol=1e-3)


def test_a_passage_stands_out_by_its_loudness_for_some_seconds():
    tone = np.random.default_rng(4).standard_normal(16 * RATE)
    tone[8 * RATE :] *= 4
    rows = RhythmMel(RATE).offline(0.02 * tone).mean(axis=1)
    before, just_after, later = rows[350:395].mean(), rows[405:415].mean(), rows[780:].mean()
    assert just_after > before + 0.8
    assert later < before + 0.15


def test_names_its_shape():
    mel = RhythmMel(RATE)
    assert (mel.dims, mel.frame_rate, mel.FPS, mel.BANDS) == (80, 50.0, 50, 80)
