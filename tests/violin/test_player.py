from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.violin import Listener, Tuning
from tests.violin.strings import RATE, Tone, bowed, scale

MELODY = (55, 62, 66, 69, 74, 78, 81, 88, 93)


def hear(sound, rate=RATE, follow=False, cut=4410, listener=None, **tuning):
    """Starts and notes of a sound."""
    listener = listener or Listener(rate, Tuning(**tuning), follow)
    heard = []
    for k in range(0, len(sound), cut):
        heard += listener.process(sound[k : k + cut])
    return [h.ended for h in heard if h.ended]


@pytest.mark.parametrize("rate", [44100, 48000])
def test_notes_of_a_scale_are_found_with_their_pitches_and_starts(rate):
    tones = scale(MELODY, 0.4, cents=6)
    found = hear(bowed(tones, 5.0, rate), rate)
    assert [note.target for _, note in found] == list(MELODY)
    for (start, note), tone in zip(found, tones, strict=True):
        assert start == pytest.approx(tone.start, abs=0.02)
        assert note.duration == pytest.approx(tone.length, abs=0.06)
        assert note.intonation.value == pytest.approx(6, abs=1.5)
        assert note.intonation.reliability > 0.8


@settings(max_examples=5)
@given(st.lists(st.integers(150, 4000), min_size=1, max_size=6))
def test_any_cut_of_the_stream_gives_the_same_notes(cuts):
    sound = bowed(scale((62, 69, 71), 0.3, extent=20, rate=6), 1.5)
    whole = hear(sound, cut=len(sound))
    listener, rest, parts, k = Listener(RATE, Tuning(), False), sound, [], 0
    while len(rest):
        size = cuts[k % len(cuts)]
        parts += [h.ended for h in listener.process(rest[:size]) if h.ended]
        rest, k = rest[size:], k + 1
    assert len(whole) >= 2
    assert parts == whole


def test_an_instrument_tuned_high_is_not_out_of_tune_where_that_is_followed():
    sound = bowed(scale(MELODY * 3, 0.3, cents=22), 9.0)
    found = hear(sound, follow=True)
    assert found[-1][1].tuning.value == pytest.approx(22, abs=1.5)
    assert abs(found[-1][1].intonation.value) < 2
    assert hear(sound)[-1][1].intonation.value == pytest.approx(22, abs=2)


@pytest.mark.parametrize(("rate", "extent"), [(4.5, 15), (5.5, 30), (6.5, 60)])
@pytest.mark.parametrize("number", [55, 69, 88])
def test_vibrato_is_measured(rate, extent, number):
    sound = bowed([Tone(0.3, 1.2, number, 5.0, rate, extent)], 2.0)
    ((_, note),) = hear(sound)
    assert note.vibrato_rate.value == pytest.approx(rate, abs=0.3)
    assert note.vibrato_extent.value == pytest.approx(extent, abs=5)
    assert note.vibrato_extent.reliability > 0.8
    assert note.intonation.value == pytest.approx(5, abs=4)


def test_a_straight_note_has_no_vibrato():
    ((_, note),) = hear(bowed([Tone(0.3, 1.0, 69)], 1.8))
    assert (note.vibrato_extent.value, note.vibrato_rate.reliability) == (0, 0)
    assert note.vibrato_extent.reliability == 1


def test_slurs_and_turns_of_the_bow_are_told_apart():
    pattern = [k % 3 != 0 for k in range(18)]
    tones = [
        Tone(0.3 + 0.3 * k, 0.3, (62, 64, 66, 67, 69, 71)[k % 6], slurred=s)
        for k, s in enumerate(pattern)
    ]
    found = hear(bowed(tones, 6.2))
    assert len(found) == len(tones)
    heard = [bool(note.bow_change.value) for _, note in found]
    right = Counter(h != s for h, s in zip(heard, pattern, strict=True))
    assert right[True] >= 16


def test_timing_against_a_click():
    tones = [Tone(0.5 + 0.5 * k + late, 0.4, 69 + k) for k, late in enumerate((0, 0.05, -0.04, 0))]
    listener = Listener(RATE, Tuning(), False)
    listener.clicked = True
    for k in range(6):
        listener.click.beat(0.5 + 0.5 * k, 0.5, 0.9)
    found = hear(bowed(tones, 3.0), listener=listener)
    late = [note.timing.value for _, note in found]
    np.testing.assert_allclose(late, [0, 0.05, -0.04, 0], atol=0.02)
    assert found[0][1].tempo.value == pytest.approx(120)
    assert found[0][1].timing.reliability == pytest.approx(0.9)


def test_timing_against_the_own_pulse():
    tones = [
        Tone(0.3 + 0.4 * k + (k == 20) * 0.06, 0.36 - (k == 20) * 0.06, 62 + k % 9)
        for k in range(24)
    ]
    found = hear(bowed(tones, 10.5))
    assert len(found) == 24
    steady = found[19][1]
    assert steady.tempo.value == pytest.approx(150, rel=0.02)
    assert abs(steady.timing.value) < 0.015
    assert found[20][1].timing.value == pytest.approx(0.06, abs=0.02)
    assert min(steady.timing.reliability, steady.tempo.reliability) > 0.6


def test_louder_notes_have_a_higher_level():
    tones = [Tone(0.3, 0.5, 69, gain=0.05), Tone(0.9, 0.5, 69, gain=0.2)]
    (_, soft), (_, loud) = hear(bowed(tones, 2.0))
    assert loud.level.value - soft.level.value == pytest.approx(12, abs=1)


def test_a_rough_tone_is_noisier_and_never_surer():
    tones = [Tone(0.3, 0.6, 69), Tone(1.0, 0.6, 69, rough=0.3)]
    (_, clean), (_, rough) = hear(bowed(tones, 2.0))
    assert rough.noisiness.value > clean.noisiness.value + 0.01
    assert rough.intonation.reliability < clean.intonation.reliability


def test_noise_is_no_violin_and_has_no_pitch():
    rng = np.random.default_rng(3)
    listener = Listener(RATE, Tuning())
    found = hear(0.1 * rng.standard_normal(8 * RATE).astype(np.float32), listener=listener)
    assert not listener.violin
    assert all(note.intonation.reliability < 0.3 for _, note in found)
    hear(bowed(scale(MELODY * 3, 0.3), 9.0), listener=listener)
    assert listener.violin


def test_silence_has_no_notes():
    assert hear(np.zeros(2 * RATE, np.float32)) == []


def test_a_rate_below_that_of_a_violin_is_refused():
    with pytest.raises(ValueError, match="at least 16000"):
        Listener(8000, Tuning())


def test_a_note_that_sounds_at_the_end_can_be_asked_for():
    listener = Listener(RATE, Tuning(), False)
    sound = bowed([Tone(0.3, 2.0, 76)], 1.2)
    assert hear(sound, listener=listener) == []
    start, note = listener.finish()
    assert (start, note.target) == (pytest.approx(0.3, abs=0.02), 76)
    assert listener.finish() is None
