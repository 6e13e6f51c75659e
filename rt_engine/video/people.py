"""Who is who from one picture to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["People", "Place"]

Point = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """Where someone is: the middle of the hips, and the length of the trunk, in one unit."""

    hips: Point
    trunk: float


class People:
    """Numbers people, and lets each keep the number while in sight and `memory` s beyond.

    The nearest pairs of old and new places are taken first (greedy matching). A person may have
    moved `reach` trunk lengths at once, and `speed` more in each second out of sight.
    """

    def __init__(self, memory: float = 3.0, reach: float = 1.0, speed: float = 4.0) -> None:
        self._memory, self._reach, self._speed = memory, reach, speed
        self._known: dict[int, tuple[float, Place]] = {}  # number: last seen (s), where
        self._count = 0

    def match(self, t: float, places: Sequence[Place]) -> list[int]:
        """The number of the person at each of `places`, at time `t` in s."""
        self._known = {n: (s, p) for n, (s, p) in self._known.items() if t - s <= self._memory}
        pairs = sorted(
            (cost, number, index)
            for number, (seen, old) in self._known.items()
            for index, new in enumerate(places)
            if (cost := self._cost(t - seen, old, new)) is not None
        )
        given: dict[int, int] = {}
        for _, number, index in pairs:
            if index not in given and number not in given.values():
                given[index] = number
        for index, place in enumerate(places):
            if index not in given:
                given[index] = self._count
                self._count += 1
            self._known[given[index]] = (t, place)
        return [given[index] for index in range(len(places))]

    def _cost(self, away: float, old: Place, new: Place) -> float | None:
        """Distance in trunk lengths, plus the seconds out of sight; None: too far to be."""
        trunk = max(old.trunk, new.trunk, 1e-6)
        distance = float(np.linalg.norm(new.hips - old.hips)) / trunk
        return distance + away if distance <= self._reach + self._speed * away else None
