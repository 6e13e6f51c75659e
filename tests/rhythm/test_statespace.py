import numpy as np
import pytest

from rt_engine.rhythm import BarSpace


@pytest.fixture
def space():
    return BarSpace(100.0, (60, 200), (3, 4))


def test_the_periods_cover_the_range(space):
    assert 60 * 100 / space.periods.min() >= 200
    assert 60 * 100 / space.periods.max() <= 60
    assert space.size == 7 * space.periods.sum()


def test_beats_follow_one_another_within_their_bar(space):
    assert space.following.tolist() == [1, 2, 0, 4, 5, 6, 3]
    assert space.following[space.previous].tolist() == list(range(7))


def test_tempo_changes_are_small_and_symmetric_in_ratio(space):
    assert np.allclose(space.transition.sum(axis=1), 1)
    middle = len(space.periods) // 2
    assert space.transition[middle].argmax() == middle
    falloff = space.transition[middle, middle + 2] / space.transition[middle, middle + 1]
    assert falloff == pytest.approx(np.exp(-80 / space.periods[middle]))


def test_the_tempo_prior_is_the_same_an_octave_up_and_down(space):
    prior = space.tempo_prior(120, 0.5) * space.periods
    at = {bpm: prior[np.abs(6000 / space.periods - bpm).argmin()] for bpm in (80, 120, 180)}
    assert at[80] == pytest.approx(at[180], rel=0.05)
    assert at[120] > at[80]


@pytest.mark.parametrize(("phase", "row", "neighbour"), [(0.98, 4, 5), (0.02, 3, 6)])
def test_a_belief_around_a_place_runs_over_the_beat(space, phase, row, neighbour):
    rows = space.around(50, phase, row).reshape(space.rows, space.width).sum(axis=1)
    assert rows.argmax() == row
    assert rows[neighbour] > 0.1
    assert rows[:3].sum() == 0


@pytest.mark.parametrize(
    ("bpm", "meters", "word"),
    [
        ((0, 100), (4,), "range"),
        ((200, 60), (4,), "range"),
        ((1, 200), (4,), "20 <= lowest"),
        ((60, float("inf")), (4,), "range"),
        ((60, 2000), (4,), "frames a beat"),
        ((60, 200), (), "meters"),
        ((60, 200), (4, 4), "meters"),
        ((60, 200), (0,), "meters"),
    ],
)
def test_mistakes_are_explained(bpm, meters, word):
    with pytest.raises(ValueError, match=word):
        BarSpace(100.0, bpm, meters)
