"""Directogram and kinematic offsets by the letter of RhythmicNet's equation 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.motion.directogram import (
    BINS,
    Directogram,
    directogram,
    kinematic_offsets,
    resampled,
)
from rt_engine.motion.kinematics import KEYPOINTS


def by_the_letter(velocity):
    """Equation 1 in plain loops over complex numbers."""
    sums = np.zeros(BINS)
    for x, y in velocity:
        v = complex(x, y)
        for k in range(BINS):
            centre = np.exp(2j * np.pi * k / BINS)
            if abs(v) and abs(np.angle(v / centre)) <= 2 * np.pi / BINS + 1e-9:
                sums[k] += abs(v)
    return sums


@given(st.integers(0, 2**31))
def test_directions_are_those_of_equation_1(seed):
    velocity = np.random.default_rng(seed).normal(size=(17, 2))
    np.testing.assert_allclose(directogram(velocity), by_the_letter(velocity), rtol=1e-9)


@pytest.mark.parametrize(("way", "bins"), [((1, 0), {11, 0, 1}), ((0, 2), {2, 3, 4})])
def test_a_movement_along_a_direction_counts_there_and_beside(way, bins):
    found = directogram(np.array([way], float))
    assert set(np.flatnonzero(found)) == bins
    assert found.max() == np.hypot(*way)


def test_rest_has_no_direction():
    assert not directogram(np.zeros((17, 2))).any()


def test_offsets_are_the_mean_growth():
    rows = np.zeros((3, BINS))
    rows[1, 4], rows[2, 5] = 12.0, 6.0
    np.testing.assert_allclose(kinematic_offsets(rows, rate=15), [15.0, 7.5])


def test_resampling_lies_on_the_grid_and_on_the_line():
    t = np.array([0.03, 0.2, 0.5])
    grid, places = resampled(t, np.stack([t, 2 * t], axis=1), rate=10)
    np.testing.assert_allclose(grid, [0.1, 0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(places, np.stack([grid, 2 * grid], axis=1))


@given(
    seed=st.integers(0, 2**31),
    rate=st.sampled_from([7.0, 15.0, 30.0]),
    start=st.sampled_from([0.0, 0.4, 1e5]),
    even=st.booleans(),
)
def test_the_stream_equals_the_whole(seed, rate, start, even):
    rng = np.random.default_rng(seed)
    steps = np.full(80, 1 / 30) if even else rng.uniform(0.005, 0.2, 80)
    t = start + np.cumsum(steps) - steps[0]
    places = np.cumsum(rng.normal(size=(80, 33, 3)), axis=0) * 0.01
    stream = Directogram(rate)
    rows = [row for a, x in zip(t, places, strict=True) for row in stream.step(a, x)]
    grid, points = resampled(t, places[:, KEYPOINTS, :2], rate)
    whole = directogram(np.diff(points, axis=0) * rate)
    np.testing.assert_allclose([row.directions for row in rows], whole, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose([row.t for row in rows], (grid[1:] + grid[:-1]) / 2, atol=1e-6)
    offsets = kinematic_offsets(whole, rate)
    assert rows[0].offset is None
    np.testing.assert_allclose([row.offset for row in rows[1:]], offsets, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose([row.offset_t for row in rows[1:]], grid[1:-1], atol=1e-6)


def test_setting_off_shows_in_the_offset_and_going_on_does_not():
    t = np.arange(0, 3, 1 / 30)
    places = np.zeros((len(t), 33, 3))
    places[:, :, 0] = np.maximum(t - 1.5, 0)[:, None]
    stream = Directogram()
    rows = [row for a, x in zip(t, places, strict=True) for row in stream.step(a, x)]
    strong = [row.offset_t for row in rows if (row.offset or 0) > 1]
    assert strong
    assert all(abs(at - 1.5) <= 1 / 15 for at in strong)


def test_a_pause_is_not_filled_in():
    stream = Directogram()
    for t in np.arange(0, 1, 1 / 30):
        stream.step(t, np.zeros((33, 3)))
    assert stream.step(9.0, np.ones((33, 3))) == []
    assert stream.step(9.1, np.ones((33, 3)))[0].directions.max() == 0
    assert stream.step(9.1, np.ones((33, 3))) == []
