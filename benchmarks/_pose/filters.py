"""Filters without learning, on windows of 3 s: smoothed where a picture is, straight in between.

Each has one number, chosen on the validation takes. The One-Euro filter is causal, the moving
average looks both ways, and so does the Kalman filter's smoother: all of the window is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rt_engine.models.pose_correction.evaluate import Case, Way, cut, scores

__all__ = ["FILTERS", "best", "still"]

Floats = npt.NDArray[np.float64]
Filter = Callable[[Floats, float], Floats]  # places (pictures, n) and s between them

RATE = 50
NOISE = 0.3  # m, of a coordinate


def moving_average(seconds: float) -> Filter:
    """The mean of what lies within half of `seconds` on either side."""

    def smooth(places: Floats, step: float) -> Floats:
        half = max(round(seconds / step / 2), 0)
        sums = np.concatenate([np.zeros((1, places.shape[1])), np.cumsum(places, axis=0)])
        count = len(places)
        low = np.maximum(np.arange(count) - half, 0)
        high = np.minimum(np.arange(count) + half + 1, count)
        found: Floats = (sums[high] - sums[low]) / (high - low)[:, None]
        return found

    return smooth


def kalman(slack: float) -> Filter:
    """Constant velocity, smoothed backwards too; slack: m^2/s^3 of acceleration noise."""

    def smooth(places: Floats, step: float) -> Floats:
        move = np.array([[1.0, step], [0.0, 1.0]])
        drift = slack * np.array([[step**3 / 3, step**2 / 2], [step**2 / 2, step]])
        state = np.zeros((2, places.shape[1]))
        state[0], spread = places[0], np.diag([NOISE**2, 1.0])
        states, spreads = [state], [spread]
        for seen in places[1:]:
            state, spread = move @ state, move @ spread @ move.T + drift
            gain = spread[:, :1] / (spread[0, 0] + NOISE**2)
            state, spread = state + gain * (seen - state[0]), spread - gain @ spread[:1]
            states.append(state)
            spreads.append(spread)
        for k in range(len(states) - 2, -1, -1):
            ahead = move @ spreads[k] @ move.T + drift
            back = spreads[k] @ move.T @ np.linalg.inv(ahead)
            states[k] = states[k] + back @ (states[k + 1] - move @ states[k])
        return np.array(states)[:, 0]

    return smooth


def one_euro(rest: float) -> Filter:
    """Casiez et al. 2012: cut-off at rest in Hz, and 0.1 Hz per m/s."""

    def smooth(places: Floats, step: float) -> Floats:
        place, speed, found = places[0], np.zeros(places.shape[1]), [places[0]]
        for seen in places[1:]:
            speed = speed + ((seen - place) / step - speed) / (1 + 1 / (2 * np.pi * step))
            cutoff = rest + 0.1 * np.abs(speed)
            place = place + (seen - place) / (1 + 1 / (2 * np.pi * cutoff * step))
            found.append(place)
        return np.array(found)

    return smooth


FILTERS: dict[str, tuple[Callable[[float], Filter], Sequence[float]]] = {
    "moving average": (moving_average, (0.2, 0.5, 1.0, 2.0, 4.0)),
    "Kalman, both ways": (kalman, (1e-4, 1e-3, 1e-2, 1e-1, 1.0)),
    "One-Euro": (one_euro, (0.03, 0.1, 0.3, 1.0, 3.0)),
}


def filtered(smooth: Filter, stride: int) -> Way:
    """The way of a filter for pictures at every `stride`-th step."""

    def one(case: Case) -> npt.NDArray[np.float32]:
        return np.stack([_window(case, start, smooth, stride) for start in case.starts])

    return lambda tried: [one(case) for case in tried]


def _window(case: Case, start: int, smooth: Filter, stride: int) -> npt.NDArray[np.float32]:
    whole = cut(case.view.x, [start])[0].astype(np.float64).reshape(-1, 39)
    there = np.flatnonzero(cut(case.view.there, [start])[0][:, 0])
    found = smooth(whole[there], stride / RATE)
    t = np.clip(np.arange(len(whole)), there[0], there[-1])
    low = np.clip(np.searchsorted(there, t, side="right") - 1, 0, len(there) - 2)
    share = ((t - there[low]) / (there[low + 1] - there[low]))[:, None]
    between = found[low] + share * (found[low + 1] - found[low])
    return between.reshape(-1, 13, 3).astype(np.float32)


def best(name: str, valid: Sequence[Case], stride: int) -> Way:
    """The way of a filter with the number that serves the validation takes best."""
    make, choices = FILTERS[name]
    ways = [filtered(make(number), stride) for number in choices]
    return min(ways, key=lambda way: scores(way, valid)[0]["MPJPE"])


def still(mean: npt.NDArray[np.float32]) -> Way:
    """A way that sees nothing: the mean pose (13, 3) of the training takes."""
    return lambda tried: [np.tile(mean, (len(case.starts), 150, 1, 1)) for case in tried]
