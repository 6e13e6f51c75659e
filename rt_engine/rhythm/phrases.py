"""Phrase boundaries: at which beats a phrase begins, and how likely that is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

FROM, AFTER = 0.1, 0.44  # s after a beat in which the network speaks for it, and for no other
MEMORY = 10.0  # s of the network's probabilities that are kept, and longest wait for a beat
EVEN = 0.2  # probability of the network that speaks neither for nor against a boundary
APART = 3.0  # s from one boundary that is told to the next
BEATS = 72  # of the longest phrase that is counted

# How likely a beat is the first of a bar: by what the tracker says, which is half a bar off more
# often than not at all right.
DOWNBEAT, HALF, OTHER = 1.0, 0.5, 0.1
UNEVEN = 0.01  # chance that a phrase ends after beats that make no whole bars
ALWAYS = 0.002  # the same at any beat, whatever else is believed

# How likely a phrase ends after its 1st, 2nd, ... bar if it has not ended before: counted on
# both annotators' phrases of the training songs of POP909 (MIT), and mixed with an even chance,
# for other music has other phrases.
COUNTED = (
    0.04, 0.03, 0.04, 0.39, 0.08, 0.05, 0.04, 0.71, 0.38, 0.26, 0.09, 0.20, 0.13, 0.09, 0.08, 0.83,
)  # fmt: skip
ANY = 0.12
HAZARD = 0.7 * np.array(COUNTED) + 0.3 * ANY


@dataclass(frozen=True)
class Boundary:
    """The start of a phrase at `t` (s); `index` counts them; confidence 0..1.

    confirmed: told again a bar later, when that bar had its say.
    """

    t: float
    index: int
    confidence: float
    confirmed: bool


class PhraseFollower:
    """Phrase boundaries from beats and the network's probability of a boundary.

    An exact filter over the beats that the running phrase has: at each beat it ends with a
    probability that depends on its length in bars and on the beat's place in the bar, weighed by
    what the network says around there. Every beat may be the first of a phrase, since the tracker
    may count a bar from its middle. A boundary is told `AFTER` s after its beat; and once more,
    confirmed, a bar later, from the belief that the phrase is one bar old by then.

    threshold: probability from which a boundary is told. trust: exponent of the network's odds.
    All numbers were chosen on rendered songs that the network had not seen.
    """

    def __init__(self, threshold: float = 0.3, trust: float = 2.0) -> None:
        self.threshold, self.trust = threshold, trust
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._belief = np.full(BEATS, 1.0 / BEATS)
        self._heard: deque[tuple[float, float]] = deque()
        self._coming: deque[tuple[float, int, int]] = deque()
        self._past: deque[float] = deque(maxlen=BEATS)
        self._told = {False: -np.inf, True: -np.inf}
        self._last: tuple[float, int] = (-np.inf, -1)

    def beat(self, t: float, position: int, meter: int) -> None:
        """A beat at `t` s, which may lie ahead: its place, from 1, in a bar of `meter`; 0 unknown.

        Where the meter is unknown it is taken for 4.
        """
        self._coming.append((t, position, meter or 4))

    def step(self, probability: float, t: float) -> list[Boundary]:
        """Take the network's probability of a boundary for the frame at `t` s."""
        self._heard.append((t, probability))
        while self._heard[0][0] < t - MEMORY:
            self._heard.popleft()
        found: list[Boundary] = []
        while self._coming and t >= self._coming[0][0] + AFTER:
            found += self._weigh(*self._coming.popleft())
        return found

    def _weigh(self, t: float, position: int, meter: int) -> list[Boundary]:
        """Move the belief on to a beat; what is told then."""
        if self._past and t - self._past[-1] > MEMORY:
            self._belief[:] = 1.0 / BEATS
            self._past.clear()
        self._past.append(t)
        ends = endings(meter) * _first(position, meter) + ALWAYS
        ended, goes_on = self._belief * ends * self._odds(t), self._belief * (1.0 - ends)
        self._belief[0], self._belief[1:] = ended.sum(), goes_on[:-1]
        self._belief[-1] += goes_on[-1]
        self._belief /= self._belief.sum()
        found = [self._tell(meter), self._tell(0)]
        return [boundary for boundary in found if boundary]

    def _odds(self, beat: float) -> float:
        near = [p for t, p in self._heard if beat + FROM <= t <= beat + AFTER]
        best = min(max([*near, 1e-3]), 1.0 - 1e-3)
        return float((best / (1.0 - best) * (1.0 - EVEN) / EVEN) ** self.trust)

    def _tell(self, age: int) -> Boundary | None:
        """The boundary `age` beats ago, where it is likely enough."""
        if len(self._past) <= age or (confidence := float(self._belief[age])) < self.threshold:
            return None
        t, confirmed = self._past[-1 - age], age > 0
        if t < self._told[confirmed] + APART:
            return None
        self._told[confirmed] = t
        if t > self._last[0]:
            self._last = t, self._last[1] + 1
        return Boundary(t, self._last[1], confidence, confirmed)


@cache
def endings(meter: int) -> NDArray[np.float64]:
    """How likely a phrase ends after 1, 2, ... beats if it has not before, in bars of `meter`."""
    beats = np.arange(1, BEATS + 1)
    bars = np.minimum(beats // meter, len(HAZARD))
    return np.where(beats % meter == 0, HAZARD[np.maximum(bars, 1) - 1], UNEVEN)


def _first(position: int, meter: int) -> float:
    if position == 1:
        return DOWNBEAT
    return HALF if 2 * (position - 1) == meter else OTHER
