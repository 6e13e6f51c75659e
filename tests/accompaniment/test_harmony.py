import numpy as np
import pytest

from rt_engine.accompaniment.harmony import (
    CHORDS,
    NO_CHORD,
    Chord,
    Key,
    chord_index,
    diatonic,
    home_of,
    parse_chord,
    parse_key,
    parse_progression,
    transposed,
)


@pytest.mark.parametrize(
    ("name", "tones"),
    [("C", {0, 4, 7}), ("Am", {9, 0, 4}), ("F#m7", {6, 9, 1, 4}), ("Bbmaj7", {10, 2, 5, 9}),
     ("E7", {4, 8, 11, 2}), ("Cb", {11, 3, 6}), ("Bdim", {11, 2, 5})],
)  # fmt: skip
def test_a_chord_has_the_tones_of_its_name(name, tones):
    assert set(np.flatnonzero(parse_chord(name).tones)) == tones


def test_every_chord_is_read_as_it_is_written():
    assert [parse_chord(str(chord)) for chord in CHORDS] == list(CHORDS)
    assert [chord_index(chord) for chord in CHORDS] == list(range(NO_CHORD))
    assert chord_index(None) == NO_CHORD


def test_a_progression_is_one_chord_a_bar():
    told = [Chord(9, "m"), Chord(5), Chord(0), Chord(7)]
    assert parse_progression("Am F C G") == parse_progression("| Am | F | C | G |") == told
    assert parse_progression("auto") is None


@pytest.mark.parametrize("text", ["H", "Am F X", "a minor", ""])
def test_a_progression_that_is_none_says_what_chords_are(text):
    with pytest.raises(ValueError, match=r"chords (are written )?(like|such)"):
        parse_progression(text)


def test_keys():
    assert parse_key("A minor") == parse_key(" a minor ") == Key(9, "minor")
    assert set(np.flatnonzero(parse_key("Eb major").tones)) == {3, 5, 7, 8, 10, 0, 2}
    assert parse_key("auto") is None
    with pytest.raises(ValueError, match="'A minor'"):
        parse_key("A dorian")


def test_a_key_and_its_relative_have_the_same_chords():
    assert (diatonic(Key(0, "major")) == diatonic(Key(9, "minor"))).all()
    names = {str(CHORDS[k]) for k in np.flatnonzero(diatonic(Key(0, "major")))}
    assert names == {"C", "Cmaj7", "Dm", "Dm7", "Em", "Em7", "F", "Fmaj7", "G", "G7", "Am", "Am7"}


def test_transposing_goes_round():
    assert transposed(chord_index(Chord(11, "m7")), 3) == chord_index(Chord(2, "m7"))
    assert transposed(NO_CHORD, 5) == NO_CHORD


@pytest.mark.parametrize(
    ("key", "shift"),
    [("C major", 0), ("A minor", 0), ("D minor", -5), ("F# major", 6), ("B minor", -2)],
)
def test_the_way_home(key, shift):
    assert home_of(parse_key(key).tones.astype(float)) == shift
