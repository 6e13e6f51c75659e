import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.violin.tuning import Drift, Tuning, note_name


def cents(a, b):
    return 1200 * math.log2(a / b)


def test_equal_temperament_is_that_of_pianos():
    tuning = Tuning(442)
    assert tuning.hz(69) == pytest.approx(442)
    assert tuning.hz(60) == pytest.approx(442 * 2 ** (-9 / 12))
    assert tuning.midi(442) == 69


def test_open_strings_are_pure_fifths_in_pythagorean_tuning():
    tuning = Tuning(440, "pythagorean", "D")
    for low, high in ((55, 62), (62, 69), (69, 76)):
        assert tuning.hz(high) / tuning.hz(low) == pytest.approx(3 / 2)
    assert tuning.hz(69) == pytest.approx(440)


@pytest.mark.parametrize("tonic", ["C", "D", "F#", "A"])
def test_major_triads_on_the_tonic_are_4_to_5_to_6_in_just_intonation(tonic):
    tuning = Tuning(440, "just", tonic)
    root = 60 + ["C", "C#", "D", "D#", "E", "F", "F#"].index(tonic) if tonic != "A" else 69
    assert tuning.hz(root + 4) / tuning.hz(root) == pytest.approx(5 / 4)
    assert tuning.hz(root + 7) / tuning.hz(root) == pytest.approx(3 / 2)


def test_the_third_of_just_intonation_is_a_comma_below_that_of_pure_fifths():
    just, fifths = Tuning(440, "just", "C"), Tuning(440, "pythagorean", "C")
    assert cents(fifths.hz(64), just.hz(64)) == pytest.approx(cents(81 / 80, 1))


@given(st.integers(55, 100), st.floats(-40, 40), st.sampled_from(["equal", "just", "pythagorean"]))
def test_the_nearest_note_and_its_deviation_lead_back_to_the_pitch(number, off, temperament):
    tuning = Tuning(441, temperament, "G")
    midi = tuning.midi(tuning.hz(number)) + off / 100
    found, deviation = tuning.nearest(midi)
    assert tuning.midi(tuning.hz(found)) + deviation / 100 == pytest.approx(midi)
    if abs(off) < 20:
        assert (found, deviation) == (number, pytest.approx(off))


@pytest.mark.parametrize("off", [-45.0, -12.0, 0.0, 30.0])
def test_the_tuning_of_the_whole_playing_is_found(off):
    drift = Drift()
    assert (drift.cents, drift.reliability) == (0, 0)
    for k in range(40):
        heard = off + (-8, 3, 5, 0)[k % 4]
        drift.hear((heard + 50) % 100 - 50, 0.9)  # known to the nearest note alone
    assert drift.cents == pytest.approx(off, abs=1.0)
    assert drift.reliability > 0.9


def test_notes_that_agree_on_nothing_give_no_reliable_tuning():
    drift = Drift()
    for k in range(40):
        drift.hear(-50 + 2.5 * k, 1.0)
    assert drift.reliability < 0.35


def test_wrong_settings_are_told_with_what_exists():
    with pytest.raises(ValueError, match=r"tonic 'H' is no note; there are C, C#"):
        Tuning(440, "just", "H")
    with pytest.raises(ValueError, match="choose 'equal', 'just' or 'pythagorean'"):
        Tuning(440, "mean")
    with pytest.raises(ValueError, match=r"must lie in 380\.\.480"):
        Tuning(300)


def test_names_of_notes():
    assert [note_name(n) for n in (55, 69, 70)] == ["G3", "A4", "A#4"]
