"""How real generated motion is: Fréchet and Euclidean distances, and the bow's turns.

Motions are lists of clips (n, k), all of one length; `standard` brings coordinates to the units of
the real motion first (Huang et al., "MOSA", section VI-D, "normalized"). The paper says neither
how it normalises nor over what it takes the covariance; here over all frames of all clips. Its
figures are therefore not comparable, but their order is.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "Standard",
    "at_turns",
    "diversity",
    "f_measure",
    "frechet",
    "reversals",
    "standard",
    "velocities",
    "with_bow",
]

Floats = npt.NDArray[np.float64]
Motions = Sequence[npt.ArrayLike]

LEAST = 1e-3  # of the height of C7: what moves less than this stands
WIDTH = 0.06  # s: standard deviation of the bump that a turn of the bow is


class Standard(NamedTuple):
    """Mean and spread of the coordinates of real motion, and which of them move at all."""

    mean: Floats
    spread: Floats
    moving: npt.NDArray[np.bool_]

    def of(self, motions: Motions) -> list[Floats]:
        """Motions in these units, without what never moves: feet that stand."""
        units = [(np.asarray(x, np.float64) - self.mean) / self.spread for x in motions]
        return [x[:, self.moving] for x in units]


def standard(real: Motions, least: float = LEAST) -> Standard:
    """The units of real motion."""
    rows = np.concatenate([np.asarray(x, np.float64) for x in real])
    spread = rows.std(axis=0)
    return Standard(rows.mean(axis=0), spread.clip(min=least), spread > least)


def velocities(motions: Motions, rate: float) -> list[Floats]:
    """Change a second, (n - 1, k)."""
    return [np.diff(np.asarray(x, np.float64), axis=0) * rate for x in motions]


def frechet(real: Motions, made: Motions) -> float:
    """Fréchet distance of two normal distributions, fitted to the frames of two sets of motions.

    |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau, 1982).
    """
    (m1, c1), (m2, c2) = (_normal(x) for x in (real, made))
    roots = np.sqrt(np.linalg.eigvals(c1 @ c2).real.clip(min=0.0))
    return float(((m1 - m2) ** 2).sum() + np.trace(c1) + np.trace(c2) - 2.0 * roots.sum())


def _normal(motions: Motions) -> tuple[Floats, Floats]:
    rows = np.concatenate([np.asarray(x, np.float64) for x in motions])
    return rows.mean(axis=0), np.atleast_2d(np.cov(rows, rowvar=False))


def diversity(made: Motions) -> float:
    """ED: mean distance of two clips, over all pairs and all frames."""
    clips = [np.asarray(x, np.float64) for x in made]
    if len(clips) < 2:
        raise ValueError(f"{len(clips)} clips: diversity needs 2")
    far = [np.linalg.norm(a - b, axis=-1).mean() for a, b in combinations(clips, 2)]
    return float(np.mean(far))


def with_bow(real: npt.ArrayLike, made: npt.ArrayLike) -> float:
    """Correlation (0 to 1) of two velocities along the bow, each (n,), whichever way it goes.

    The direction of a bow cannot be heard, so the sign is left open, once a clip.
    """
    return abs(_correlation(real, made))


def at_turns(velocity: npt.ArrayLike, times: npt.ArrayLike, turns: npt.ArrayLike) -> float:
    """Correlation (-1 to 1) of how much a velocity changes with turns of the bow.

    velocity: (n,) along the bow at `times` (s); at a turn it goes from one sign to the other, so
    its change is largest there. Every turn (s) is a bump of `WIDTH`.
    """
    v, t = np.asarray(velocity, np.float64), np.asarray(times, np.float64)
    middles, at = (t[1:] + t[:-1]) / 2, np.asarray(turns, np.float64)
    bumps = np.exp(-0.5 * ((middles[:, None] - at) / WIDTH) ** 2).sum(axis=1)
    return _correlation(np.abs(np.diff(v)), bumps)


def reversals(velocity: npt.ArrayLike, times: npt.ArrayLike, least: float) -> Floats:
    """Times (s) at which a hand turns, having gone `least` fast before and going so after."""
    v, t = np.asarray(velocity, np.float64), np.asarray(times, np.float64)
    fast = np.flatnonzero(np.abs(v) >= least)
    turned = np.flatnonzero(np.diff(np.sign(v[fast])))
    found = []
    for a, b in zip(fast[turned], fast[turned + 1], strict=True):
        cross = a + int(np.argmax(np.sign(v[a + 1 : b + 1]) == np.sign(v[b])))
        share = v[cross] / (v[cross] - v[cross + 1])
        found.append(t[cross] + share * (t[cross + 1] - t[cross]))
    return np.array(found)


def f_measure(found: npt.ArrayLike, true: npt.ArrayLike, window: float) -> float:
    """F (0 to 1) of times (s), each of which meets one of the others within `window`."""
    a, b = (sorted(np.asarray(x, np.float64).tolist()) for x in (found, true))
    count = len(a) + len(b)
    met, free = 0, b
    for t in a:
        near = next((x for x in free if abs(x - t) <= window), None)
        if near is not None:
            free = [x for x in free if x > near]
            met += 1
    return 2.0 * met / count if count else 1.0


def _correlation(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    """Pearson's; 0 where one of them does not change."""
    x, y = (np.asarray(v, np.float64) for v in (a, b))
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 1e-12 else 0.0
