"""How near a generated motion comes to the real one: the measures of M2S-GAN, and of live use.

Motions are arrays (n, 13, 2) in units of the picture, 30 frames a second. Liu et al. 2022,
section 6.2, equations 4 to 9. The published implementation computes RDE, SCE and SD otherwise than
the text; `definition` chooses: "published" or "paper". Sync error and Wasserstein distance need a
network each, see `evaluate`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from rt_engine.models.conducting.music import MOTION_RATE

Array = npt.NDArray[np.float64]
Definition = Literal["published", "paper"]

SCALE = 1e7  # k of equations 7 and 8
SEGMENT = 256  # samples of a periodogram
SLOWEST = 0.7  # Hz: below is sway, not rhythm (40 beats a minute)
LAST_BIN = 25  # of the published implementation
POOL, STRIDE = 60, 30  # frames of a strength contour
NEAR = 0.1  # s: the standard deviation of a beat that counts as met
HANDS = slice(9, 11)  # left and right wrist


def mse(real: npt.ArrayLike, made: npt.ArrayLike) -> float:
    """Mean squared error of the coordinates (equation 4)."""
    return float(np.mean((_flat(real) - _flat(made)) ** 2))


def rde(real: npt.ArrayLike, made: npt.ArrayLike, definition: Definition = "published") -> float:
    """Rhythm density error (equation 7)."""
    a, b = (rhythm_density(x, definition) for x in (real, made))
    return _scaled(a - b, definition)


def sce(real: npt.ArrayLike, made: npt.ArrayLike, definition: Definition = "published") -> float:
    """Strength contour error (equation 8)."""
    a, b = (strength_contour(x, definition) for x in (real, made))
    return _scaled(a - b, definition)


def sd(motion: npt.ArrayLike, definition: Definition = "published") -> float:
    """Standard deviation over time (equation 9)."""
    variance = _flat(motion).var(axis=0, ddof=1)
    if definition == "paper":
        return float(np.sqrt(variance.sum()))
    return float(np.sqrt(variance).mean())


def sdp(real: npt.ArrayLike, made: npt.ArrayLike, definition: Definition = "published") -> float:
    """Standard deviation of the made motion in percent of the real one's."""
    return 100.0 * sd(made, definition) / max(sd(real, definition), 1e-12)


def rhythm_density(motion: npt.ArrayLike, definition: Definition = "published") -> Array:
    """Power of the motion from 0.7 Hz on, bins of 30 / 256 Hz.

    Published: the mean over coordinates, to 2.9 Hz. Paper: the sum, to the top.
    """
    frequencies, power = welch(_flat(motion), MOTION_RATE)
    if definition == "paper":
        return np.asarray(power[frequencies >= SLOWEST].sum(axis=1))
    return np.asarray(power[: LAST_BIN + 1].mean(axis=1)[frequencies[: LAST_BIN + 1] >= SLOWEST])


def strength_contour(motion: npt.ArrayLike, definition: Definition = "published") -> Array:
    """Speed of the motion, averaged over 2 s, once a second.

    Published: the absolute value of the mean change. Paper: the sum of the absolute changes.
    """
    flat = _flat(motion)
    change = np.diff(flat, axis=0, prepend=flat[:1])
    speed = np.abs(change).sum(axis=1) if definition == "paper" else np.abs(change.mean(axis=1))
    if len(speed) < POOL:
        raise ValueError(f"{len(speed)} frames: a strength contour needs {POOL}")
    starts = range(0, len(speed) - POOL + 1, STRIDE)
    return np.array([speed[k : k + POOL].mean() for k in starts])


def welch(rows: npt.ArrayLike, rate: float, size: int = SEGMENT) -> tuple[Array, Array]:
    """Frequencies (f,) Hz and one-sided power density (f, columns) of rows (n, columns).

    Mean of periodograms over halfway overlapping segments, each less its mean, under a Hann window
    (P. Welch, "The use of fast Fourier transform for the estimation of power spectra", 1967);
    equals `scipy.signal.welch`. A shorter signal is one segment.
    """
    x = np.asarray(rows, np.float64)
    size = min(size, len(x))
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(size) / size)
    starts = range(0, len(x) - size + 1, size - size // 2)
    pieces = np.stack([x[k : k + size] for k in starts])
    pieces = pieces - pieces.mean(axis=1, keepdims=True)
    spectra = np.fft.rfft(pieces * window[:, None], axis=1)
    power = (np.abs(spectra) ** 2).mean(axis=0) / (rate * (window**2).sum())
    power[1 : (size + 1) // 2] *= 2.0  # the other side; not of 0 Hz and of half the rate
    return np.fft.rfftfreq(size, 1.0 / rate), power


def jerk(motion: npt.ArrayLike, rate: float = MOTION_RATE) -> float:
    """Mean over time of the hands' third derivative, units a cubed second; (n, 13, 2 or 3)."""
    hands = np.asarray(motion, np.float64)[:, HANDS]
    return float(np.linalg.norm(np.diff(hands, 3, axis=0), axis=-1).mean()) * rate**3


def lowest_points(motion: npt.ArrayLike, rate: float = MOTION_RATE) -> Array:
    """Times (s) at which the hand with the longer way is lowest; motion (n, 13, 2), y downwards.

    A lowest point counts if the hand fell by half a standard deviation of its height in the half
    second before; its time is that of the parabola through three frames.
    """
    hands = np.asarray(motion, np.float64)[:, HANDS]
    which = int(np.abs(np.diff(hands, axis=0)).sum(axis=(0, 2)).argmax())
    y = hands[:, which, 1]
    depth = 0.5 * float(y.std())
    found = np.flatnonzero((y[1:-1] > y[:-2]) & (y[1:-1] >= y[2:])) + 1
    deep = [k for k in found if y[k] - y[max(0, k - round(0.5 * rate)) : k + 1].min() > depth]
    return np.array([_vertex(y, k) for k in deep]) / rate


def _vertex(y: Array, k: int) -> float:
    """Place of the extremum of the parabola through three samples."""
    bend = y[k - 1] - 2 * y[k] + y[k + 1]
    return k + 0.5 * float(y[k - 1] - y[k + 1]) / float(bend) if bend else float(k)


def beat_consistency(moves: npt.ArrayLike, beats: npt.ArrayLike, width: float = NEAR) -> float:
    """How near each beat of the music (s) a turn of the motion (s) lies: 0 to 1.

    Mean over the beats of exp(-d^2 / (2 width^2)), d the distance to the nearest one (beat
    alignment as in Siyao et al. 2022, "Bailando", equation 10, from the music's side).
    """
    turns, wanted = np.atleast_1d(moves).astype(float), np.atleast_1d(beats).astype(float)
    if not len(turns) or not len(wanted):
        return 0.0
    distance = np.abs(wanted[:, None] - turns[None]).min(axis=1)
    return float(np.exp(-(distance**2) / (2.0 * width**2)).mean())


def beat_f(moves: npt.ArrayLike, beats: npt.ArrayLike, window: float = 0.07) -> float:
    """F-measure of turns (s) against beats (s): pairs within 70 ms, each used once.

    Unlike `beat_consistency` it falls when a hand turns all the time.
    """
    turns, wanted = np.atleast_1d(moves).astype(float), np.atleast_1d(beats).astype(float)
    hits, k = 0, 0
    for beat in wanted:
        while k < len(turns) and turns[k] < beat - window:
            k += 1
        if k < len(turns) and turns[k] <= beat + window:
            hits, k = hits + 1, k + 1
    return 2.0 * hits / max(len(turns) + len(wanted), 1)


def diversity(takes: npt.ArrayLike) -> float:
    """Spread over draws of noise against the spread over time; takes (draws, n, 13, 2).

    The mean over frames and coordinates of the standard deviation over the draws, divided by that
    over the coordinates of the standard deviation over time. Constant differences between draws
    (another stature) count; see `diversity_of_gesture`.
    """
    x = np.asarray(takes, np.float64)
    x = x.reshape(*x.shape[:2], -1)
    return float(x.std(axis=0).mean() / max(float(x.std(axis=1).mean()), 1e-12))


def diversity_of_gesture(takes: npt.ArrayLike) -> float:
    """`diversity` of motions less their own mean pose: the gesture alone."""
    x = np.asarray(takes, np.float64)
    return diversity(x - x.mean(axis=1, keepdims=True))


def amplified(motion: npt.ArrayLike, factor: float, about_mean: bool = True) -> Array:
    """The spatial perturbation of figure 5: amplitudes times `factor` about the mean pose.

    about_mean False: the coordinates themselves, which breaks the proportions of the body, as
    the paper does for the Wasserstein distance.
    """
    x = np.asarray(motion, np.float64)
    middle = x.mean(axis=0) if about_mean else np.zeros(x.shape[1:])
    return np.asarray(middle + factor * (x - middle))


def stretched(motion: npt.ArrayLike, factor: float) -> Array:
    """The temporal perturbation of figure 5: `factor` times as slow, as many frames.

    What is missing at the end of a faster motion is the motion again, backwards.
    """
    x = np.asarray(motion, np.float64)
    place = np.abs((np.arange(len(x)) / factor + len(x) - 1) % (2 * (len(x) - 1)) - (len(x) - 1))
    below = np.clip(np.floor(place).astype(int), 0, len(x) - 2)
    part = (place - below).reshape(-1, *[1] * (x.ndim - 1))
    return np.asarray(x[below] * (1 - part) + x[below + 1] * part)


def _flat(motion: npt.ArrayLike) -> Array:
    x = np.asarray(motion, np.float64)
    return x.reshape(len(x), -1)


def _scaled(difference: Array, definition: Definition) -> float:
    square = difference**2
    size = square.sum() if definition == "paper" else square.mean()
    return float(np.log(SCALE * size + 1.0))
