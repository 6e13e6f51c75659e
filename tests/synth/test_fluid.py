"""FluidSynth through its library, without a device."""

import numpy as np
import pytest

from rt_engine.kinds import Note
from rt_engine.synth import library as calls
from rt_engine.synth.fluid import Fluid
from rt_engine.synth.offline import blocks
from tests.rigs import need_synthesiser

RATE = 48_000
CLICK = 33  # metronome click: it sounds within half a millisecond and is short
SECOND = 1_000_000_000


@pytest.fixture
def voice():
    need_synthesiser()
    voice = Fluid()
    voice.reverb(0.0)
    yield voice
    voice.close()


def test_notes_sound_when_they_are_due(voice):
    notes = [(t * SECOND // 100, Note(CLICK, 120, 0.05, 10)) for t in (10, 37, 80)]
    sound = np.abs(np.concatenate(list(blocks(voice, notes, 1.0)))).max(axis=1)
    assert len(sound) == RATE
    loud = np.flatnonzero(sound > 0.01)
    starts = loud[np.diff(loud, prepend=-RATE) > RATE // 20]
    assert starts / RATE == pytest.approx([0.1, 0.37, 0.8], abs=0.003)


def test_the_same_notes_give_the_same_samples():
    need_synthesiser()
    notes = [(k * SECOND // 8, Note(36 + k, 100, 0.2, 1)) for k in range(6)]

    def played():
        voice = Fluid()
        made = np.concatenate(list(blocks(voice, notes, 1.0)))
        voice.close()
        return made

    first = played()
    assert np.max(np.abs(first)) > 0.01
    assert np.array_equal(first, played())


def test_level_is_in_decibels_and_programs_change_the_sound(voice):
    def played(program):
        voice.message(bytes([0xC0, program]))
        voice.message(bytes([0x90, 60, 100]))
        made = voice.render(RATE // 2)
        voice.message(bytes([0xB0, 120, 0]))
        voice.render(RATE)
        return made[:, 0]

    piano, guitar = played(0), played(25)
    assert abs(np.corrcoef(piano, guitar)[0, 1]) < 0.9
    voice.level(-20.0)
    assert np.std(played(0)) == pytest.approx(0.1 * np.std(piano), rel=0.02)


def test_all_notes_off_ends_what_sounds(voice):
    for pitch in (40, 52, 59):
        voice.message(bytes([0x90, pitch, 100]))
    loud = np.std(voice.render(RATE))
    voice.message(bytes([0xB0, 123, 0]))
    voice.render(3 * RATE)
    assert np.std(voice.render(RATE // 4)) < 1e-3 * loud


def test_a_file_that_is_no_sound_font_is_named(tmp_path):
    need_synthesiser()
    (tmp_path / "bad.sf2").write_bytes(b"hello")
    with pytest.raises(OSError, match=r"bad\.sf2' cannot be read"):
        Fluid(str(tmp_path / "bad.sf2"))


def test_a_missing_library_is_the_line_to_type(monkeypatch):
    monkeypatch.setattr(calls, "NAMES", ("libnothing.so",))
    monkeypatch.setattr(calls.ctypes.util, "find_library", lambda name: None)
    calls.library.cache_clear()
    try:
        with pytest.raises(calls.LibraryError, match="apt install fluidsynth"):
            calls.library()
    finally:
        calls.library.cache_clear()
