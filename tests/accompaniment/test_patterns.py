import numpy as np
import pytest

from rt_engine.accompaniment.harmony import CHORDS, NO_CHORD, chord_index, parse_chord
from rt_engine.accompaniment.patterns import closing, pattern, voicing
from rt_engine.accompaniment.tokens import INSTRUMENTS, RANGES
from rt_engine.drums.bar import Bar, empty

AM = (chord_index(parse_chord("Am")),) * 2


def rock(steps=16):
    bar = empty(steps)
    bar.hits[0::8, 0] = bar.hits[4::8, 1] = bar.hits[0::2, 2] = True
    if steps > 10:
        bar.hits[10, 0] = True
    return bar


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("steps", [3, 8, 12, 16, 20])
@pytest.mark.parametrize("density", [0.0, 0.3, 0.6, 1.0])
def test_notes_stay_within_the_bar_the_range_and_the_chord(instrument, steps, density):
    notes = pattern(rock(steps), AM, instrument, density)
    low, high = RANGES[instrument]
    assert notes
    for note in notes:
        assert 0 <= note.start < note.start + note.duration <= steps / 4
        assert low <= note.pitch <= high
        assert CHORDS[AM[0]].tones[note.pitch % 12]


def test_every_chord_can_be_laid_on_every_instrument():
    for instrument in INSTRUMENTS:
        for chord in CHORDS:
            pitches = voicing(chord, instrument)
            assert pitches == sorted(set(pitches))
            assert RANGES[instrument][0] <= pitches[0] <= pitches[-1] <= RANGES[instrument][1]


def test_the_bass_plays_the_root_with_the_kick():
    notes = pattern(rock(), AM, "bass")
    assert {n.pitch % 12 for n in notes} == {9}
    assert [n.start for n in notes] == [0.0, 2.0, 2.5]


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_more_density_is_more_notes(instrument):
    counts = [len(pattern(rock(), AM, instrument, d)) for d in (0.0, 0.3, 0.6, 0.9)]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_each_half_has_its_chord_and_none_is_silent():
    halves = chord_index(parse_chord("C")), NO_CHORD
    notes = pattern(rock(), halves, "guitar", 0.6)
    assert {n.pitch % 12 for n in notes} == {0, 4, 7}
    assert all(n.start < 2.0 for n in notes)
    assert closing((NO_CHORD, NO_CHORD), "piano", 4.0) == []


def test_a_bar_without_kick_still_has_a_bass():
    hits = np.zeros((16, 9), bool)
    silent = np.zeros((16, 9), np.float32)
    assert [n.start for n in pattern(Bar(hits, silent, silent), AM, "bass")] == [0.0]
