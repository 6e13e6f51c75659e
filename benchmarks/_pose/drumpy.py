"""Real noise, real truth: DrumPy's takes, corrected without sound, beside filters at equal lag."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pose_smoothing as ps
from scipy.interpolate import CubicSpline

from rt_engine.inference.session import Session
from rt_engine.kinds import Pose
from rt_engine.violin.pose import Corrector

__all__ = ["Row", "compare", "load"]

SHIFTS = np.arange(-0.02, 0.4001, 0.005)  # s, where lags are looked for
FASTEST = 0.002  # s; a lag below this is none


class Row(NamedTuple):
    """Means over the takes: lag in ms; MPJPE in mm as it comes, and with the lag taken off; the
    same in the picture plane; jerk in m/s^3.
    """

    lag: float
    late: float
    error: float
    plane: float
    jerk: float


def load(folder: Path) -> list[ps.Take]:
    """All takes, with lags looked for as far as the longest lookahead."""
    ps.SHIFTS = SHIFTS
    return [ps.load(path) for path in sorted(folder.glob("*.npz"))]


def corrected(model: str) -> ps.Filter:
    """The network as the node runs it: places at the pictures' times, as late as they come."""
    session = Session(model, "cpu")

    def smooth(take: ps.Take, places: ps.Floats) -> ps.Floats:
        corrector = Corrector(session, listens=False)
        found: list[tuple[float, ps.Floats]] = []
        for t, x in zip(take.t, places, strict=True):
            for at, pose in corrector.see(round(t * 1e9), _pose(x, take.points)):
                if pose is not None:
                    found.append((at / 1e9, pose.world[take.points]))
        times, worlds = np.array([t for t, _ in found]), np.array([x for _, x in found])
        curve = CubicSpline(times, worlds)
        # the first poses, before the lookahead is over, are those that came first
        return np.asarray(curve(np.maximum(take.t - session.card.latency, times[0])))

    return smooth


def _pose(places: ps.Floats, points: list[int]) -> Pose:
    world, seen = np.zeros((33, 3), np.float32), np.zeros(33, np.float32)
    world[points], seen[points] = places, 1.0
    return Pose(0, np.zeros((33, 3), np.float32), world, seen, 1, 1)


def row(takes: list[ps.Take], smooth: ps.Filter) -> Row:
    """The figures of a filter."""
    found = []
    for take in takes:
        out = smooth(take, take.seen)
        lag = ps.lag_of(out, take.t, take.velocities)
        inside = (take.t > take.t[0] + 0.5) & (take.t < take.t[-1] - 0.5)
        back = CubicSpline(take.t, out)(take.t[inside] + lag) - take.truth[inside]
        late = (out - take.truth)[inside]
        errors = (np.linalg.norm(x, axis=-1).mean() for x in (late, back, back[..., ps.PLANE]))
        found.append((1000 * lag, *(1000 * e for e in errors), ps.jerk(out[inside], take.t)))
    return Row(*map(float, np.mean(found, axis=0)))


def at_lag(takes: list[ps.Take], make: Callable[[float], ps.Filter], lag: float) -> Row:
    """The figures where `make`'s number, which the lag rises with, gives `lag` ms; to 1 ms.

    The number is sought on every third take.
    """
    low, high, few = 1e-7, 1e3, takes[::3]
    for _ in range(20):
        middle = float(np.sqrt(low * high))
        lags = [1000 * ps.lag_of(make(middle)(t, t.seen), t.t, t.velocities) for t in few]
        if abs(np.mean(lags) - lag) < 1.0:
            break
        low, high = (low, middle) if np.mean(lags) > lag else (middle, high)
    return row(takes, make(middle))


def compare(takes: list[ps.Take], model: str) -> dict[str, Row]:
    """Raw, the filters at the model's lag, and the model."""
    own = row(takes, corrected(model))
    lag = max(own.lag, 1000 * FASTEST)
    return {
        "raw": row(takes, lambda take, places: places),
        "moving average": at_lag(takes, ps.moving_average, lag),
        "Kalman, constant velocity": at_lag(takes, ps.kalman, lag),
        "One-Euro, 1 Hz at rest": at_lag(takes, lambda slow: ps.one_euro(slow, 1.0), lag),
        "pose.Smooth": _smooth(takes, lag),
        model: own,
    }


def _smooth(takes: list[ps.Take], lag: float) -> Row:
    """`pose.Smooth` at the setting whose lag is nearest."""
    away = {q: abs(row(takes[::3], ps.ours(q)).lag - lag) for q in (0.0, 0.25, 0.5, 0.75, 1.0)}
    return row(takes, ps.ours(min(away, key=lambda q: away[q])))
