"""What the network that corrects poses sees of them: 13 joints, on an even grid of time.

Landmarks of a webcam come 15 to 60 times a second, tremble, vanish and are exchanged. Nothing of
that needs to be learnt: a bank of filters sums up, for each joint, where it is on the whole, of
late and just now, how fast it moves, how far all that can be relied on, and when it was last
seen. The network chooses among the filters and corrects them. The bank works on many bodies at
once, so a training hears what a graph hears, from the same code.
"""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from rt_engine.violin.pose_calm import Calm
from rt_engine.violin.pose_prior import Follower, Prior
from rt_engine.violin.pose_swaps import PairSwaps

__all__ = [
    "CONTENT", "FOLLOWED", "JOINTS", "NARROW", "NOISE", "PLACES", "RATE", "SIGNALS", "SIZE",
    "STALENESS", "WIDE", "Front",
]  # fmt: skip

Singles = npt.NDArray[np.float32]

CONTENT = "poses, filtered"
RATE = 50  # steps a second
JOINTS = 13  # of MAPdat: C7, shoulders, elbows, wrists, waist, knees, toes; right before left
PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12))  # right and left
WHOLE = 60.0  # s of the mean over the whole
MEANS = (2.0, 0.6)  # s of the means of late
FITS = (0.12, 0.055)  # s, standard deviations of the windows of the two local lines
REACH = 3.0  # of these that a window reaches back
HELD = 0.2  # how far slopes are held back, in samples that lie the window away
FEW = 0.02  # samples: of fewer in a window, the mean of late tells more
TREMBLE = 1.0  # s of the mean of the jitter
SWAY, SWAY_COUNT = 0.3, 10.0  # m, what a joint's deviation is taken to be before so many samples
STALE = 2.0  # s, since a joint was seen, at which that number is 1
NOISY, SHARE = 0.3, 6.0  # m, what the noise is taken to be before so many samples, and a little on
WILD = 0.1  # m of noise from which exchanged joints are known by their places, not by a leap
STEEP = 4.0  # power of the noise's variance by which what holds for a calm one ends there
QUICK = 0.1  # m that a joint may go in a step

SIGNALS = len(MEANS) + len(FITS) + 2  # of a joint: means, lines, the newest place, the filter's
WIDE, NARROW, FOLLOWED = SIGNALS - 4, SIGNALS - 3, SIGNALS - 1  # which of these
PLACES = JOINTS * 3
_OTHERS = 2 * 3 + 2 + 5  # of a joint: two velocities, two reliabilities, presence and the like
SIZE = PLACES * (SIGNALS + 1) + JOINTS * _OTHERS + 2
_SINGLE = PLACES * (SIGNALS + 3)  # where what a joint has one number of begins
STALENESS = slice(_SINGLE + 3 * JOINTS, _SINGLE + 4 * JOINTS)  # time since seen, over STALE
NOISE = SIZE - 1  # see `Front`
_SCALE, _LEAST = 0.3, 1e-6  # of the logarithms, m^2


class Front:
    """Places of `rows` bodies in, SIZE numbers a body and step out.

    lookahead: steps between the newest place and the moment that the lines and the network are
    about. prior: of a violinist's body and motion; without it the filter says nothing.

    The numbers: first the SIGNALS (means over 2 s and 0.6 s, wide line, narrow line, newest place,
    the place that the Kalman filter of `pose_prior` gives), each 39 numbers in metres from the mean
    over the whole, joint after joint; where the noise is calm, the narrow line in the plane of the
    picture and the wide one in depth (the third axis) are drawn to the 0.6 s mean by `pose_calm`.
    Then that mean, from the middle of all joints' means; then, for each joint, velocities of both
    lines (m/s), what the lines and the newest place rest on, presence, time since it was seen,
    jitter (0.3 ln(x^2 + 1e-6) + 1 of x m from picture to picture), weight of the mean over the
    whole, and standard deviation of the filter's place (m); last, how likely two joints are
    exchanged, and the noise of all joints, told as the jitter is.
    """

    def __init__(self, lookahead: int, rows: int = 1, prior: Prior | None = None) -> None:
        self.lookahead, self.rows = lookahead, rows
        self._follower: Follower | None = None
        self._later = 0  # steps that the filter's place waits until its moment is the front's
        if prior is not None:
            self._follower = Follower(prior, min(lookahead, prior.moments - 1), rows)
            self._later = max(0, lookahead - prior.moments + 1)
        self._length = lookahead + int(np.ceil(REACH * max(FITS) * RATE)) + 1
        self._lags = ((lookahead - np.arange(self._length)) / RATE).astype(np.float32)
        self._decays = [np.float32(np.exp(-1.0 / RATE / span)) for span in (WHOLE, *MEANS)]
        self._calm = np.float32(np.exp(-1.0 / RATE / TREMBLE))
        self._held = Calm(float(self._decays[-1]), rows)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        shape = (self.rows, JOINTS)
        self._sums = np.zeros((len(self._decays), *shape, 3), np.float32)
        self._counts = np.zeros((len(self._decays), *shape, 1), np.float32)
        self._ring = np.zeros((self.rows, self._length, PLACES + JOINTS), np.float32)
        self._age = np.zeros((self.rows, self._length), np.float32)  # both the newest first
        self._last = np.zeros((*shape, 3), np.float32)
        self._known = np.zeros((*shape, 1), np.float32)
        self._stale = np.full(shape, STALE, np.float32)
        self._squares = np.zeros((2, *shape), np.float32)  # sway and jitter: sums
        self._weights = np.zeros((2, *shape), np.float32)
        self._swaps = PairSwaps(PAIRS, JOINTS, RATE, self.rows)
        self._held.reset()
        self._followed: deque[tuple[Singles, Singles]] = deque(maxlen=self._later + 1)
        if self._follower is not None:
            self._follower.reset()

    def step(self, x: Singles, seen: Singles, age: Singles) -> Singles:
        """The numbers (rows, SIZE) of a step, float32.

        x: (rows, 13, 3) in metres, in any frame that stays; ignored where `seen` (rows, 13) is 0.
        age: (rows,), s from the moment of the step to that of the places, at most half a step.
        """
        seen = seen.astype(np.float32)
        x = np.where(seen[..., None] > 0, x, 0.0).astype(np.float32)
        if self._follower is not None:
            self._follower.predict()
        if seen.any():
            x, seen = self._ordered(x, seen)
        self._follow(x, seen)
        self._update(x, seen, age.astype(np.float32))
        return self._numbers(seen)

    @property
    def mean(self) -> Singles:
        """Where the joints are on the whole, (rows, 39): what SIGNALS count from."""
        found: Singles = (self._sums[0] / np.maximum(self._counts[0], 1e-6)).reshape(self.rows, -1)
        return found

    @property
    def noise(self) -> Singles:
        """Variance (rows,) of a coordinate from picture to picture, m^2, of all joints."""
        found: Singles = (self._squares[1].sum(axis=1) / 2 + SHARE * NOISY**2) / (
            self._weights[1].sum(axis=1) + SHARE
        )
        return found

    def _follow(self, x: Singles, seen: Singles) -> None:
        """Step the filter on, and keep what it says."""
        if self._follower is None:
            unknown = np.full((self.rows, PLACES), SWAY**2, np.float32)
            self._followed.append((self.mean, unknown))
            return
        if seen.any():
            weight = (seen / self.noise[:, None]).repeat(3, axis=1)
            self._follower.update(x.reshape(self.rows, PLACES), weight)
        self._followed.append((self._follower.place(), self._follower.spread()))

    def _ordered(self, x: Singles, seen: Singles) -> tuple[Singles, Singles]:
        """The places with exchanged joints put back.

        Where the noise is calm, an exchange is a leap of two joints; hands that cross make none.
        Where it is wild, it shows by where the joints are on the whole.
        """
        noise = self.noise[:, None]
        wild = noise > WILD**2
        mean = self.mean.reshape(x.shape)
        known = self._counts[0, ..., 0] > 1.0
        variance = (self._squares[0] + SWAY_COUNT * SWAY**2) / (self._weights[0] + SWAY_COUNT)
        if self._follower is not None:
            mean = self._follower.place(False).reshape(x.shape)
            spread = self._follower.spread(False).reshape(x.shape).mean(axis=-1)
            variance, known = spread + noise, np.ones_like(known)
        mean = np.where(wild[..., None], mean, self._last)
        variance = np.where(wild, variance, QUICK**2 + noise)
        both = seen * np.where(wild, known, self._known[..., 0] > 0)
        order = self._swaps.step(x, both, mean, variance)
        return np.take_along_axis(x, order[..., None], axis=1), np.take_along_axis(seen, order, 1)

    def _update(self, x: Singles, seen: Singles, age: Singles) -> None:
        there = seen[..., None]
        fresh = there * self._known
        moved = np.square(x - self._last).mean(axis=-1) * fresh[..., 0]
        swayed = np.square(x - self.mean.reshape(x.shape)).mean(axis=-1) * fresh[..., 0]
        for k, (square, decay) in enumerate(((swayed, self._decays[0]), (moved, self._calm))):
            self._squares[k] = self._squares[k] * decay + square
            self._weights[k] = self._weights[k] * decay + fresh[..., 0]
        for k, decay in enumerate(self._decays):
            self._sums[k] = self._sums[k] * decay + x * there
            self._counts[k] = self._counts[k] * decay + there
        self._last = np.where(there > 0, x, self._last)
        self._known = np.maximum(self._known, there)
        self._stale = np.where(seen > 0, 0.0, np.minimum(self._stale + 1.0 / RATE, STALE))
        flat = (x * there).reshape(self.rows, PLACES)
        self._ring[:, 1:] = self._ring[:, :-1].copy()
        self._ring[:, 0, :PLACES], self._ring[:, 0, PLACES:] = flat, seen
        self._age[:, 1:] = self._age[:, :-1].copy()
        self._age[:, 0] = age

    def _numbers(self, seen: Singles) -> Singles:
        mean = self.mean.reshape(self.rows, JOINTS, 3)
        late = [
            np.where(count > 0, total / np.maximum(count, 1e-6), mean)
            for total, count in zip(self._sums[1:], self._counts[1:], strict=True)
        ]
        lines = self._lines(late[-1])
        newest = np.where(self._known > 0, self._last, mean)
        followed, spread = (part.reshape(mean.shape) for part in self._followed[0])
        (wide, _, _), (narrow, _, _) = lines
        signals = [*late, *self._drawn(wide, narrow, late[-1]), newest, followed]
        jitter = self._squares[1] / np.maximum(self._weights[1], 1e-6)
        others = [
            *(speed for _, speed, _ in lines), *(rest for _, _, rest in lines),
            seen[..., None], self._stale[..., None] / STALE,
            _SCALE * np.log(jitter + _LEAST)[..., None] + 1.0,
            np.minimum(self._counts[0], 300.0) / 300.0,
            np.sqrt(spread.mean(axis=-1, keepdims=True)),
        ]  # fmt: skip
        middle = (mean * self._known).sum(axis=1) / np.maximum(self._known.sum(axis=1), 1.0)
        parts = [signal - mean for signal in signals]
        parts += [(mean - middle[:, None]) * self._known, *others]
        flat = [part.reshape(self.rows, -1) for part in parts]
        noise = _SCALE * np.log(self.noise + _LEAST) + 1.0
        last = np.stack([self._swaps.exchanged, noise], axis=1)
        found: Singles = np.concatenate([*flat, last], axis=1)
        return found.astype(np.float32)

    def _drawn(self, wide: Singles, narrow: Singles, late: Singles) -> tuple[Singles, Singles]:
        """Both lines' places, drawn to the mean of late where the noise is that of a webcam."""
        calm = 1.0 / (1.0 + (self.noise / WILD**2) ** STEEP)[:, None]
        quick = np.concatenate([narrow[..., :2], wide[..., 2:]], axis=-1)
        drawn = quick + calm[..., None] * (self._held.step(quick, late) - quick)
        return (
            np.concatenate([wide[..., :2], drawn[..., 2:]], axis=-1),
            np.concatenate([drawn[..., :2], narrow[..., 2:]], axis=-1),
        )

    def _lines(self, without: Singles) -> list[tuple[Singles, Singles, Singles]]:
        """Place, velocity and reliability of each joint, by a line through what is near; of FITS.

        A line is weighted by a bell about the moment that is `lookahead` ago, and its slope is
        held small where few samples, or close ones, say little of it.
        """
        t = self._lags + self._age
        found = []
        for width in FITS:
            bell = np.exp(-0.5 * np.square(t / np.float32(width)))
            powers = np.stack([bell, bell * t, bell * t * t], axis=1)
            sums = powers @ self._ring
            counts = sums[:, :, PLACES:, None]
            places = sums[:, :2, :PLACES].reshape(self.rows, 2, JOINTS, 3)
            found.append(_line(counts, places, width, without))
        return found


def _line(
    counts: Singles, places: Singles, width: float, without: Singles
) -> tuple[Singles, Singles, Singles]:
    """The line from sums of weights (rows, 3, 13, 1), times t to the powers 0, 1, 2, and of
    weighted places (rows, 2, 13, 3), times t to the powers 0, 1; `without`: where none is near.
    """
    count = counts[:, 0]
    some = np.maximum(count, 1e-6)
    centre, place = counts[:, 1] / some, places[:, 0] / some
    spread = np.maximum(counts[:, 2] - centre * counts[:, 1], 0.0)
    slope = (places[:, 1] - centre * places[:, 0]) / (spread + np.float32(HELD * width * width))
    enough = count / (count + np.float32(FEW))
    here = np.where(count > 0, place - slope * centre, without)
    rest = np.sqrt(count / np.float32(2.5 * width * RATE))
    return without + enough * (here - without), enough * slope, rest
