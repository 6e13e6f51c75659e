import librosa
import numpy as np
import pytest

from rt_engine.signal.conductor_mel import conductor_mel, resized

RATE = 22050


def recipe(sound):
    """The published recipe in librosa, up to the resizing."""
    mel = librosa.feature.melspectrogram(y=sound, sr=RATE, hop_length=256)
    return ((librosa.power_to_db(mel, ref=np.max) + 80) / 80)[::-1].T


def music(seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    rng = np.random.default_rng(0)
    tones = sum(np.sin(2 * np.pi * f * t * (1 + 0.1 * t)) for f in (220, 554, 1320))
    return (0.1 * tones * (1 + np.sin(9 * t)) + 0.01 * rng.standard_normal(len(t))).astype(
        np.float32
    )


@pytest.mark.parametrize("seconds", [2.0, 3.37])
def test_a_sound_gives_what_the_recipe_gives(seconds):
    sound = music(seconds)
    wanted = recipe(sound)
    found = conductor_mel(sound)
    assert found.shape == (round(90 * seconds), 128) and found.dtype == np.float32
    place = np.clip(
        (np.arange(len(found)) + 0.5) * len(wanted) / len(found) - 0.5, 0, len(wanted) - 1
    )
    oracle = np.stack([np.interp(place, np.arange(len(wanted)), c) for c in wanted.T], axis=1)
    np.testing.assert_allclose(found, oracle, atol=2e-5)
    assert found.min() >= 0 and found.max() == pytest.approx(1, abs=0.05)


def test_rows_are_resized_as_opencv_does():
    cv2 = pytest.importorskip("cv2")
    rows = np.random.default_rng(1).random((431, 16)).astype(np.float32)
    for count in (450, 100, 431):
        wanted = cv2.resize(rows.T, (count, 16), interpolation=cv2.INTER_LINEAR).T
        np.testing.assert_allclose(resized(rows, count), wanted, atol=1e-4)


def test_another_rate_is_converted():
    t = np.arange(48000) / 48000
    sound = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    found = conductor_mel(sound, 48000)
    assert found.shape == (90, 128)
    low = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    assert (found[45].argmax() == conductor_mel(low)[45].argmax()).all()


def test_louder_changes_nothing_and_silence_is_finite():
    sound = music(1.0)
    np.testing.assert_allclose(conductor_mel(sound), conductor_mel(5 * sound), atol=1e-4)
    assert np.isfinite(conductor_mel(np.zeros(RATE, np.float32))).all()


def test_no_sound_is_told():
    with pytest.raises(ValueError, match="needed is"):
        conductor_mel(np.zeros(10, np.float32))
