"""The nine drums of the kit, and the MIDI notes that stand for them.

Classes and folding follow the Roland TD-11 on which the Groove MIDI Dataset was recorded, as in
J. Gillick et al., "Learning to groove with inverse sequence transformations" (ICML 2019).
"""

from __future__ import annotations

__all__ = ["CHANNEL", "DRUMS", "FOLDED", "NOTES", "drum_of"]

DRUMS = (
    "kick", "snare", "closed hi-hat", "open hi-hat", "low tom", "mid tom", "high tom", "crash",
    "ride",
)  # fmt: skip
NOTES = (36, 38, 42, 46, 45, 48, 50, 49, 51)  # General MIDI, one a drum
CHANNEL = 10

FOLDED = (  # every note of the electronic kit that counts as one of the drums
    (36,), (38, 37, 40), (42, 22, 44), (46, 26), (43, 58), (47, 45), (50, 48), (49, 52, 55, 57),
    (51, 53, 59),
)  # fmt: skip

_DRUM_OF = {note: drum for drum, notes in enumerate(FOLDED) for note in notes}


def drum_of(note: int) -> int | None:
    """The drum (an index of `DRUMS`) that a MIDI note of a recording counts as; None: none."""
    return _DRUM_OF.get(note)
