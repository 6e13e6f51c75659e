"""Words of drums: the combinations of the nine drums that a drummer strikes at once.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Rhythm2Drum": hits are a
sequence of words from all the combinations that occur in the data.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rt_engine.drums.kit import DRUMS

__all__ = ["Words"]

REST = "rest"
JOINT = "+"
BITS = 1 << np.arange(len(DRUMS))
WEIGHTS = np.array([4.0, 4.0, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 1.0])  # how much missing a drum costs


class Words:
    """A vocabulary. `masks`: of every word, bit n set where drum n is struck; one must be 0.

    `hits` (words, 9): the words as rows of hits. Raises ValueError for masks that are no
    vocabulary.
    """

    def __init__(self, masks: Iterable[int]) -> None:
        self.masks = tuple(masks)
        outside = [mask for mask in self.masks if not 0 <= mask < 2 ** len(DRUMS)]
        if outside:
            raise ValueError(f"{outside[0]} is no combination of {len(DRUMS)} drums")
        if len(set(self.masks)) < len(self.masks) or 0 not in self.masks:
            raise ValueError("words are all different, and one of them is the rest")
        self.hits: NDArray[np.bool_] = (np.array(self.masks)[:, None] & BITS) > 0
        every = (np.arange(2 ** len(DRUMS))[:, None] & BITS) > 0
        differs = (every[:, None] ^ self.hits[None]) @ WEIGHTS
        self._nearest = np.argmin(differs, axis=1)

    def __len__(self) -> int:
        return len(self.masks)

    def of(self, hits: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The words (...) of hits (..., 9), or the nearest: kick and snare are the last to go."""
        found: NDArray[np.int64] = self._nearest[(hits > 0) @ BITS]
        return found

    @property
    def names(self) -> list[str]:
        """Each word as the names of its drums, joined by "+"; no drum: "rest"."""
        return [JOINT.join(d for d, hit in zip(DRUMS, row, strict=True) if hit) or REST
                for row in self.hits]  # fmt: skip

    @classmethod
    def named(cls, names: Iterable[str]) -> Words:
        """The vocabulary of `names`; ValueError names a drum that is none."""
        return cls(_mask(name) for name in names)


def _mask(name: str) -> int:
    drums = [] if name == REST else name.split(JOINT)
    if unknown := sorted(set(drums) - set(DRUMS)):
        raise ValueError(f"{unknown[0]!r} is no drum; there are {', '.join(DRUMS)}")
    return int(sum(BITS[DRUMS.index(drum)] for drum in drums))
