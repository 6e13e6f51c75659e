"""Paths: the polynomial against SciPy's, and what is promised at and between knots."""

import numpy as np
import pytest
from scipy.interpolate import BPoly

from rt_engine.conducting.quintic import Knot, Path


def random_knots(rng, count=5):
    times = np.cumsum(rng.uniform(0.1, 0.8, count))
    vectors = [tuple(map(tuple, rng.normal(size=(3, 3)).tolist())) for _ in range(count)]
    return [Knot(t, *rows) for t, rows in zip(times.tolist(), vectors, strict=True)]


def derived(path, t):
    knot = path.state(t)
    return np.array([knot.place, knot.velocity, knot.acceleration])


def test_it_is_the_polynomial_of_degree_five_between_two_states():
    first, *rest = random_knots(np.random.default_rng(0))
    path = Path(first)
    path.go(rest)
    start = first._replace(velocity=(0.0,) * 3, acceleration=(0.0,) * 3)  # it starts from rest
    knots = [start, *rest]
    values = np.array([knot[1:] for knot in knots])
    oracle = BPoly.from_derivatives([knot.t for knot in knots], values)
    for t in np.linspace(first.t, rest[-1].t - 1e-9, 97):
        expected = [oracle(t), oracle.derivative()(t), oracle.derivative(2)(t)]
        assert np.allclose(derived(path, t), expected, atol=1e-9)
        assert np.allclose(path.place(t), expected[0], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_a_turn_changes_neither_the_past_nor_the_motion_of_the_moment(seed):
    rng = np.random.default_rng(seed)
    first, *rest = random_knots(rng)
    path = Path(first)
    path.go(rest)
    at = rng.uniform(first.t, rest[-1].t)
    before = [derived(path, t) for t in (at - 0.05, at)]
    later = [knot._replace(t=knot.t + at) for knot in random_knots(rng, 3)]
    path.turn(at, later)
    assert np.allclose([derived(path, t) for t in (at - 0.05, at)], before, atol=1e-7)
    assert np.allclose(derived(path, at + 1e-7), before[1], atol=1e-2)
    for knot in later[:-1]:
        assert np.allclose(derived(path, knot.t), knot[1:])


def test_it_rests_before_the_first_and_after_the_last_knot():
    path = Path(Knot(1.0, (1.0, 2.0, 3.0)))
    path.go([Knot(2.0, (4.0, 5.0, 6.0))])
    assert path.place(-5.0) == (1.0, 2.0, 3.0) and path.place(9.0) == (4.0, 5.0, 6.0)
    path.turn(5.0, [Knot(6.0, (0.0, 0.0, 0.0))])
    assert path.place(5.0) == (4.0, 5.0, 6.0) and path.place(6.0) == (0.0, 0.0, 0.0)


def test_what_is_forgotten_does_not_change_what_comes():
    first, *rest = random_knots(np.random.default_rng(3))
    whole, cut = Path(first), Path(first)
    whole.go(rest)
    cut.go(rest)
    cut.forget(rest[1].t + 0.01)
    for t in np.linspace(rest[1].t + 0.01, rest[-1].t, 30):
        assert cut.place(t) == whole.place(t)


def test_halting_takes_the_least_jerk_of_all_places_to_halt_at():
    """Oracle: the integral of squared jerk of quintics to places around it, by quadrature."""
    start = Knot(0.0, (0.0, 0.0, 0.0), (1.5, 0.0, 0.0), (-4.0, 0.0, 0.0))
    path = Path(Knot(-1.0, (0.0, 0.0, 0.0)))
    path.go([start, Knot(1.0, (1.0, 0.0, 0.0))])
    found = path.halt(0.0, 0.4).place[0]

    def jerk(place):
        ends = [[0.0, 1.5, -4.0], [place, 0.0, 0.0]]
        third = BPoly.from_derivatives([0.0, 0.4], ends).derivative(3)
        return float(np.mean(third(np.linspace(0, 0.4, 2001)) ** 2))

    places = found + np.linspace(-0.02, 0.02, 41)
    assert abs(places[np.argmin([jerk(p) for p in places])] - found) < 1e-6


def test_times_must_rise():
    path = Path(Knot(0.0, (0.0, 0.0, 0.0)))
    with pytest.raises(ValueError, match=r"0\.0000 s cannot follow"):
        path.go([Knot(0.0, (1.0, 0.0, 0.0))])
