"""The fit: over a few seconds the true beats are to win against other readings of the same sound.

A reading is a way to count a passage: in the true tempo or in another one, from a true beat or from
between two. Its score is that of `OnsetObservation` summed over the frames of a window, plus the
logarithm of the tracker's prior of its tempo; a softmax over the readings makes probabilities. The
weights make the true beats likely (whichever is called one), and among those, `BAR` as much, the
true bar: a conditional log-linear model with a latent bar.

Source: Lafferty, McCallum and Pereira 2001, "Conditional random fields", section 3, over a list of
readings in place of all paths; latent variables as in Quattoni et al. 2007, "Hidden conditional
random fields", section 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rt_engine.rhythm import OnsetObservation, Settings
from rt_engine.rhythm.statespace import Floats

LABELS = OnsetObservation.BETWEEN + 1
COLUMNS = OnsetObservation.dims + 1
SUM_ONLY = (COLUMNS - 2, COLUMNS - 1)  # the sum band and the bias
WARM = 2.0  # s at the start that are not fitted on: the running means are young
AHEAD = 0.01  # s: so long before its centre reaches an onset does a frame rise
BAR = 0.3
RIDGE = 0.03

# Tempo as a multiple of the true one, and beats by which the count is ahead. The first four are the
# true beats, the very first with the true downbeat.
TRUE = 4
READINGS = (
    *((1.0, float(k)) for k in range(TRUE)),
    *((1.0, k + part) for k in range(4) for part in (0.25, 0.5, 0.75)),
    *((2.0, k / 2) for k in range(8)),
    *((0.5, k / 4) for k in range(16)),
    *((1.5, k / 2) for k in range(8)),
    *((2 / 3, k / 3) for k in range(12)),
    *((0.75, float(k)) for k in range(4)),
    *((4 / 3, float(k)) for k in range(4)),
)


class Heard(NamedTuple):
    """An excerpt as the tracker gets it.

    rows: (frames, 5) onset strength in bands; times: (frames,) their centres, s; beats: (k, 2) time
    in s and position in the bar of four, 1..4.
    """

    name: str
    source: str
    rows: NDArray[np.float32]
    times: Floats
    beats: Floats

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))


class Windows(NamedTuple):
    """Passages to fit on.

    sums: (windows, readings, LABELS, COLUMNS), what was heard summed over the frames of each label.
    prior: (windows, readings), log prior of the tempo; -inf where the tracker does not look.
    """

    sums: Floats
    prior: Floats


def gather(pieces: Iterable[Heard], seconds: float) -> Windows:
    """All windows of `seconds` that lie between the first and the last beat of a piece."""
    sums, priors = [], []
    for piece in pieces:
        labels, known = readings(piece)
        observation = OnsetObservation(piece.frame_rate)
        heard = np.array([observation.hear(row) for row in piece.rows])
        size, start = round(seconds * piece.frame_rate), round(WARM * piece.frame_rate)
        for first in range(start, len(heard) - size + 1, size):
            window = slice(first, first + size)
            if known[window].all():
                one_hot = labels[:, window, None] == np.arange(LABELS)
                sums.append(np.einsum("rfl,fc->rlc", one_hot.astype(float), heard[window]))
                priors.append(_prior(piece))
    if not sums:
        raise ValueError(f"no piece has {seconds} s between its beats after {WARM} s")
    return Windows(np.array(sums), np.array(priors))


def readings(piece: Heard) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Label of every frame in each reading, (readings, frames), and whether beats are around it."""
    times = piece.times + AHEAD
    count = np.interp(times, piece.beats[:, 0], np.arange(len(piece.beats)) + piece.beats[0, 1] - 1)
    known = (times >= piece.beats[0, 0]) & (times <= piece.beats[-1, 0])
    ratio, ahead = np.array(READINGS).T[:, :, None]
    place = count * ratio + ahead
    return OnsetObservation.places((place // 1 % 4).astype(np.intp), place % 1), known


def _prior(piece: Heard) -> Floats:
    settings = Settings()
    bpm = 60.0 / np.median(np.diff(piece.beats[:, 0])) * np.array(READINGS)[:, 0]
    bell = -0.5 * (np.log2(bpm / settings.centre) / settings.octaves) ** 2
    inside = (bpm >= settings.bpm[0]) & (bpm <= settings.bpm[1])
    inside[:TRUE] = True
    return np.where(inside, bell, -np.inf)


class Loss(NamedTuple):
    """Mean negative log likelihood with its ridge, gradient (p,), and a bound of its curvature."""

    value: float
    gradient: Floats
    curvature: Floats


def loss(theta: ArrayLike, sums: Floats, prior: Floats, ridge: float = RIDGE) -> Loss:
    """The objective at theta (p,), for sums (windows, readings, p) and prior (windows, readings).

    The curvature is that of the softmax over all readings and of the ridge. The Hessian is this
    less (1 - `BAR`) of that of the softmax over the true readings, so it is never larger.
    """
    theta = np.asarray(theta, np.float64)
    scores = sums @ theta + prior
    every, true = _softmax(scores), _softmax(scores[:, :TRUE])
    among = _log_sum(scores[:, :TRUE])
    value = -(among - _log_sum(scores)) - BAR * (scores[:, 0] - among)
    expected = np.einsum("wr,wrp->wp", every, sums)
    expected_true = np.einsum("wr,wrp->wp", true, sums[:, :TRUE])
    slope = expected - expected_true - BAR * (sums[:, 0] - expected_true)
    weighted = (sums * np.sqrt(every)[:, :, None]).reshape(-1, sums.shape[2])
    spread = (weighted.T @ weighted - expected.T @ expected) / len(sums)
    return Loss(
        float(value.mean() + 0.5 * ridge * theta @ theta),
        slope.mean(axis=0) + ridge * theta,
        spread + ridge * np.eye(len(theta)),
    )


def _log_sum(scores: Floats) -> Floats:
    top = scores.max(axis=1)
    return np.asarray(top + np.log(np.exp(scores - top[:, None]).sum(axis=1)))


def _softmax(scores: Floats) -> Floats:
    return np.asarray(np.exp(scores - _log_sum(scores)[:, None]))


def minimise(sums: Floats, prior: Floats, ridge: float = RIDGE, steps: int = 200) -> Floats:
    """Theta (p,) of the least loss, from 0, by Newton steps on the bound of the curvature."""
    theta = np.zeros(sums.shape[2])
    for _ in range(steps):
        here = loss(theta, sums, prior, ridge)
        step = np.linalg.solve(here.curvature, here.gradient)
        if here.gradient @ step < 1e-10:
            break
        theta = _descend(theta, step, here, sums, prior, ridge)
    return theta


def _descend(
    theta: Floats, step: Floats, here: Loss, sums: Floats, prior: Floats, ridge: float
) -> Floats:
    """The longest of step, step / 2, step / 4, ... that lessens the loss enough (Armijo)."""
    for halvings in range(30):
        share = 0.5**halvings
        moved = theta - share * step
        if (
            loss(moved, sums, prior, ridge).value
            <= here.value - 1e-4 * share * here.gradient @ step
        ):
            return moved
    return theta


def fit(windows: Windows, columns: Iterable[int] = range(COLUMNS), ridge: float = RIDGE) -> Floats:
    """Weights (LABELS, COLUMNS) for `OnsetObservation`; columns that are not fitted stay 0."""
    chosen = list(columns)
    count = len(windows.sums)
    sums = windows.sums[..., chosen].reshape(count, len(READINGS), -1)
    weights = np.zeros((LABELS, COLUMNS))
    weights[:, chosen] = minimise(sums, windows.prior, ridge).reshape(LABELS, len(chosen))
    return weights
