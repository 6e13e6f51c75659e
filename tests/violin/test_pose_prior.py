"""The Kalman filter of a violinist: against plain least squares, and as a card keeps its prior."""

import numpy as np
import pytest

from rt_engine.violin.pose_prior import Follower, Prior, packed, unpacked

N, MOMENTS = 6, 3


def prior(seed=0, bodies=2, moves=2):
    rng = np.random.default_rng(seed)
    process = np.zeros((MOMENTS * moves, moves))
    process[:moves], process[moves : 2 * moves] = 1.6 * np.eye(moves), -0.7 * np.eye(moves)
    axes = np.linalg.qr(rng.normal(size=(N, moves)))[0]
    spread = np.cov(rng.normal(size=(moves, 50)))
    return Prior(
        rng.normal(size=N), rng.normal(size=(N, bodies)), axes, spread, process,
        0.01 * np.eye(moves),
    )  # fmt: skip


def least_squares(known, seen, weight, at):
    """Mean and variance (n,) of the places `at` a step, by all of the Gaussians written out."""
    k, b, steps = known.moves.shape[1], known.bodies.shape[1], len(seen)
    count = (steps + MOMENTS) * k + b  # all moments, the oldest first; the body last
    precision, said = np.zeros((count, count)), np.zeros(count)
    precision[-b:, -b:] = np.eye(b)
    first = np.kron(np.ones((MOMENTS, MOMENTS)), known.spread) + 1e-6 * np.eye(MOMENTS * k)
    old = slice(0, MOMENTS * k)
    precision[old, old] += np.linalg.inv(first)
    for step in range(steps):
        new = np.zeros((k, count))
        new[:, (step + MOMENTS) * k : (step + MOMENTS + 1) * k] = np.eye(k)
        for back in range(MOMENTS):
            begin = (step + MOMENTS - 1 - back) * k
            new[:, begin : begin + k] -= known.process[back * k : (back + 1) * k].T
        precision += new.T @ np.linalg.inv(known.drive) @ new
        look = looks(known, step, count)
        precision += look.T @ np.diag(weight[step]) @ look
        said += look.T @ (weight[step] * (seen[step] - known.mean))
    cov, look = np.linalg.inv(precision), looks(known, at, count)
    return known.mean + look @ cov @ said, np.diag(look @ cov @ look.T)


def looks(known, step, count):
    k, b = known.moves.shape[1], known.bodies.shape[1]
    look = np.zeros((N, count))
    look[:, (step + MOMENTS) * k : (step + MOMENTS + 1) * k] = known.moves
    look[:, -b:] = known.bodies
    return look


@pytest.mark.parametrize("lag", [0, 2])
def test_it_says_what_least_squares_over_everything_says(lag):
    known, rng = prior(), np.random.default_rng(1)
    seen = rng.normal(size=(12, N))
    weight = (rng.random((12, N)) < 0.6) / rng.uniform(0.01, 0.2, (12, N))
    follower = Follower(known, lag)
    for x, w in zip(seen, weight, strict=True):
        follower.predict()
        follower.update(x[None], w[None])
    place, variance = least_squares(known, seen, weight, 11 - lag)
    np.testing.assert_allclose(follower.place()[0], place, atol=1e-5)
    np.testing.assert_allclose(follower.spread()[0], variance, rtol=1e-4, atol=1e-7)


def test_bodies_side_by_side_are_each_as_if_alone():
    known, rng = prior(), np.random.default_rng(2)
    together, alone = Follower(known, 1, 3), [Follower(known, 1) for _ in range(3)]
    for _ in range(20):
        x, weight = rng.normal(size=(2, 3, N))
        weight = np.abs(weight) * (rng.random((3, 1)) < 0.5)
        together.predict()
        together.update(x, weight)
        for row, one in enumerate(alone):
            one.predict()
            one.update(x[row : row + 1], weight[row : row + 1])
    for row, one in enumerate(alone):
        np.testing.assert_allclose(together.place()[row], one.place()[0], atol=1e-6)


def test_a_card_gives_back_every_bit():
    known = prior()
    again = unpacked(packed(known))
    for name in ("mean", "bodies", "moves", "spread", "process", "drive"):
        np.testing.assert_array_equal(getattr(again, name), getattr(known, name))


def test_numbers_that_are_too_few_are_refused():
    broken = packed(prior())
    broken["shapes"][0] = [N + 1]
    with pytest.raises(ValueError, match="prior"):
        unpacked(broken)
