"""Pictures and sound on one grid: every step once, in order, and nobody waits for ever."""

import numpy as np
import pytest

from rt_engine.violin.pose_grid import PATIENCE, STEP, Grid

ROW = np.ones(35, np.float32)


def picture(grid, seconds, name="x"):
    return grid.see(round(seconds * 1e9), name)


@pytest.mark.parametrize("fps", [15, 24, 30, 50, 60])
def test_every_step_comes_once_and_in_order(fps):
    rng = np.random.default_rng(fps)
    t = 3.0 + np.cumsum(np.maximum(1 + 0.2 * rng.standard_normal(200), 0.2)) / fps
    grid, steps = Grid(listens=False), []
    for k, at in enumerate(t):
        steps += picture(grid, at, k)
    numbers = [step.number for step in steps]
    assert numbers == list(range(round(t[0] * 50), round(t[-1] * 50) + 1))
    for step in steps:
        if step.seen is not None:
            assert step.number / 50 + step.age == pytest.approx(t[step.seen], abs=1e-8)
            assert abs(step.age) <= 0.0101
    kept = sum(step.seen is not None for step in steps)
    assert kept == len(set(np.rint(t * 50)))


def test_of_two_pictures_of_a_step_and_of_a_late_one_the_first_counts():
    grid = Grid(listens=False)
    assert [s.seen for s in picture(grid, 1.0, "a")] == ["a"]
    assert not picture(grid, 1.009, "b") and not picture(grid, 0.9, "c")


def test_with_sound_a_step_waits_for_both():
    grid = Grid(listens=True)
    assert not picture(grid, 1.0) and not picture(grid, 1.04)
    assert [s.number for s in grid.hear(1_001_000_000, ROW)] == [50]
    found = [grid.hear((50 + k) * STEP + 1_000_000, ROW * k) for k in range(1, 4)]
    assert [s.number for steps in found for s in steps] == [51, 52]
    assert [float(s.heard[0]) for steps in found for s in steps] == [1.0, 2.0]


def test_sound_that_ceases_is_waited_for_and_then_done_without():
    grid, steps = Grid(listens=True), []
    for k in range(200):
        steps += grid.see(k * STEP, k)
        if k < 100 or k >= 180:
            steps += grid.hear(k * STEP, ROW)
        assert grid.deaf == (100 + PATIENCE <= k < 180)
    assert [s.number for s in steps] == list(range(200))
    heard = [s.number for s in steps if s.heard is not None]
    assert heard == [*range(101), *range(181, 200)]  # at 180 the picture came before the sound


def test_sound_that_never_comes_is_done_without():
    grid = Grid(listens=True)
    steps = [s for k in range(100) for s in grid.see(k * STEP, k)]
    assert grid.deaf and [s.number for s in steps] == list(range(100))


def test_pictures_that_cease_leave_steps_without():
    grid, steps = Grid(listens=True), []
    for k in range(200):
        if k < 100 or k >= 180:
            steps += grid.see(k * STEP, k)
        steps += grid.hear(k * STEP, ROW)
        assert grid.blind == (100 + PATIENCE <= k < 180)
    numbers = [s.number for s in steps]
    assert numbers == sorted(set(numbers)) and numbers[-1] == 199
    assert [s.seen for s in steps if s.seen is not None] == [*range(100), *range(180, 200)]


def test_a_long_pause_is_jumped_over():
    grid = Grid(listens=False)
    picture(grid, 1.0)
    assert len(picture(grid, 3600.0)) <= 51


@pytest.mark.parametrize("listens", [False, True])
def test_pictures_with_nobody_leave_steps_without(listens):
    grid = Grid(listens)
    picture(grid, 1.0)
    steps = [s for k in range(51, 151) for s in grid.miss(k * STEP)]
    assert grid.blind and grid.deaf == listens
    assert [s.number for s in steps][-50:] == list(range(101, 151))
    assert not any(s.seen for s in steps[1:])
    picture(grid, 3.02)
    assert not grid.blind


def test_another_person_leaves_the_sound_as_it_was():
    grid = Grid(listens=True)
    grid.hear(0, ROW)
    for k in range(100):
        grid.see(k * STEP, "a")
    grid.begin()
    assert grid.deaf and [s.number for s in grid.see(100 * STEP, "b")] == [100] and grid.deaf
    grid.hear(100 * STEP, ROW)
    assert not grid.deaf


def test_sound_before_the_first_picture_is_kept_as_far_as_it_can_need_it():
    grid = Grid(listens=True)
    for k in range(10_000):
        assert not grid.hear(k * STEP, ROW * k)
    assert len(grid._rows) <= PATIENCE + 1
    (first, *_) = grid.see(9_980 * STEP, "a")
    assert (first.number, first.heard[0]) == (9_980, 9_980.0)
