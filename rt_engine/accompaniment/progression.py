"""Which chord a bar has: given, or four bars that are found once and then go round."""

from __future__ import annotations

import numpy as np

from rt_engine.accompaniment.harmony import Chord, Key, chord_index

__all__ = ["LOOPS", "Chords", "Progression"]

Chords = tuple[int, int]  # of the halves of a bar: indices of `harmony.CHORDS`

ROUND = 4  # bars of a progression that is found
LOOPS = {  # degrees of the scale as semitones, with the quality of the triad
    "major": (
        ((0, ""), (7, ""), (9, "m"), (5, "")),
        ((0, ""), (9, "m"), (5, ""), (7, "")),
        ((9, "m"), (5, ""), (0, ""), (7, "")),
        ((0, ""), (5, ""), (0, ""), (7, "")),
    ),
    "minor": (
        ((0, "m"), (8, ""), (3, ""), (10, "")),
        ((0, "m"), (5, "m"), (10, ""), (3, "")),
        ((0, "m"), (10, ""), (8, ""), (10, "")),
        ((0, "m"), (0, "m"), (5, "m"), (7, "m")),
    ),
}


class Progression:
    """The chords of one bar after the other.

    given: chords, one a bar, or None. Without them the chords that are `found` for the first
    four bars are kept and go round, until `renew`.
    """

    def __init__(self, given: list[Chord] | None = None) -> None:
        self.given = [(chord_index(c), chord_index(c)) for c in given or []]
        self.renew()

    def renew(self) -> None:
        """Begin anew: from the first chord, or with chords that are to be found."""
        self.bars = list(self.given)
        self.place = 0

    def next(self) -> Chords | None:
        """The chords of the coming bar; None where they are to be found."""
        if self.given or len(self.bars) == ROUND:
            return self.bars[self.place % len(self.bars)]
        return None

    def played(self, chords: Chords) -> None:
        """The bar was written with these chords."""
        if not self.given and len(self.bars) < ROUND:
            self.bars.append(chords)
        self.place += 1

    def fill(self, key: Key | None, rng: np.random.Generator) -> Chords:
        """Find by rule what is still missing of the round; the chords of the coming bar.

        It is a common round of the key; without a key that of any, major or minor.
        """
        tonic, mode = key or Key(int(rng.integers(12)), ("major", "minor")[int(rng.integers(2))])
        loop = LOOPS[mode][int(rng.integers(len(LOOPS[mode])))]
        while not self.given and len(self.bars) < ROUND:
            step, quality = loop[len(self.bars)]
            index = chord_index(Chord((tonic + step) % 12, quality))
            self.bars.append((index, index))
        return self.bars[self.place % len(self.bars)]
