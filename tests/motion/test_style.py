"""The style of a motion by the paper's rule, as a stream, and accents told at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.motion import landmarks as lm
from rt_engine.motion.accents import APART, AccentDetector
from rt_engine.motion.style import DELAY, HOP, StyleStream, magnitudes, rhythm_of, style

SEEN = np.ones(33)


def by_the_letter(offsets):
    """The bin at half the rate of a 16-point FFT is a sum with alternating signs."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(16) / 16)
    found = []
    for centre in range(0, len(offsets), 4):
        total = 0.0
        for k in range(16):
            at = centre - 8 + k
            if 0 <= at < len(offsets):
                total += (-1) ** k * window[k] * offsets[at]
        found.append(abs(total))
    return np.array(found)


@given(st.integers(0, 2**31), st.integers(1, 200))
def test_magnitudes_are_those_of_the_highest_bin(seed, count):
    offsets = np.random.default_rng(seed).exponential(size=count)
    np.testing.assert_allclose(magnitudes(offsets), by_the_letter(offsets), atol=1e-9)


@given(st.integers(0, 2**31), st.integers(40, 400))
def test_a_tenth_is_marked_and_each_mark_lasts_a_hop(seed, count):
    offsets = np.random.default_rng(seed).exponential(size=count)
    marks = style(offsets)
    groups = marks[::HOP]
    assert len(marks) == count
    assert groups.sum() == round(0.1 * len(groups))
    np.testing.assert_array_equal(marks, np.repeat(groups, HOP)[:count])
    sizes = by_the_letter(offsets)
    assert sizes[groups == 1].min() >= sizes[groups == 0].max()


def test_what_does_not_move_has_no_style():
    assert not style(np.zeros(100)).any()
    stream = StyleStream(15)
    assert not any(stream.step(0.0) for _ in range(200))


def test_a_jerk_is_found_where_it_is():
    offsets = np.full(120, 0.1)
    offsets[60] = 5.0
    at = np.flatnonzero(style(offsets, top=0.03))
    assert len(at) and (np.abs(at - 60) <= HOP).all()


def test_the_stream_marks_what_exceeds_the_quantile_of_what_came_before():
    offsets = np.random.default_rng(5).exponential(size=400)
    sizes, stream = by_the_letter(offsets), StyleStream(15, memory=12.0)
    told = {}
    for k, offset in enumerate(offsets):
        mark = stream.step(offset)
        if mark is not None:
            told[(k - DELAY) // HOP] = mark
    assert sorted(told) == list(range(max(told) + 1))
    kept = round(12.0 * 15 / HOP)
    for k, mark in told.items():
        before = sizes[max(0, k - kept) : k]
        assert mark == (len(before) >= 4 and sizes[k] >= np.quantile(before, 0.9))
    assert 0.05 < np.mean(list(told.values())) < 0.2


def test_rhythm_is_beats_and_accents_on_sixteenths():
    beats = np.array([1.0, 1.5, 2.1])
    marks = rhythm_of(beats, np.array([0.5, 1.13, 1.5, 2.09, 1.64, 3.0]))
    np.testing.assert_array_equal(np.flatnonzero(marks), [0, 1, 4, 5, 8])
    np.testing.assert_array_equal(rhythm_of([2.0], []), [1])


@pytest.mark.parametrize("beats", [[], [1.0, 1.0], [2.0, 1.0]])
def test_a_rhythm_needs_beats_that_rise(beats):
    with pytest.raises(ValueError, match="rise"):
        rhythm_of(beats, [1.0])


def swinging(t, stops, speed=1.5):
    """Places of a body whose left wrist moves at `speed` and stops dead for 0.25 s at `stops`."""
    places = np.repeat(np.random.default_rng(2).normal(0, 0.3, (1, 33, 3)), len(t), axis=0)
    going = np.ones(len(t))
    for stop in stops:
        going[(t >= stop) & (t < stop + 0.25)] = 0.0
    sign = np.where(np.floor(t / 4) % 2, -1.0, 1.0)
    places[:, lm.WRISTS[0], 0] += np.cumsum(going * sign * np.gradient(t)) * speed
    return places


def accents(t, places, **settings):
    detector = AccentDetector(**settings)
    found = [(now, detector.step(now, p, SEEN)) for now, p in zip(t.tolist(), places, strict=True)]
    return [(now, accent) for now, accent in found if accent]


@pytest.mark.parametrize("rate", [15, 30, 60])
def test_a_stop_is_told_with_the_picture_that_shows_it(rate):
    t = np.arange(0, 3.5, 1 / rate)
    stops = [0.8, 1.5, 2.4]
    found = accents(t, swinging(t, stops))
    assert [a.landmark for _, a in found] == 3 * [lm.WRISTS[0]]
    np.testing.assert_allclose([a.t for _, a in found], stops, atol=1.01 / rate)
    assert max(now - stop for (now, _), stop in zip(found, stops, strict=True)) <= 2.01 / rate
    assert all(a.strength == pytest.approx(1.0, abs=0.01) for _, a in found)


def test_a_sharp_turn_is_an_accent_and_a_round_swing_of_little_speed_is_none():
    t = np.arange(0, 4, 1 / 30)
    places = swinging(t, [])
    places[:, lm.WRISTS[1], 1] += 0.8 * np.abs((t % 1.0) - 0.5)
    turns = [a.t for _, a in accents(t, places) if a.landmark == lm.WRISTS[1]]
    np.testing.assert_allclose(turns[:3], [0.5, 1.0, 1.5], atol=0.04)
    slow = np.repeat(places[:1], len(t), axis=0)
    slow[:, lm.WRISTS[0], 0] += 0.1 * np.sin(2 * np.pi * t)
    assert not accents(t, slow)


def test_noise_leaps_and_the_unseen_make_no_accents():
    rng = np.random.default_rng(3)
    t = np.arange(0, 20, 1 / 30)
    still = np.repeat(rng.normal(0, 0.3, (1, 33, 3)), len(t), axis=0)
    assert not accents(t, still + rng.normal(0, 0.002, still.shape))
    leaping = still.copy()
    leaping[100:102, lm.WRISTS[0]] += 1.0
    assert not accents(t, leaping)
    detector, hidden = AccentDetector(), np.zeros(33)
    moved = swinging(t, np.arange(1, 19))
    assert not any(detector.step(a, p, hidden) for a, p in zip(t.tolist(), moved, strict=True))


def test_accents_keep_apart_and_sensitivity_chooses():
    t = np.arange(0, 8, 1 / 60)
    places = swinging(t, [1.0, 2.0, 3.0, 5.0, 6.0])
    places[:, lm.ANKLES[0]] = swinging(t, [1.04, 4.5], speed=0.9)[:, lm.WRISTS[0]]
    every = accents(t, places, sensitivity=1.0)
    assert np.diff([a.t for _, a in every]).min() >= APART
    assert any(a.landmark == lm.ANKLES[0] for _, a in every)
    strict = accents(t, places, sensitivity=0.2)
    assert {a.landmark for _, a in strict} == {lm.WRISTS[0]}
    small = [a.strength for _, a in every if a.landmark == lm.ANKLES[0]]
    assert max(small) == pytest.approx(0.6, abs=0.05)
