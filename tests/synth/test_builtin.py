"""The built-in voice: right pitches, no clicks, no overload, nothing that stays."""

import numpy as np
import pytest

from rt_engine.synth.builtin import VOICES, Builtin
from rt_engine.synth.limiter import CEILING, STEP, Limiter
from rt_engine.synth.sounds import RATE, drum, plucked, struck

SECOND = RATE // STEP * STEP
KIT = (36, 38, 42, 46, 45, 48, 50, 49, 51)
ON, OFF, DRUM = 0x90, 0x80, 0x99


def cents(sound, rate, pitch):
    """How far the strongest partial near `pitch` is from it."""
    part = sound[rate // 20 : rate] * np.hanning(rate - rate // 20)
    spectrum, size = np.abs(np.fft.rfft(part, 1 << 19)), 1 << 19
    wanted = 440 * 2 ** ((pitch - 69) / 12)
    low, high = (round(wanted * f * size / rate) for f in (0.95, 1.05))
    peak = low + int(np.argmax(spectrum[low:high]))
    return 1200 * np.log2(peak * rate / size / wanted)


@pytest.mark.parametrize("pitch", [33, 48, 60, 69, 84])
def test_strings_are_in_tune(pitch):
    assert abs(cents(plucked(pitch), RATE, pitch)) < 3
    assert abs(cents(struck(pitch), RATE, pitch)) < 3


@pytest.mark.parametrize("key", KIT)
def test_drums_start_at_once_and_end_without_a_click(key):
    sound = drum(key)
    assert np.flatnonzero(np.abs(sound) > 0.1)[0] < 0.002 * RATE
    assert np.max(np.abs(sound)) == pytest.approx(1.0)
    assert np.max(np.abs(sound[-8:])) < 0.01
    half = len(sound) // 2
    assert np.std(sound[half:]) < 0.3 * np.std(sound[:half])


def test_drums_differ_and_are_the_same_every_time():
    spectra = [np.abs(np.fft.rfft(drum(key), RATE)) for key in KIT]
    centres = [float(np.sum(s * np.arange(len(s))) / np.sum(s)) for s in spectra]
    low, snare, metal = centres[0], centres[1], centres[2]
    assert low < 800 < snare < metal
    assert np.array_equal(drum(49), drum(49))
    assert len({sound.tobytes() for sound in map(drum, KIT)}) == len(KIT)


def test_a_crowd_of_voices_stays_below_full_scale_and_the_oldest_make_room():
    voice = Builtin()
    for pitch in range(30, 90):
        voice.message(bytes([ON, pitch, 127]))
    loud = voice.render(SECOND)
    assert 0.9 * CEILING < np.max(np.abs(loud)) <= CEILING + 1e-6
    first_gone = Builtin()
    for pitch in range(90 - VOICES, 90):
        first_gone.message(bytes([ON, pitch, 127]))
    tail = first_gone.render(SECOND)[-SECOND // 2 :], loud[-SECOND // 2 :]
    assert np.corrcoef(tail[0][:, 0], tail[1][:, 0])[0, 1] > 0.99


def jump(sound):
    return float(np.max(np.abs(np.diff(sound, axis=0))))


def test_ends_and_steals_are_no_clicks():
    voice = Builtin()
    voice.message(bytes([ON, 40, 127]))
    ringing = voice.render(SECOND)
    usual = jump(ringing[SECOND // 2 :])
    voice.message(bytes([OFF, 40, 0]))
    assert jump(voice.render(SECOND // 4 // STEP * STEP)) <= 1.1 * usual
    assert not np.any(voice.render(STEP * 10))


def test_a_voice_that_is_ending_can_be_stolen_without_a_click():
    voice = Builtin()
    voice.message(bytes([ON, 33, 127]))
    usual = jump(voice.render(SECOND)[SECOND // 2 :])
    voice.message(bytes([OFF, 33, 0]))
    voice.render(STEP * 20)
    voice.message(bytes([ON, 33, 1]))
    assert jump(voice.render(STEP * 20)) <= 2 * usual


def test_all_notes_off_silences_a_channel_and_no_other():
    voice = Builtin()
    voice.message(bytes([ON, 60, 100]))
    voice.message(bytes([ON | 1, 67, 100]))
    voice.message(bytes([0xB0, 123, 0]))
    assert np.max(np.abs(voice.render(SECOND)[-STEP:])) > 0.001
    voice.message(bytes([0xB1, 123, 0]))
    voice.render(SECOND)
    assert not np.any(voice.render(STEP))


def test_the_closed_hi_hat_chokes_the_open_one():
    open_only, choked = Builtin(), Builtin()
    for voice in (open_only, choked):
        voice.message(bytes([DRUM, 46, 127]))
        voice.render(STEP * 10)
    choked.message(bytes([DRUM, 42, 1]))
    after = slice(STEP * 20, STEP * 40)
    rest = [np.std(voice.render(STEP * 40)[after]) for voice in (open_only, choked)]
    assert rest[1] < 0.05 * rest[0]


def test_velocity_level_and_program_are_heard():
    def played(velocity=100, decibels=0.0, program=0):
        voice = Builtin()
        voice.level(decibels)
        voice.message(bytes([0xC0, program]))
        voice.message(bytes([ON, 60, velocity]))
        return voice.render(STEP * 100)

    soft, hard = np.std(played(40)), np.std(played(100))
    assert 2 < hard / soft < 8
    assert np.std(played(decibels=-20.0)) == pytest.approx(0.1 * hard, rel=1e-3)
    assert np.corrcoef(played(program=25)[:, 0], played(program=0)[:, 0])[0, 1] < 0.9


def test_other_sample_rates_keep_the_pitch():
    voice = Builtin(44_100)
    voice.message(bytes([ON, 69, 100]))
    sound = voice.render(STEP * 700)[STEP:, 0]
    assert abs(cents(sound, 44_100, 69)) < 5


def test_blocks_are_whole_steps():
    with pytest.raises(ValueError, match="multiples of 64 samples, not 100"):
        Builtin().render(100)


def test_the_limiter_changes_nothing_below_its_ceiling_and_passes_nothing_above():
    rng = np.random.default_rng(1)
    quiet = rng.uniform(-0.9, 0.9, (20, STEP, 2)).astype(np.float32)
    limiter = Limiter()
    out = [limiter.step(step) for step in quiet]
    assert np.array_equal(np.concatenate(out[1:]), np.concatenate(list(quiet[:-1])))
    loud = quiet * rng.uniform(0, 8, (20, 1, 1)).astype(np.float32)
    out = [limiter.step(step) for step in loud]
    assert np.max(np.abs(out)) <= CEILING + 1e-6
