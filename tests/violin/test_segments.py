import numpy as np
import pytest

from rt_engine.violin.ears import Ears
from rt_engine.violin.segments import Segmenter
from tests.violin.strings import RATE, Tone, bowed


def starts(sound):
    segmenter, found = Segmenter(), []
    for moment in Ears(RATE).process(sound):
        segmenter.step(moment)
        if segmenter.started:
            found.append(segmenter.started[0])
    return found


@pytest.mark.parametrize(("low", "high"), [(55, 67), (57, 76), (55, 79), (62, 78)])
def test_a_double_stop_begins_once_whichever_string_is_louder(low, high):
    strings = [bowed([Tone(0.3, 1.8, number)], 2.4) for number in (low, high)]
    seconds = np.arange(len(strings[0])) / RATE
    share = 0.5 + 0.45 * np.sin(2 * np.pi * 0.5 * (seconds - 0.3))
    both = strings[0] * (1 - share) + strings[1] * share
    assert starts(both.astype(np.float32)) == [pytest.approx(0.3, abs=0.02)]


@pytest.mark.parametrize(("first", "then"), [(55, 67), (81, 69), (57, 76), (79, 55), (62, 86)])
def test_a_slurred_leap_of_an_octave_or_more_is_a_new_note(first, then):
    tones = [Tone(0.3, 0.4, first), Tone(0.7, 0.4, then, slurred=True)]
    assert starts(bowed(tones, 1.5)) == pytest.approx([0.3, 0.7], abs=0.02)


@pytest.mark.parametrize("step", [1, 2, 4, 7, -1, -5])
def test_a_slurred_step_is_a_new_note(step):
    tones = [Tone(0.3, 0.4, 69), Tone(0.7, 0.4, 69 + step, slurred=True)]
    assert starts(bowed(tones, 1.5)) == pytest.approx([0.3, 0.7], abs=0.02)
