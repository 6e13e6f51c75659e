import numpy as np
import pytest

from rt_engine.violin.synchrony import SURE, Synchrony
from tests.violin.bowing import places


def playing(seconds, seed=0, even=False):
    """Times of turns, unlike each other or all alike."""
    rng = np.random.default_rng(seed)
    lengths = np.full(500, 0.4) if even else rng.choice([0.2, 0.3, 0.45, 0.7, 1.1], 500)
    turns = 0.2 + np.cumsum(lengths)
    return [0.2, *turns[turns < seconds].tolist()]


def sound(turns, t):
    """Rows of features at times t: a level that dips, and a rise, where the bow turns."""
    away = np.min(np.abs(t[:, None] - 0.02 - np.array(turns)), axis=1)
    since = np.array([min((x for x in s if x >= 0), default=9.0) for s in
                      (t[:, None] - 0.02 - np.array(turns)).tolist()])  # fmt: skip
    rows = np.zeros((len(t), 35), np.float32)
    rows[:, 34] = 0.1 * np.minimum(1, 0.1 + away / 0.08)
    rows[:, 0] = np.exp(-((since - 0.02) ** 2) / 0.0004)
    return rows


def strings(notes, t, seed=3):
    """The string, 0 to 3, that is played at times t, another at each of these notes."""
    steps = np.random.default_rng(seed).integers(1, 4, len(notes) + 1)
    return np.cumsum(steps)[np.searchsorted(notes, t, side="right")] % 4


def slurs(notes, t):
    """Rows of features whose level stays and whose timbre is that of the string."""
    rows = np.zeros((len(t), 35), np.float32)
    rows[:, 34] = 0.1
    played = strings(notes, t - 0.01)
    rows[:, 1:4] = np.array([[0, 1, 3], [2, 0, 1], [1, 3, 0], [3, 2, 2]])[played]
    rows[:, 1:33] += 0.3 * np.random.default_rng(8).standard_normal((len(t), 32))
    return rows


def lifted(notes, t):
    """Height of the elbow, m: it goes from string to string in a tenth of a second."""
    around = np.linspace(-0.05, 0.05, 11)
    return 0.05 * np.mean([strings(notes, t + away) for away in around], axis=0)


def run(offset, drift=0.0, seconds=60, even=False, noise=0.004, turns=None, notes=None, heard=None):
    """Estimates (s, seconds, confidence), every 5 s, of a camera late by `offset`.

    turns: of the hand; notes: where the elbow goes to another string, if it does.
    """
    rng = np.random.default_rng(7)
    turns = turns or playing(seconds, even=even)
    synchrony, found = Synchrony(), []
    t = np.arange(0, seconds, 0.02)
    for at, row in zip(t.tolist(), sound(turns, t) if heard is None else heard, strict=True):
        synchrony.hear(at, row)
    ticks = np.arange(0, seconds, 1 / 30) + rng.uniform(-0.008, 0.008, seconds * 30)
    hand = places(turns, ticks) + noise * rng.standard_normal(len(ticks))
    height = noise * rng.standard_normal(len(ticks))
    if notes is not None:
        height += lifted(notes, ticks)
    late = (ticks * (1 + drift) + offset).tolist()
    seen = list(zip(late, hand.tolist(), height.tolist(), strict=True))
    for now in range(20, seconds, 5):
        while seen and seen[0][0] < now:
            synchrony.see(*seen.pop(0))
        found.append((now, *synchrony.estimate(now)))
    return np.array(found)


@pytest.mark.parametrize("offset", [-0.3, -0.1, 0.0, 0.12, 0.3])
def test_an_offset_is_found_within_20_ms(offset):
    found = run(offset)
    assert np.all(np.abs(found[:, 1] - offset) < 0.02)
    assert found[-1, 2] > SURE


@pytest.mark.parametrize("offset", [-0.3, 0.12])
def test_a_slur_is_told_by_the_strings(offset):
    """The hand turns where nothing is heard of it."""
    notes = playing(60, seed=5)
    heard = slurs(notes, np.arange(0, 60, 0.02))
    found = run(offset, turns=playing(60, seed=6), notes=notes, heard=heard)
    assert np.abs(found[-1, 1] - offset) < 0.02
    assert found[-1, 2] > SURE


def test_strings_break_the_tie_of_an_even_pulse():
    turns = playing(60, even=True)
    t = np.arange(0, 60, 0.02)
    heard = sound(turns, t)
    heard[:, 1:33] = slurs(turns, t)[:, 1:33]
    found = run(0.1, turns=turns, notes=turns, heard=heard)
    assert np.abs(found[-1, 1] - 0.1) < 0.02
    assert found[-1, 2] > SURE


def test_a_drift_of_100_ppm_is_followed():
    found = run(0.1, drift=1e-4, seconds=120)
    assert np.abs(found[-1, 1] - 0.1 - 0.012) < 0.01
    assert found[-1, 1] > found[0, 1]


@pytest.mark.parametrize("offset", [0.1, -0.1])
def test_an_even_pulse_without_a_beginning_is_not_sure(offset):
    turns = np.arange(-5.0, 70.0, 0.4).tolist()
    found = run(offset, turns=turns)
    wrong = np.abs(found[:, 1] - offset) > 0.02
    assert np.median(found[:, 2]) < 0.6
    assert np.all(found[wrong, 2] < SURE)


def test_an_even_pulse_with_rests_is_sure():
    turns = [t for t in playing(60, even=True) if round(t / 0.4) % 9 not in (5, 6)]
    found = run(-0.2, turns=turns)
    assert np.abs(found[-1, 1] + 0.2) < 0.02
    assert found[-1, 2] > SURE


def test_an_offset_moves_no_more_than_the_streams_do():
    """Both streams a second and a half later: the same offset."""
    for start in (0.0, 1.5):
        synchrony, t = Synchrony(), np.arange(0, 30, 0.02)
        turns = playing(30)
        for at, row in zip((t + start).tolist(), sound(turns, t), strict=True):
            synchrony.hear(at, row)
        for at, place in zip((t + start + 0.06).tolist(), places(turns, t).tolist(), strict=True):
            synchrony.see(at, place, 0.0)
        found = synchrony.estimate(30 + start)
        assert found.seconds == pytest.approx(0.06, abs=0.02)


def test_an_offset_too_large_to_be_believed_is_not_sure():
    assert run(0.4)[:, 2].max() < SURE


def test_sound_alone_and_noise_give_no_offset():
    synchrony, rng = Synchrony(), np.random.default_rng(1)
    t = np.arange(0, 30, 0.02)
    for at, row in zip(t.tolist(), sound(playing(30), t), strict=True):
        synchrony.hear(at, row)
    assert synchrony.estimate(30) == (0.0, 0.0)
    for at in t.tolist():
        synchrony.see(at, 0.3 + 0.01 * rng.normal(), 0.01 * rng.normal())
    assert synchrony.estimate(30).confidence < SURE / 2


def test_silence_and_a_still_player_give_no_offset():
    synchrony = Synchrony()
    for at in np.arange(0, 30, 0.02).tolist():
        synchrony.hear(at, np.zeros(35, np.float32))
        synchrony.see(at, 0.3, -0.2)
    found = synchrony.estimate(30)
    assert np.isfinite(found).all()
    assert found.confidence < SURE / 2
