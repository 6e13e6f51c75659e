"""Rates, quantity of motion and ictus: against formulas known in closed form, and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import argrelmin

from rt_engine.motion.kinematics import (
    KEYPOINTS,
    Difference,
    IctusDetector,
    differences,
    quantity_of_motion,
)


def uneven(seed, count=60):
    return np.cumsum(np.random.default_rng(seed).uniform(0.01, 0.06, count))


@given(seed=st.integers(0, 2**31))
def test_the_stream_of_rates_equals_the_whole(seed):
    t = uneven(seed)
    values = np.random.default_rng(seed).normal(size=(len(t), 5, 3))
    stream = Difference()
    found = [r for r in (stream.step(a, x) for a, x in zip(t, values, strict=True)) if r]
    times, rates = differences(t, values)
    np.testing.assert_allclose([a for a, _ in found], times)
    np.testing.assert_allclose([x for _, x in found], rates)


def test_velocity_and_acceleration_of_a_throw_are_exact_between_the_samples():
    t = uneven(1)
    heights = 1 + 3 * t - 4.905 * t**2
    times, velocity = differences(t, heights)
    np.testing.assert_allclose(velocity, 3 - 9.81 * times, atol=1e-9)
    _, acceleration = differences(times, velocity)
    np.testing.assert_allclose(acceleration, -9.81, atol=1e-6)


def test_no_time_no_rate():
    stream = Difference()
    assert stream.step(1.0, np.zeros(2)) is None
    assert stream.step(1.0, np.ones(2)) is None
    assert stream.step(0.9, np.ones(2)) is None
    assert stream.step(2.0, np.ones(2))[1].tolist() == [1.0, 1.0]


def test_quantity_of_motion_is_the_mean_speed_of_the_keypoints():
    velocity = np.zeros((4, 33, 3))
    velocity[:] = [3.0, 4.0, 0.0]
    np.testing.assert_allclose(quantity_of_motion(velocity), 5.0)
    velocity[:] = 0
    velocity[:, 15] = [0, 0, 17.0]
    np.testing.assert_allclose(quantity_of_motion(velocity), 1.0)
    assert len(set(KEYPOINTS)) == 17


def strokes(t, heights, **settings):
    detector = IctusDetector(**settings)
    found = [detector.step(a, y) for a, y in zip(t, heights, strict=True)]
    return [(t[k], ictus) for k, ictus in enumerate(found) if ictus]


@pytest.mark.parametrize("fps", [25, 30, 60, 120])
@pytest.mark.parametrize("hz", [0.7, 1.5, 3.0])
def test_each_beat_of_a_hand_is_found_at_its_time(fps, hz):
    t = np.arange(0, 8, 1 / fps)
    found = strokes(t, 0.15 * np.cos(2 * np.pi * hz * t))
    true = np.arange(0.5 / hz, 8 - 0.1, 1 / hz)
    assert len(found) == len(true)
    np.testing.assert_allclose([i.t for _, i in found], true, atol=0.004)
    late = [known - ictus.t for known, ictus in found]
    assert max(late) < 0.04 + 2 / fps
    speed = 2 * np.pi * hz * 0.15
    for _, ictus in found:
        assert speed < ictus.strength <= 2.02 * speed


def test_minima_are_those_that_scipy_finds_on_a_complicated_path():
    t = np.arange(0, 20, 1 / 60)
    y = 0.2 * np.sin(2 * np.pi * 1.1 * t) + 0.1 * np.sin(2 * np.pi * 1.7 * t + 1)
    minima = t[argrelmin(y)[0]]
    found = [i.t for _, i in strokes(t, y, depth=0.0, turn=0.0)]
    for at in found:
        assert np.abs(minima - at).min() < 1 / 60
    assert len(found) >= 0.9 * len(minima)


def test_small_and_slow_movements_are_no_beats():
    t = np.arange(0, 10, 1 / 30)
    assert strokes(t, 0.01 * np.cos(2 * np.pi * 2 * t)) == []
    assert strokes(t, 0.2 * np.cos(2 * np.pi * 0.1 * t)) == []
    assert strokes(t, -0.1 * t) == []


def test_a_tremble_at_the_bottom_is_one_beat():
    t = np.arange(0, 4, 1 / 60)
    y = 0.2 * np.cos(2 * np.pi * t) + 0.002 * np.random.default_rng(0).normal(size=len(t))
    found = [i.t for _, i in strokes(t, y)]
    assert len(found) == 4
    np.testing.assert_allclose(found, [0.5, 1.5, 2.5, 3.5], atol=0.05)


def test_a_hand_that_stops_at_the_bottom_and_rises_later_is_found_when_it_rises():
    t = np.arange(0, 3, 1 / 60)
    y = np.interp(t, [0, 0.5, 0.7, 1.7, 2.0], [0.3, 0.3, 0, 0, 0.3])
    found = strokes(t, y)
    assert len(found) == 1
    assert 0.65 < found[0][1].t < 1.75
