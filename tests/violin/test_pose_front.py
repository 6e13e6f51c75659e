"""The filters before pose correction: what they say of motion, jitter, gaps and exchanges."""

import numpy as np
import pytest

from rt_engine.violin.pose_front import (
    FITS,
    FOLLOWED,
    JOINTS,
    NARROW,
    PAIRS,
    PLACES,
    RATE,
    SIGNALS,
    SIZE,
    WHOLE,
    WIDE,
    Front,
)
from rt_engine.violin.pose_prior import Prior
from rt_engine.violin.pose_swaps import PairSwaps


def body(seed=0):
    return np.random.default_rng(seed).normal(size=(JOINTS, 3)).astype(np.float32) * 0.5


def fed(front, places, there=None, age=None):
    """What the front says of bodies (n, rows, 13, 3): (n, rows, SIZE), and its means."""
    there = np.ones(places.shape[:3], np.float32) if there is None else there
    age = np.zeros(places.shape[:2], np.float32) if age is None else age
    rows = zip(places.astype(np.float32), there, age.astype(np.float32), strict=True)
    found = [(front.step(*row), front.mean) for row in rows]
    return np.array([numbers for numbers, _ in found]), np.array([mean for _, mean in found])


def bowing():
    """A prior of someone who sways along one line, and of bodies that differ along another."""
    rng = np.random.default_rng(3)
    moves = np.linalg.qr(rng.normal(size=(PLACES, 2)))[0]
    turn = 2 * np.cos(2 * np.pi * 0.7 / RATE) * 0.999  # an oscillation that hardly fades
    process = np.zeros((12, 2))
    process[:2], process[2:4] = turn * np.eye(2), -0.998 * np.eye(2)
    bodies = 0.1 * rng.normal(size=(PLACES, 2))
    spread, drive = 0.02 * np.eye(2), 1e-6 * np.eye(2)
    return Prior(body().ravel().astype(float), bodies, moves, spread, process, drive)


def signal(numbers, mean, which):
    return (numbers[..., which * PLACES : (which + 1) * PLACES] + mean).reshape(-1, JOINTS, 3)


@pytest.mark.parametrize("lookahead", [0, 5, 15])
def test_lines_are_exact_on_even_motion_whatever_the_times_of_the_pictures(lookahead):
    rng = np.random.default_rng(1)
    speed, start = rng.normal(size=(2, JOINTS, 3)) * 0.3
    count = 80
    age = rng.uniform(-0.01, 0.01, (count, 1))
    t = np.arange(count)[:, None] / RATE
    places = start + speed * (t + age)[..., None, None]
    there = (rng.random((count, 1, JOINTS)) < 0.6).astype(np.float32)
    numbers, mean = fed(Front(lookahead), places, there, age)
    true = start + speed * (t[-1] - lookahead / RATE)
    wide, narrow = (signal(numbers[-1], mean[-1], which)[0] for which in (WIDE, NARROW))
    # what `pose_calm` leaves alone of the lines
    found = np.concatenate([wide[:, :2], narrow[:, 2:]], axis=1)
    # the slope is held back a little, and with it the place where the window lies to one side
    assert np.abs(found - true).max() < (0.08 if lookahead == 0 else 0.01) * np.abs(speed).max()
    speeds = numbers[-1, 0, (SIGNALS + 1) * PLACES :][:PLACES].reshape(JOINTS, 3)
    np.testing.assert_allclose(speeds, speed, rtol=0.3 if lookahead == 0 else 0.15)


def test_many_bodies_at_once_are_each_as_if_alone():
    rng = np.random.default_rng(2)
    places = body() + rng.normal(size=(60, 4, JOINTS, 3)) * 0.3
    there = (rng.random((60, 4, JOINTS)) < 0.7).astype(np.float32)
    age = rng.uniform(-0.01, 0.01, (60, 4))
    together, _ = fed(Front(5, 4), places, there, age)
    for k in range(4):
        alone, _ = fed(Front(5), places[:, k : k + 1], there[:, k : k + 1], age[:, k : k + 1])
        np.testing.assert_allclose(together[:, k], alone[:, 0], atol=2e-6)
    assert together.shape == (60, 4, SIZE) and np.isfinite(together).all()


def test_the_mean_is_that_of_all_that_was_seen():
    rng = np.random.default_rng(3)
    places = body() + rng.normal(size=(300, 1, JOINTS, 3)) * 0.05
    there = (rng.random((300, 1, JOINTS)) < 0.5).astype(np.float32)
    _, mean = fed(Front(0), places, there)
    weight = np.exp(-np.arange(300)[::-1] / RATE / WHOLE)[:, None] * there[:, 0]
    true = (weight[..., None] * places[:, 0]).sum(0) / weight.sum(0)[:, None]
    np.testing.assert_allclose(mean[-1].reshape(JOINTS, 3), true, atol=1e-4)


def test_a_joint_that_was_never_seen_says_nothing():
    places = np.repeat(body()[None, None], 50, axis=0)
    there = np.ones((50, 1, JOINTS), np.float32)
    there[..., 4] = 0.0
    places[:, :, 4] = 1e6  # of no meaning
    numbers, mean = fed(Front(5), places, there)
    assert np.abs(numbers).max() < 10
    assert not mean[-1].reshape(JOINTS, 3)[4].any()


def test_reset_forgets():
    front = Front(5)
    rng = np.random.default_rng(4)
    places = body() + rng.normal(size=(40, 1, JOINTS, 3)) * 0.3
    first, _ = fed(front, places)
    front.reset()
    again, _ = fed(front, places)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("sigma", [0.02, 0.3])
def test_exchanged_joints_are_found_and_put_back(sigma):
    rng = np.random.default_rng(5)
    true = body()
    true[[3, 4]] = [[0.6, 0.3, 0.2], [-0.4, -0.6, 0.0]]
    places = true + rng.normal(size=(400, 1, JOINTS, 3)) * sigma
    wrong = places.copy()
    wrong[200:270, :, [3, 4]] = places[200:270, :, [4, 3]]
    numbers, _ = fed(Front(0), wrong)
    told = numbers[:, 0, -2]
    assert told[60:200].max() < 0.5 and told[225:270].min() > 0.5 and told[320:].max() < 0.5
    _, mean = fed(Front(0), places)
    _, kept = fed(Front(0), wrong)
    away = np.abs(kept[-1] - mean[-1]).reshape(JOINTS, 3)[[3, 4]].max()
    assert away < 0.1 * np.abs(true[3] - true[4]).max()


def test_no_exchange_is_seen_where_joints_move_about():
    t = np.arange(500) / RATE
    places = np.repeat(body(6)[None, None], 500, axis=0)
    places[:, 0, 5, 0] += 0.25 * np.sin(2 * np.pi * 0.8 * t)
    swaps, mean = PairSwaps(PAIRS, JOINTS, RATE), places.mean(axis=0)
    variance = np.full((1, JOINTS), 0.05, np.float32)
    for x in places:
        order = swaps.step(x, np.ones((1, JOINTS), np.float32), mean, variance)
        np.testing.assert_array_equal(order[0], np.arange(JOINTS))


def test_windows_are_where_the_documentation_has_them():
    assert max(FITS) == FITS[0]  # the wide line comes first


@pytest.mark.parametrize("lookahead", [0, 5, 15])
def test_the_filters_place_is_of_the_moment_that_the_front_speaks_of(lookahead):
    prior = bowing()
    t = np.arange(400) / RATE
    places = np.tile(prior.mean, (400, 1))
    places += 0.2 * np.sin(2 * np.pi * 0.7 * t)[:, None] * prior.moves[:, 0]
    seen = places.reshape(400, 1, JOINTS, 3).astype(np.float32)
    numbers, mean = fed(Front(lookahead, prior=prior), seen)
    found = np.stack([signal(*row, FOLLOWED)[0] for row in zip(numbers, mean, strict=True)])
    away = np.abs(found.reshape(400, -1)[200:] - places[200 - lookahead : 400 - lookahead])
    near = np.abs(found.reshape(400, -1)[200:] - places[200:])
    assert away.max() < 0.015
    assert lookahead == 0 or near.max() > 2 * away.max()


def test_with_a_prior_the_filter_is_nearer_than_every_other_signal_in_wild_noise():
    prior = bowing()
    t = np.arange(600) / RATE
    places = np.tile(prior.mean + 0.8 * prior.bodies[:, 0], (600, 1))
    places += 0.2 * np.sin(2 * np.pi * 0.7 * t)[:, None] * prior.moves[:, 0]
    noisy = places + np.random.default_rng(7).normal(0.0, 0.3, places.shape)
    numbers, mean = fed(Front(5, prior=prior), noisy.reshape(600, 1, JOINTS, 3))
    errors = []
    for which in range(SIGNALS):
        rows = zip(numbers[150:], mean[150:], strict=True)
        found = np.stack([signal(*row, which)[0] for row in rows]).reshape(450, -1)
        errors.append(np.abs(found - places[145:595]).mean())
    assert int(np.argmin(errors)) == FOLLOWED and errors[FOLLOWED] < 0.6 * sorted(errors)[1]
