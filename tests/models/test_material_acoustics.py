"""What rooms, records and codecs may change, and what they must not: the time of an onset."""

import numpy as np
import pytest
import scipy.signal

from rt_engine.models.rhythm.material import acoustics
from rt_engine.models.rhythm.material.render import RATE

CHANGES = ["room", "equaliser", "band", "compressor", "clipping", "noise", "quiet_noise", "codec"]


@pytest.fixture(scope="module")
def hits():
    """Two seconds with short bursts at known times, over a faint hiss."""
    rng = np.random.default_rng(1)
    sound = 1e-4 * rng.standard_normal(2 * RATE)
    for time in (0.5, 1.0, 1.5):
        start = round(time * RATE)
        sound[start : start + 500] += 0.5 * rng.standard_normal(500) * np.exp(-np.arange(500) / 80)
    return sound


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", CHANGES)
def test_onsets_stay_where_they_are(hits, name, seed):
    heard = getattr(acoustics, name)(hits, np.random.default_rng(seed))
    assert heard.shape == hits.shape
    assert np.isfinite(heard).all()
    a, b = (np.abs(scipy.signal.hilbert(x - x.mean())) for x in (hits, heard))
    lags = scipy.signal.correlation_lags(len(a), len(b))
    lag = lags[np.argmax(scipy.signal.correlate(b - b.mean(), a - a.mean()))]
    assert abs(lag) < 0.004 * RATE


def test_noise_is_as_far_below_as_it_says():
    tone = np.sin(np.arange(10 * RATE) * 0.05)
    for seed in range(6):
        noisy = acoustics.noise(tone, np.random.default_rng(seed))
        below = 10 * np.log10((tone**2).mean() / ((noisy - tone) ** 2).mean())
        assert 4.5 < below < 40.5


def test_the_compressor_narrows_the_range():
    tone = np.sin(np.arange(6 * RATE) * 0.3)
    tone[: 3 * RATE] *= 0.05
    for seed in range(6):
        heard = acoustics.compressor(tone, np.random.default_rng(seed))
        soft, loud = heard[RATE : 2 * RATE].std(), heard[5 * RATE :].std()
        assert loud / soft < 19.5


def test_a_telephone_has_no_bass():
    sound = np.random.default_rng(0).standard_normal(4 * RATE)
    heard = [acoustics.band(sound, np.random.default_rng(seed)) for seed in range(20)]
    frequency, before = scipy.signal.welch(sound, RATE, nperseg=4096)
    lost = [scipy.signal.welch(x, RATE, nperseg=4096)[1] / before for x in heard]
    assert min(ratio[(frequency > 50) & (frequency < 100)].mean() for ratio in lost) < 0.01
    assert all(ratio[(frequency > 800) & (frequency < 2000)].mean() > 0.7 for ratio in lost)


def test_gentle_chains_leave_the_loudness_of_passages():
    tone = np.random.default_rng(3).standard_normal(8 * RATE)
    tone[: 4 * RATE] *= 0.1
    for seed in range(12):
        heard, names = acoustics.recorded(tone, np.random.default_rng(seed), gentle=True)
        assert not {"compressor", "clipping"} & set(names)
        ratio = heard[5 * RATE :].std() / heard[RATE : 3 * RATE].std()
        assert 6 < ratio < 14


def test_some_are_left_clean_and_most_are_not():
    sound = np.random.default_rng(4).standard_normal(RATE)
    chains = [acoustics.recorded(sound, np.random.default_rng(k))[1] for k in range(60)]
    clean = sum(not names for names in chains)
    assert 3 <= clean <= 30
    assert {name for names in chains for name in names} >= {"room", "compressor", "codec"}


def test_silence_stays_silent():
    assert not acoustics.normalised(np.zeros(100)).any()
