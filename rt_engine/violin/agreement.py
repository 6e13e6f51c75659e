"""How well a violin that is heard fits a violinist who is seen, at every shift of time.

Two clues that fail in different playing. Where the bow turns, the hand stands still and the level
dips: exact, but an even pulse fits at each of its periods, and a slur has no turns. Where the bow
goes to another string, the elbow rises or falls and pitch and timbre change: unlike from note to
note, but the arm may move in the gap before the note.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["RATE", "SHIFTS", "crossing", "gaps", "turning"]

Floats = NDArray[np.float64]

RATE = 50  # rows a second that are compared
REACH = 0.44  # s that are compared to either side
CALM = 0.04  # s, standard deviation of what smooths hand and elbow
CALMER = 0.06  # s, likewise, before turns are counted
USUAL = 0.25  # s, likewise, of what level and speed are compared with: it leaves dips
SLOW = 0.5  # s, likewise, for timbre and elbow
SLOWEST = 0.02  # m/s, added to the speed before its logarithm
FLOOR = 1e-3  # of full scale, added to the level before its logarithm
LOUDEST = 0.5  # s around a row whose loudest row it is weighed against
QUIET = 0.4  # of that, below which there is a gap
RIDGE = 0.03  # of the rows, against weights that rest on little
MOST = 0.8  # of what is heard that can be seen, or of what is seen that can be heard
OFTEN = 7.5  # observations a second that level and speed are worth, at most
EACH = 2.5  # and for each turn of the hand
SELDOM = 5.0  # observations a second that timbre and elbow are worth

PLAIN = 3.0  # kurtosis of what moves all the time

SHIFTS = np.arange(-round(REACH * RATE), round(REACH * RATE) + 1)


def turning(level: Floats, place: Floats) -> Floats:
    """Log-likelihoods (shifts,) that dips of the level are turns of the hand, later by each shift.

    level: of full scale; place: m along the bow; (n,) each, at the same times. A Gaussian's, from
    the correlation of the logarithms of level and speed, and as many independent observations as
    the turns allow: 0 is no relation.
    """
    speed = np.abs(np.gradient(_smooth(place, CALM))) * RATE
    heard = _unit(_middle(_apart(np.log(np.maximum(level, 0.0) + FLOOR), USUAL)))
    seen = _apart(np.log(speed + SLOWEST), USUAL)
    fits = np.array([heard @ _unit(row) / len(heard) for row in _shifted(seen)])
    turns = np.count_nonzero(np.diff(np.sign(np.gradient(_smooth(place, CALMER)))))
    many = min(OFTEN * len(heard) / RATE, EACH * turns)
    return np.asarray(-0.5 * many * np.log1p(-MOST * np.maximum(fits, 0.0) ** 2))


def crossing(timbre: Floats, level: Floats, elbow: Floats) -> Floats:
    """Log-likelihoods (shifts,) that timbre tells the height of the elbow, later by each shift.

    timbre: (n, columns), what is heard of pitch and string; level: of full scale, (n,); elbow: m,
    (n,). A Gaussian's, from the share of the elbow's variance that a ridge regression on the
    timbre explains within this playing itself: nothing is taken from other players or violins.
    Rows count as the square of their loudness, since in a gap the arm moves and nothing sounds.
    """
    loud = _middle(_loudness(level)) ** 2
    weights = loud / loud.sum()
    heard = _middle(_apart(timbre, SLOW))
    heard = heard - weights @ heard
    heard /= np.sqrt(weights @ np.square(heard)) + 1e-9
    weighed = weights[:, None] * heard
    moved = _apart(_smooth(elbow, CALM), SLOW)
    seen = _shifted(moved)
    variance = np.square(seen) @ weights - (seen @ weights) ** 2
    products = seen @ weighed
    ridge = heard.T @ weighed + RIDGE * np.eye(heard.shape[1])
    told = np.sum(products.T * np.linalg.solve(ridge, products.T), axis=0)
    share = told / (variance + 1e-12)
    many = SELDOM * _busy(_middle(moved)) * len(loud) / RATE
    return np.asarray(-0.5 * many * np.log1p(-MOST * np.clip(share, 0.0, 1.0)))


def gaps(level: Floats) -> float:
    """The share of the rows that lie between notes that are not joined, from their level (n,)."""
    return float(np.mean(_loudness(level) < QUIET))


def _busy(values: Floats) -> float:
    """`PLAIN` over the kurtosis, at most 1: what rests on few moves is worth less."""
    squares = np.square(values - values.mean())
    return float(min(1.0, PLAIN * squares.mean() ** 2 / (np.square(squares).mean() + 1e-24)))


def _middle(values: Floats) -> Floats:
    """The rows that every shift has a partner for."""
    reach = int(SHIFTS[-1])
    return values[reach : len(values) - reach]


def _shifted(values: Floats) -> Floats:
    """The partners of `_middle` at each of `SHIFTS`: (shifts, rows)."""
    rows = len(values) - 2 * int(SHIFTS[-1])
    return np.lib.stride_tricks.sliding_window_view(values, rows)


def _apart(values: Floats, seconds: float) -> Floats:
    return values - _smooth(values, seconds)


def _unit(values: Floats) -> Floats:
    away = values - values.mean()
    return np.asarray(away / (away.std() + 1e-12))


def _loudness(level: Floats) -> Floats:
    """Each row against the loudest within `LOUDEST` around it."""
    level, reach = np.maximum(level, 1e-4), round(LOUDEST * RATE / 2)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(level, reach, "edge"), 2 * reach + 1)
    return np.asarray(level / around.max(axis=1))


def _smooth(values: Floats, seconds: float) -> Floats:
    """A Gaussian of that standard deviation down each column, the ends held."""
    if values.ndim > 1:
        return np.array([_smooth(column, seconds) for column in values.T]).T
    reach = round(3 * seconds * RATE)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (seconds * RATE)) ** 2)
    return np.convolve(np.pad(values, reach, "edge"), kernel / kernel.sum(), "valid")
