"""The place in the bar beside beats: it tells the first of the bar where beats alone do not."""

import numpy as np
import pytest

from rt_engine.rhythm import (
    ActivationObservation,
    BarSpace,
    JointObservation,
    PlacedObservation,
    Settings,
    Tracker,
)

from .conftest import grid

FPS, PLACES = 50, 24
BEATS = grid(118, 30)


def frames(seconds=30, first=0, sure=0.9):
    """Rows (2 + 24): beats that are all alike, and the place in bars of four that begin at one."""
    times = np.arange(seconds * FPS) / FPS
    number = np.interp(times, BEATS, np.arange(len(BEATS)), left=np.nan)
    rows = np.full((len(times), 2 + PLACES), 0.03)
    within = BEATS[:-2]
    rows[np.rint(within * FPS).astype(int), :2] = 0.3
    rows[:, 2:] = (1.0 - sure) / (PLACES - 1)
    bars = ((number - first) / 4) % 1.0
    known = np.isfinite(bars)
    rows[np.flatnonzero(known), 2 + (bars[known] * PLACES).astype(int)] = sure
    return rows


def told(rows, observation, meters=(4,)):
    tracker = Tracker(FPS, observation, Settings(meters=meters))
    found = [b for k, row in enumerate(rows) for b in tracker.step(row, k / FPS).beats]
    return [b for b in found if 15 < b.due < BEATS[-1]]


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_the_first_of_the_bar_is_where_the_place_says(first):
    observation = PlacedObservation(ActivationObservation(FPS), PLACES, trust=0.1)
    found = told(frames(first=first), observation)
    numbers = [int(np.abs(BEATS - beat.due).argmin()) for beat in found]
    assert len(found) > 20
    assert all((b.position - 1 - n + first) % 4 == 0 for b, n in zip(found, numbers, strict=True))


def test_of_two_meters_the_one_is_chosen_that_the_place_counts():
    observation = PlacedObservation(ActivationObservation(FPS), PLACES, trust=0.1)
    assert {beat.meter for beat in told(frames(), observation, meters=(3, 4))} == {4}


def test_where_the_place_is_missing_or_even_nothing_is_changed():
    rows = frames()
    alone = [(b.due, b.position) for b in told(rows[:, :2], ActivationObservation(FPS))]
    for value in (np.nan, 1 / PLACES):
        rows[:, 2:] = value
        found = told(rows, PlacedObservation(ActivationObservation(FPS), PLACES))
        assert [b.position for b in found] == [position for _, position in alone]
        np.testing.assert_allclose([b.due for b in found], [due for due, _ in alone], atol=1e-9)


def test_every_state_has_the_part_of_its_bar():
    space = BarSpace(FPS, (60, 200), (3, 4))
    observation = PlacedObservation(JointObservation(FPS), PLACES)
    labels = observation.labels(space).reshape(space.rows, space.width)
    other = JointObservation(FPS).labels(space).reshape(space.rows, space.width)
    assert (labels // PLACES == other).all()
    parts = labels % PLACES
    for row in range(space.rows):
        low, high = (PLACES * (space.beat[row] + end) / space.meter[row] for end in (0, 1))
        assert parts[row].min() == int(low) and parts[row].max() == int(np.ceil(high)) - 1
    row = np.r_[0.2, 0.1, np.ones(5), np.full(PLACES, 1 / PLACES)]
    assert len(observation.likelihood(row)) == labels.max() + 1


def test_silence_and_reset_are_those_of_the_other():
    observation = PlacedObservation(ActivationObservation(FPS), PLACES)
    observation.likelihood(frames()[round(BEATS[0] * FPS)])
    assert observation.activity == 1.0 and observation.strength > 0.2
    observation.reset()
    assert observation.activity == observation.strength == 0.0
    with pytest.raises(ValueError, match=r"\(26,\) is needed"):
        observation.likelihood(np.zeros(2))
