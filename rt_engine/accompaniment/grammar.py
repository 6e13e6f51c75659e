"""Which token may follow: what makes every written bar a bar.

Positions rise and lie within the bar, notes of a position rise in pitch, every note ends with the
bar at the latest, and pitches stay within the instrument's range and the allowed pitch classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment import tokens as tk

__all__ = ["LONGEST", "Grammar"]

Mask = NDArray[np.bool_]

LONGEST = 120  # tokens after the head, from which on a bar ends at the next note
VOICES = 6  # notes of one position


class Grammar:
    """The state of a bar that is being written, from the last token of its head on.

    steps: sixteenths of the bar, 1..16. allowed: pitch classes, (12,), at least one of them, as
    they sound. shift: semitones by which the tokens lie above what sounds. density: the class of
    `tokens.density_of` that the bar shall have; a short bar has as many positions as fit.
    """

    def __init__(
        self, instrument: str, steps: int, allowed: Mask, shift: int = 0,
        density: int = tk.ANY_DENSITY,
    ) -> None:  # fmt: skip
        if not 1 <= steps <= tk.STEPS:
            raise ValueError(f"a bar of {steps} sixteenths; 1 to {tk.STEPS} can be written")
        pitches = np.arange(tk.LOWEST, tk.HIGHEST + 1) - shift
        low, high = tk.RANGES[instrument]
        self.pitches = (pitches >= low) & (pitches <= high) & allowed[pitches % 12]
        self.steps, self.place, self.last, self.voices, self.count = steps, -1, -1, 0, 0
        self.before = tk.CHORD
        self.positions = 0
        least, most = tk.positions_of(density)
        self.least, self.most = min(least, steps), min(most, steps)

    def take(self, token: int) -> None:
        """A token has been written."""
        self.before = tk.group_of(token)
        self.count += 1
        if token in tk.POSITION:
            self.place, self.last, self.voices = token - tk.POSITION.first, -1, 0
            self.positions += 1
        elif token in tk.PITCH:
            self.last, self.voices = token - tk.PITCH.first, self.voices + 1

    def mask(self) -> Mask:
        """Which of all tokens may follow: (SIZE,); there is always one."""
        mask = np.zeros(tk.SIZE, np.bool_)
        if self.before is tk.POSITION:
            mask[tk.PITCH.tokens] = self.pitches
        elif self.before is tk.PITCH:
            mask[tk.VELOCITY.tokens] = True
        elif self.before is tk.VELOCITY:
            mask[tk.DURATION.first : tk.DURATION.first + self.steps - self.place] = True
        else:
            self._after_note(mask)
        return mask

    def _after_note(self, mask: Mask) -> None:
        """The bar may end, go on to a later position, or add a higher note to this one."""
        missing = self.least - self.positions
        mask[tk.END] = missing <= 0 or self.count >= LONGEST
        if self.count >= LONGEST:
            return
        if self.positions < self.most:  # so many steps are left for those that are missing
            last = self.steps - max(missing - 1, 0)
            mask[tk.POSITION.first + self.place + 1 : tk.POSITION.first + last] = True
        if self.place >= 0 and self.voices < VOICES:
            above = self.pitches.copy()
            above[: self.last + 1] = False
            mask[tk.PITCH.tokens] = above
