import librosa
import numpy as np
import pytest

from rt_engine.signal import OnsetStrength
from rt_engine.violin import PerformanceFeatures
from tests.violin.strings import RATE, Tone, bowed

SLURRED = (False, True, False, True, True, False)
TONES = [
    Tone(0.4 + 0.4 * k, 0.4, number, slurred=slurred)
    for k, (number, slurred) in enumerate(zip((62, 66, 69, 71, 73, 74), SLURRED, strict=True))
]


@pytest.fixture(scope="module")
def sound():
    return bowed(TONES, 3.4)


@pytest.fixture(scope="module")
def whole(sound):
    features = PerformanceFeatures(RATE)
    return features.process(sound), features.times


def test_35_columns_fifty_times_a_second(whole):
    rows, times = whole
    assert rows.shape[1] == PerformanceFeatures.dims == 35
    assert rows.dtype == np.float32
    assert set(np.diff(times)) == {RATE // 50}


@pytest.mark.parametrize("cut", [1, 441, 4096])
def test_any_cut_of_the_stream_gives_the_same_bits(sound, whole, cut):
    part = sound[: RATE + 11] if cut == 1 else sound
    features, parts, times = PerformanceFeatures(RATE), [], []
    step = 37 if cut == 1 else cut
    for k in range(0, len(part), step):
        parts.append(features.process(part[k : k + step]))
        times.append(features.times)
    found = np.concatenate(parts)
    assert len(found) > 20
    np.testing.assert_array_equal(found, whole[0][: len(found)])
    np.testing.assert_array_equal(np.concatenate(times), whole[1][: len(found)])
    np.testing.assert_array_equal(PerformanceFeatures(RATE).offline(part), found)


def test_mfcc_and_rms_are_those_of_librosa(sound, whole):
    rows, times = whole
    hop = RATE // 50
    start = int(times[0]) - 1024
    settings = {"n_fft": 2048, "hop_length": hop, "center": False}
    mel = librosa.feature.melspectrogram(y=sound[start:].astype(np.float64), sr=RATE, **settings)
    mfcc = librosa.feature.mfcc(S=librosa.power_to_db(mel, top_db=None)).T
    np.testing.assert_allclose(rows[:, 1:21], mfcc[: len(rows)], atol=5e-3)
    rms = librosa.feature.rms(y=sound[start:], frame_length=2048, hop_length=hop, center=False)
    np.testing.assert_allclose(rows[:, 34], rms[0][: len(rows)], atol=1e-5)


def test_the_envelope_is_the_onset_strength_of_the_same_frames(sound, whole):
    onset = OnsetStrength(RATE, 2048, RATE // 50)
    rows = onset.process(sound)
    strength = dict(zip(onset.times.tolist(), rows, strict=True))
    np.testing.assert_array_equal(whole[0][:, 0], [strength[int(t)][-1] for t in whole[1]])


def test_chroma_says_which_note_sounds(whole):
    rows, times = whole
    for tone in TONES:
        at = np.abs(times / RATE - tone.start - 0.2).argmin()
        assert rows[at, 21:33].argmax() == tone.number % 12


def test_peaks_stand_where_the_bow_turns(whole):
    rows, times = whole
    peaks = times[rows[:, 33] == 1] / RATE
    turns = [tone.start for tone in TONES if not tone.slurred]
    assert set(np.unique(rows[:, 33])) <= {0, 1}
    np.testing.assert_allclose(peaks, turns, atol=0.03)


def test_a_row_waits_no_longer_than_is_said(sound):
    features = PerformanceFeatures(RATE)
    for k in range(0, len(sound), 441):
        rows = features.process(sound[k : k + 441])
        if len(rows):
            assert k + 441 - features.times.min() <= features.latency + 441


def test_a_rate_that_gives_no_whole_hop_is_refused():
    with pytest.raises(ValueError, match="a multiple of 50"):
        PerformanceFeatures(44101)
