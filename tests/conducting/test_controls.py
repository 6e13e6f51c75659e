import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.conducting.controls import (
    METERS,
    MOMENT,
    NOISE,
    SIZE,
    STYLE,
    Noise,
    controls,
    meters_of,
)

BEATS = np.column_stack([1 + 0.6 * np.arange(9), np.arange(9) % 3 + 1, np.full(9, 3)])


def test_the_columns_are_those_of_the_docstring():
    rows = controls([1.0, 1.15, 1.6], BEATS, level=1.0, detached=[0.0, 0.5, 1.0])
    assert rows.shape == (3, SIZE)
    np.testing.assert_allclose(rows[:, 0], [0, 1, 0], atol=1e-6)  # sine of the beat
    np.testing.assert_allclose(rows[:, 1], [1, 0, 1], atol=1e-6)
    np.testing.assert_allclose(
        rows[:, 6], np.sin(2 * np.pi * np.array([0, 0.25, 1]) / 3), atol=1e-6
    )
    assert rows[:, 8 + METERS.index(3)].tolist() == [1, 1, 1]
    np.testing.assert_allclose(rows[:, 14], np.log2(0.6 / 0.5), rtol=1e-5)
    assert rows[:, 15].tolist() == [1, 1, 1]
    assert rows[:, 16:18].tolist() == [[1, 1]] * 3
    assert rows[:, 18].tolist() == [-1, 0, 1]


def test_outside_the_beats_only_expression_is_told():
    rows = controls([0.5, 99.0], BEATS, level=0.5)
    assert not rows[:, : SIZE - 4].any()
    assert rows[:, SIZE - 3].tolist() == [1, 1] and not rows[:, SIZE - 2 :].any()
    assert not controls([1.0], np.empty((0, 3))).any()


@pytest.mark.parametrize(("position", "meter"), [(0, 0), (1, 1)])
def test_beats_of_an_unknown_bar_are_counted_in_four(position, meter):
    beats = BEATS.copy()
    beats[:, 1], beats[:, 2] = position, meter
    counted = np.column_stack([BEATS[:, 0], np.arange(9) % 4 + 1, np.full(9, 4)])
    times = np.arange(0.5, 6.0, 0.02)
    assert np.array_equal(controls(times, beats), controls(times, counted))


@given(st.floats(0.0, 6.0), st.integers(1, 6))
def test_a_row_depends_on_its_own_time_alone(t, count):
    times = t + np.arange(count) / 50
    alone = np.concatenate([controls([x], BEATS) for x in times])
    assert np.array_equal(controls(times, BEATS), alone)


@pytest.mark.parametrize(
    ("positions", "meters"),
    [
        ([1, 2, 3, 1, 2, 3, 1, 2], [3] * 8),
        ([3, 4, 1, 2, 3, 4, 1, 2, 3, 4], [4] * 10),
        ([1, 2, 1, 2, 3, 1, 2, 3], [2, 2, 3, 3, 3, 3, 3, 3]),
        ([0, 0, 1, 2, 1, 2, 1], [0, 0, 2, 2, 2, 2, 2]),
        ([1, 2, 3], [0, 0, 0]),
    ],
)
def test_meters_are_read_from_positions(positions, meters):
    assert meters_of(positions).tolist() == meters


def test_noise_is_normal_smooth_and_repeats_with_its_seed():
    rows = np.stack([Noise(np.random.default_rng(k)).rows(np.arange(500) / 50) for k in range(60)])
    assert rows.shape == (60, 500, NOISE) and NOISE == STYLE + MOMENT
    assert np.all(np.ptp(rows[..., :STYLE], axis=1) == 0)
    assert np.abs(np.diff(rows[..., STYLE:], axis=1)).max() < 0.2
    whole = rows[:, ::50]
    assert abs(whole.mean()) < 0.06 and abs(whole.std() - 1) < 0.06
    assert np.array_equal(Noise(np.random.default_rng(3)).rows(np.arange(500) / 50), rows[3])
