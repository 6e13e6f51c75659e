"""Phrase boundaries: at which downbeats a phrase begins, and how likely that is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

BEFORE, AFTER = 0.1, 0.5  # s around a downbeat in which the network speaks for it
MEMORY = 10.0  # s of the network's probabilities that are kept, and longest wait for a downbeat
EVEN = 0.3  # probability of the network that speaks neither for nor against a boundary

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
    """Phrase boundaries from downbeats and the network's probability of a boundary.

    An exact filter over the bars that the running phrase has: at each downbeat it ends with a
    probability that depends on its length, weighed by what the network says around there. A
    boundary is told `AFTER` s after its downbeat; and once more, confirmed, a bar later, from the
    belief that the phrase is one bar old by then.

    threshold: probability from which a boundary is told. trust: exponent of the network's odds.
    Both chosen on rendered songs that the network had not seen.
    """

    def __init__(self, threshold: float = 0.25, trust: float = 1.5) -> None:
        self.threshold, self.trust = threshold, trust
        self.reset()

    def reset(self) -> None:
        """Forget the stream."""
        self._belief = np.full(len(HAZARD), 1.0 / len(HAZARD))
        self._heard: deque[tuple[float, float]] = deque()
        self._coming: deque[float] = deque()
        self._last: float | None = None
        self._told: tuple[float, int] = (-np.inf, -1)

    def downbeat(self, t: float) -> None:
        """A bar begins at `t` s, which may lie ahead."""
        self._coming.append(t)

    def step(self, probability: float, t: float) -> list[Boundary]:
        """Take the network's probability of a boundary for the frame at `t` s."""
        self._heard.append((t, probability))
        while self._heard[0][0] < t - MEMORY:
            self._heard.popleft()
        found: list[Boundary] = []
        while self._coming and t >= self._coming[0] + AFTER:
            found += self._weigh(self._coming.popleft())
        return found

    def _weigh(self, downbeat: float) -> list[Boundary]:
        """Move the belief on by the bar that ended at a downbeat; what is told then."""
        before, self._last = self._last, downbeat
        if before is not None and downbeat - before > MEMORY:
            self._belief[:] = 1.0 / len(HAZARD)
        odds = self._odds(downbeat)
        ended, goes_on = self._belief * HAZARD * odds, self._belief * (1.0 - HAZARD)
        self._belief[0], self._belief[1:] = ended.sum(), goes_on[:-1]
        self._belief[-1] += goes_on[-1]
        self._belief /= self._belief.sum()
        found = [self._tell(before, 1)] if before is not None else []
        return [boundary for boundary in (*found, self._tell(downbeat, 0)) if boundary]

    def _odds(self, downbeat: float) -> float:
        near = [p for t, p in self._heard if downbeat - BEFORE <= t <= downbeat + AFTER]
        best = min(max([*near, 1e-3]), 1.0 - 1e-3)
        return float((best / (1.0 - best) * (1.0 - EVEN) / EVEN) ** self.trust)

    def _tell(self, downbeat: float, age: int) -> Boundary | None:
        """The boundary at a downbeat `age` bars ago, where it is likely enough."""
        confidence = float(self._belief[age])
        if confidence < self.threshold:
            return None
        if downbeat > self._told[0]:
            self._told = downbeat, self._told[1] + 1
        return Boundary(downbeat, self._told[1], confidence, confirmed=age > 0)
