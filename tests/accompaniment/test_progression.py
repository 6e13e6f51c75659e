import numpy as np
import pytest

from rt_engine.accompaniment.harmony import CHORDS, Key, chord_index, parse_chord, parse_progression
from rt_engine.accompaniment.progression import LOOPS, Progression

RNG = np.random.default_rng


def run(progression, bars, found=()):
    found, said = iter(found), []
    for _ in range(bars):
        chords = progression.next()
        chords = next(found) if chords is None else chords
        progression.played(chords)
        said.append(chords)
    return said


def test_given_chords_go_round_one_a_bar():
    progression = Progression(parse_progression("Am F C"))
    names = [str(CHORDS[first]) for first, _ in run(progression, 7)]
    assert names == ["Am", "F", "C", "Am", "F", "C", "Am"]
    progression.renew()
    assert str(CHORDS[progression.next()[0]]) == "Am"


def test_found_chords_go_round_until_renewed():
    progression = Progression()
    found = [(k, k + 1) for k in range(4)]
    assert run(progression, 9, found) == [*found, *found, found[0]]
    progression.renew()
    assert progression.next() is None


@pytest.mark.parametrize("seed", range(5))
def test_what_is_missing_is_found_by_rule_within_the_key(seed):
    key = Key(9, "minor")
    progression = Progression()
    first = (chord_index(parse_chord("Dm")),) * 2
    progression.played(first)
    progression.fill(key, RNG(seed))
    said = run(progression, 3)
    assert progression.bars[0] == first
    assert all(key.tones[CHORDS[c].tones].all() for chords in said for c in chords)


def test_without_a_key_the_rule_takes_any():
    progressions = [Progression() for _ in range(20)]
    for seed, progression in enumerate(progressions):
        progression.fill(None, RNG(seed))
    assert len({tuple(p.bars) for p in progressions}) > 10


def test_every_loop_lies_in_its_key():
    for mode, loops in LOOPS.items():
        for loop in loops:
            for step, quality in loop:
                chord = CHORDS[chord_index(parse_chord("C" + quality))]
                assert Key(0, mode).tones[(np.flatnonzero(chord.tones) + step) % 12].all()
