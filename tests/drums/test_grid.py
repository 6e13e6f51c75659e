"""The announced grid: in order, evenly between the beats, whatever is announced."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.drums.grid import Grid


def beats(grid, *times, period=0.5):
    for k, t in enumerate(times):
        grid.beat(t, k % 4 + 1, 4, period)


def test_the_time_between_two_beats_is_divided_evenly():
    grid = Grid()
    beats(grid, 1.0, 1.6)
    assert [s.t for s in grid.due(1.59)] == pytest.approx([1.0, 1.15, 1.3, 1.45])
    assert [s.at for s in grid.due(9)] == [4, 5, 6, 7]


def test_steps_are_given_once_however_often_one_asks():
    whole, parts = Grid(), Grid()
    for grid in (whole, parts):
        beats(grid, *np.arange(1, 4, 0.5))
    found = [s for until in np.arange(0.9, 4, 0.013) for s in parts.due(until)]
    assert found == list(whole.due(3.99))


def test_a_beat_told_anew_moves_the_steps_that_are_still_to_come():
    grid = Grid()
    beats(grid, 1.0)
    grid.coast()
    assert len(list(grid.due(1.7))) == 6
    grid.beat(1.52, 2, 4, 0.5)
    assert [s.t for s in grid.due(3)] == pytest.approx([1.77, 1.895])


def test_without_a_place_in_the_bar_it_is_counted():
    grid = Grid()
    for k in range(6):
        grid.beat(1 + 0.5 * k, 0, 3, 0.5)
    assert [mark.place for mark in grid.marks] == [0, 1, 2, 0, 1, 2]


def test_the_next_and_the_nearest_step():
    grid = Grid()
    assert grid.next_step(1.0) is None
    assert grid.nearest(1.0) is None
    beats(grid, 1.0, 1.5)
    assert grid.next_step(1.01).t == pytest.approx(1.125)
    assert grid.next_step(1.125).t == pytest.approx(1.125)
    assert grid.next_step(1.4).at == 4
    assert grid.next_step(2.2).t == pytest.approx(2.25)  # beyond what is known
    assert grid.nearest(1.05).at == 0
    assert grid.nearest(1.45).at == 4
    assert grid.nearest(0.5) is None


@given(
    st.lists(st.floats(0.05, 1.5), min_size=2, max_size=30),
    st.lists(st.integers(0, 4), min_size=30, max_size=30),
    st.floats(0.05, 0.6),
)
def test_whatever_the_tracker_says_steps_come_in_order_and_never_together(gaps, places, lead):
    grid, t, given_out = Grid(), 5.0, []
    for gap, place in zip(gaps, places, strict=False):
        t += gap
        given_out += grid.due(t - lead)
        grid.beat(t, place, 4, 0.5)
        while grid.end < t - lead:
            grid.coast()
    given_out += grid.due(t + 2)
    times = np.array([s.t for s in given_out])
    assert (np.diff(times) >= 0.02 - 1e-9).all()
    assert all(0 <= s.at < 16 for s in given_out)
    assert np.diff(times, prepend=times[:1]).max() < 2.0
