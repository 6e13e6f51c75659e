import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.signal import Pitch
from rt_engine.signal.pitch import difference_function, normalised_difference

RATE = 44100
NOTES = np.arange(33, 93.1, 2.5)  # MIDI numbers of 55 to 1760 Hz


def tone(frequency, seconds=0.25, partials=1, rate=RATE):
    t = np.arange(int(seconds * rate)) / rate
    audible = [k for k in range(1, partials + 1) if k * frequency < rate / 2]
    sound = sum(np.sin(2 * np.pi * k * frequency * t + k) / k for k in audible)
    return (0.3 * sound).astype(np.float32)


def cents(found, true):
    return 1200 * np.log2(found / true)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize(("partials", "tolerance"), [(1, 0.1), (5, 1.0), (40, 4.0)])
def test_tones_are_found_within_cents(rate, partials, tolerance):
    for frequency in 440 * 2 ** ((NOTES - 69) / 12):
        rows = Pitch(rate, start="whole").process(tone(frequency, partials=partials, rate=rate))
        np.testing.assert_allclose(cents(rows[:, 0], frequency), 0, atol=tolerance)
        assert rows[:, 1].min() > 0.9


def test_agrees_with_librosa_yin():
    """Within the error of librosa, which is up to 19 cents at 55 Hz and 4 above 200 Hz."""
    for frequency in 440 * 2 ** ((NOTES - 69) / 12):
        sound = tone(frequency, partials=5)
        ours = Pitch(RATE).process(sound)
        theirs = librosa.yin(
            sound, fmin=55, fmax=1760, sr=RATE, frame_length=2048, hop_length=441, center=True
        )
        inner = slice(4, len(ours) - 4)  # whole frames of both
        between = cents(ours[inner, 0], theirs[: len(ours)][inner])
        np.testing.assert_allclose(between, 0, atol=5 if frequency > 200 else 20)


@given(seed=st.integers(0, 2**32 - 1), max_lag=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_difference_function_equals_its_definition(seed, max_lag):
    frames = np.random.default_rng(seed).standard_normal((3, 64)).astype(np.float32)
    x = frames.astype(np.float64)
    defined = [np.mean((x[:, : 64 - lag] - x[:, lag:]) ** 2, axis=1) for lag in range(max_lag + 1)]
    np.testing.assert_allclose(difference_function(frames, max_lag).T, defined, atol=1e-12)


def test_normalised_difference_starts_at_one_and_lies_near_one_for_noise():
    noise = np.random.default_rng(5).standard_normal((4, 4096)).astype(np.float32)
    curve = normalised_difference(difference_function(noise, 500))
    np.testing.assert_array_equal(curve[:, :2], 1.0)
    np.testing.assert_allclose(curve, 1.0, atol=0.2)


def test_time_of_a_row_is_right_within_a_vibrato():
    def true(seconds):
        return 440 * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 6 * seconds))

    phase = 2 * np.pi * np.cumsum(true(np.arange(RATE) / RATE)) / RATE
    pitch = Pitch(RATE, 1024, low=110, start="whole")
    found = pitch.process((0.3 * np.sin(phase)).astype(np.float32))[:, 0]
    seconds = pitch.times / RATE
    error = {late: np.abs(cents(found, true(seconds + late))).max() for late in (-2e-3, 0, 2e-3)}
    assert error[0] < 2.0
    assert error[0] < min(error[-2e-3], error[2e-3]) / 2  # a delay of 2 ms would be seen


def test_a_missing_fundamental_is_heard():
    sound = tone(220, partials=6) - tone(220)
    rows = Pitch(RATE, start="whole").process(sound)
    np.testing.assert_allclose(cents(rows[:, 0], 220), 0, atol=3)


@pytest.mark.parametrize("level", [0.0, 0.25])
def test_silence_has_no_pitch(level):
    rows = Pitch(RATE, start="whole").process(np.full(6000, level, np.float32))
    assert len(rows)
    np.testing.assert_array_equal(rows, 0.0)


def test_confidence_falls_with_noise():
    noise = np.random.default_rng(6).standard_normal(RATE // 2).astype(np.float32)
    clean = tone(196, 0.5, 8)
    means = [
        Pitch(RATE, start="whole").process(clean + level * noise)[:, 1].mean()
        for level in (0.0, 0.03, 0.1, 0.5, 10.0)
    ]
    assert means == sorted(means, reverse=True)
    assert means[0] > 0.98
    assert means[-1] < 0.3


def test_the_level_does_not_matter():
    sound = tone(311, partials=5)
    rows = Pitch(RATE).process(sound)
    np.testing.assert_allclose(Pitch(RATE).process(1e-3 * sound), rows, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"low": 30}, "take at least 2942, or a higher low"),
        ({"low": 500, "high": 400}, "must rise"),
        ({"high": 12000}, "a quarter of 44100"),
    ],
)
def test_mistakes_are_explained(settings_, message):
    with pytest.raises(ValueError, match=message):
        Pitch(RATE, **settings_)


def test_high_notes_gain_from_more_periods():
    """Measured over several periods the error of a high note falls below one cent."""
    for frequency in (1318.5, 1975.5, 2637.0):
        sound = tone(frequency, partials=20)
        plain = Pitch(RATE, 1024, low=180, high=2800, start="whole").process(sound)[:, 0]
        fine = Pitch(RATE, 1024, low=180, high=2800, start="whole", multiples=8).process(sound)
        error = np.abs(cents(fine[:, 0], frequency)).max()
        assert error < 1.0
        assert error < np.abs(cents(plain, frequency)).max()
