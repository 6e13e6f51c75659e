"""Velocities of joints for networks: known motion, uneven pictures, gaps, faults of a detector."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.motion import landmarks as lm
from rt_engine.motion.joint_velocity import JOINTS, SIZE, JointVelocity
from rt_engine.motion.rates import FPS, Rates

WORLD = np.zeros((33, 3))
WORLD[list(lm.SHOULDERS)] = [[0.2, 0.5, 0], [-0.2, 0.5, 0]]
WORLD[list(lm.HIPS)] = [[0.1, 0, 0], [-0.1, 0, 0]]
WORLD[list(lm.WRISTS)] = [[0.3, 0.2, 0.2], [-0.3, 0.2, 0.2]]
SEEN = np.ones(33)
LEFT = 3 * JOINTS.index(lm.WRISTS[0])  # its columns: x, y, z


def run(t, worlds, visibility=None):
    seen = np.ones((len(t), 33)) if visibility is None else visibility
    stream = JointVelocity()
    rows = [stream.step(*sample) for sample in zip(t, worlds, seen, strict=True)]
    return (np.concatenate(parts) for parts in zip(*rows, strict=True))


def waving(t, speed=2.0, pace=1.0):
    """The left wrist goes up and down, `speed` m/s at most, `pace` times a second."""
    worlds = np.repeat(WORLD[None], len(t), axis=0)
    worlds[:, lm.WRISTS[0], 1] += speed / (2 * np.pi * pace) * np.sin(2 * np.pi * pace * t)
    return worlds


def turned(worlds, degrees):
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return worlds @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T


@given(seed=st.integers(0, 2**31), rate=st.sampled_from([12, 30, 60, 200]))
def test_the_stream_equals_the_whole(seed, rate):
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.2, 1.8, 60) / rate) + rng.uniform(0, 3)
    t[40:] += rng.choice([0.0, 2.0])
    t[20] = t[19]  # a stamp twice
    worlds = WORLD + np.cumsum(rng.normal(0, 0.01, (60, 33, 3)), axis=0)
    visibility = rng.uniform(0, 1, (60, 33))
    times, values = run(t, worlds, visibility)
    whole = JointVelocity().offline(t, worlds, visibility)
    np.testing.assert_array_equal(times, whole.times)
    np.testing.assert_allclose(values, whole.values, atol=1e-6)


@pytest.mark.parametrize("rate", [25, 30, 60])
def test_fifty_frames_a_second_of_a_known_velocity_at_any_rate_of_pictures(rate):
    t = np.arange(0, 8, 1 / rate)
    times, values = run(t, waving(t))
    np.testing.assert_allclose(np.diff(times), 1 / FPS)
    assert times[0] == 1 / FPS and times[-1] <= t[-1] - 1 / FPS + 1e-9
    late = times > 4
    true = 0.5 + 0.5 * np.cos(2 * np.pi * times)  # the quickest it was is 1
    np.testing.assert_allclose(values[late, LEFT + 1], true[late], atol=0.06)
    others = np.delete(values, LEFT + 1, axis=1)
    np.testing.assert_array_equal(others, 0.5)


def test_a_slow_motion_is_small_and_a_larger_body_makes_no_difference():
    t = np.arange(0, 8, 1 / 30)
    _, slow = run(t, waving(t, speed=0.03))
    assert 0.5 < slow[:, LEFT + 1].max() < 0.56
    _, once = run(t, waving(t, speed=1.0))
    _, twice = run(t, 2 * waving(t, speed=1.0))
    np.testing.assert_allclose(once[-200:], twice[-200:], atol=0.01)


def test_depth_counts_less_than_the_picture():
    t = np.arange(0, 8, 1 / 30)
    worlds = waving(t)
    worlds[:, lm.WRISTS[0], 2] = worlds[:, lm.WRISTS[0], 1]
    _, values = run(t, worlds)
    up, forward = np.ptp(values[-100:, LEFT + 1]), np.ptp(values[-100:, LEFT + 2])
    assert 0.2 < forward / up < 0.5


@pytest.mark.parametrize("degrees", [-70, 30, 90])
def test_who_stands_askew_moves_the_same_way(degrees):
    t = np.arange(0, 6, 1 / 30)
    worlds = waving(t)
    worlds[:, lm.WRISTS[0], 0] += 0.2 * np.sin(9 * t)
    worlds[:, lm.WRISTS[0], 2] += 0.3 * np.sin(5 * t)
    _, front = run(t, worlds)
    _, askew = run(t, turned(worlds, degrees))
    np.testing.assert_allclose(askew, front, atol=1e-5)


def test_walking_with_the_whole_body_is_rest():
    t = np.arange(0, 4, 1 / 30)
    _, values = run(t, WORLD + np.stack([t, 0 * t, t], axis=1)[:, None])
    np.testing.assert_allclose(values, 0.5, atol=1e-6)


def test_an_exchange_of_left_and_right_is_no_motion():
    t = np.arange(0, 6, 1 / 30)
    worlds = waving(t)
    swapped = worlds.copy()
    swapped[90:93, [lm.WRISTS[0], lm.WRISTS[1]]] = worlds[90:93, [lm.WRISTS[1], lm.WRISTS[0]]]
    (_, clean), (times, values) = run(t, worlds), run(t, swapped)
    apart = np.abs(values - clean).max(axis=1)
    assert apart[(times < 2.9) | (times > 3.2)].max() < 0.03


def test_what_is_badly_seen_hardly_counts():
    t = np.arange(0, 6, 1 / 30)
    hidden = np.ones((len(t), 33))
    hidden[:, lm.WRISTS[0]] = 0.1
    _, values = run(t, waving(t, speed=1.0), hidden)
    assert np.abs(values[:, LEFT + 1] - 0.5).max() < 0.2


def test_no_frames_in_a_gap_and_no_leap_after_it():
    t = np.concatenate([np.arange(0, 2, 1 / 30), np.arange(5, 7, 1 / 30)])
    worlds = waving(t)
    worlds[t > 3, lm.WRISTS[0]] += 0.4
    times, values = run(t, worlds)
    assert not ((times > 2) & (times < 5)).any()
    assert times[times > 3].min() < 5.05
    start = np.abs(values[times > 3][:2, LEFT] - 0.5)
    assert start.max() < 1e-6


def test_one_wild_sample_does_not_rule_the_scale_and_an_old_one_is_forgotten():
    rates = Rates([1.0], [True], [0])
    t = np.arange(0, 40, 1 / FPS)
    ways = np.full((len(t), 1), 2.0 / FPS)
    ways[500] = 100.0 / FPS
    rows = rates.offline(t, ways)
    value = np.interp([9, 12, 38], rows.times, rows.values[:, 0])
    assert value[0] > 0.97  # at full speed
    assert 0.5 + 0.5 / 20 < value[1] < 0.8  # less, but not a fiftieth
    assert value[2] > 0.9


def test_frames_are_told_as_soon_as_they_are_known():
    stream = JointVelocity()
    for k in range(120):
        t = k / 30
        rows = stream.step(t, WORLD, SEEN)
        assert (rows.times <= t - 1 / FPS + 1e-9).all()
        assert (rows.times > t - 1 / 30 - 2 / FPS).all()
        assert rows.values.shape == (len(rows.times), SIZE)
