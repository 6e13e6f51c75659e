"""Every note lies on a string that has it, under a hand that reaches it."""

from __future__ import annotations

import numpy as np
import pytest

from rt_engine.violin.simulation.strings import OPEN, SPAN, fingering, stopped


def test_every_note_is_reached_by_the_hand_on_its_string():
    pitches = list(range(55, 104))
    strings, places = fingering(pitches)
    semitones = np.array(pitches) - np.array(OPEN)[strings]
    assert (semitones >= 0).all()
    fingered = semitones > 1  # the open string, and the index finger drawn back
    assert (semitones[fingered] >= places[fingered]).all()
    assert (semitones <= places + SPAN).all()


def test_first_position_as_far_as_it_goes():
    strings, places = fingering([55, 61, 62, 69, 75, 76, 83, 84, 88])
    assert strings.tolist() == [0, 0, 1, 2, 2, 3, 3, 3, 3]
    assert places.tolist() == [2, 2, 2, 2, 2, 2, 2, 3, 7]


def test_the_octave_halves_the_string():
    assert stopped(12.0) == pytest.approx(0.164)
    assert stopped(0.0) == pytest.approx(0.328)


@pytest.mark.parametrize("pitch", [54, 104])
def test_beyond_the_instrument(pitch):
    with pytest.raises(ValueError, match=f"MIDI pitch {pitch}: a violin has 55 to 103"):
        fingering([pitch])
