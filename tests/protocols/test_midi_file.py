"""MIDI files: every note where it was played, whatever the tempo does."""

import mido
import pytest

from rt_engine.kinds import Beat, Note
from rt_engine.protocols.midi_file import TICKS, midi_file, write

SECOND = 1_000_000_000


def beats(times, meter=4):
    found = []
    for k, t in enumerate(times):
        beat = Beat(k, k % meter + 1 if meter else 0, meter, 120.0, 0.5, 1.0)
        found.append((round(t * SECOND), beat))
    return found


def played(file, path):
    """(s, message) of the notes as another program reads and plays them."""
    write(file, path)
    t, found = 0.0, []
    for message in mido.MidiFile(path):
        t += message.time
        if message.type in ("note_on", "note_off"):
            found.append((t, message))
    return found


def test_notes_are_played_when_they_were_through_a_ritardando(tmp_path):
    times, t = [], 2.0
    for k in range(16):
        times.append(t)
        t += 0.4 + 0.03 * k
    starts = [2.0, 2.31, 3.7, 5.555, 9.0, times[-1] + 1.3]
    notes = [(round(s * SECOND), Note(36 + k, 90, 0.2, 10)) for k, s in enumerate(starts)]
    found = played(midi_file(notes, beats(times)), tmp_path / "take.mid")
    for k, start in enumerate(starts):
        on, off = [t for t, message in found if message.note == 36 + k]
        assert on == pytest.approx(start - 2.0, abs=0.002)
        assert off - on == pytest.approx(0.2, abs=0.002)


def test_beats_lie_on_the_grid_and_the_metre_is_told():
    file = midi_file([(0, Note(36, 90, 0.1, 10))], beats([0.0, 0.5, 1.1, 1.6], meter=3))
    conductor = file.tracks[0]
    signature = next(m for m in conductor if m.type == "time_signature")
    assert (signature.numerator, signature.denominator) == (3, 4)
    ticks, tempi = 0, []
    for message in conductor:
        ticks += message.time
        if message.type == "set_tempo":
            tempi.append((ticks, message.tempo))
    assert [k for k, _ in tempi] == [0, TICKS, 2 * TICKS, 3 * TICKS]
    assert [us for _, us in tempi] == [500_000, 600_000, 500_000, 500_000]


def test_the_file_has_a_track_for_each_channel_and_programs():
    notes = [(0, Note(36, 90, 0.1, 10)), (0, Note(60, 80, 0.5, 1)), (0, Note(40, 80, 0.5, 2))]
    file = midi_file(notes, programs={1: 0, 2: 33, 3: 7})
    assert file.type == 1
    assert [track.name for track in file.tracks] == ["tempo", "channel 1", "channel 2", "drums"]
    changes = [m for track in file.tracks for m in track if m.type == "program_change"]
    assert [(m.channel, m.program) for m in changes] == [(0, 0), (1, 33)]
    assert {m.channel for m in file.tracks[3] if m.type == "note_on"} == {9}


def test_an_origin_keeps_the_time_before_the_first_beat(tmp_path):
    notes = [(round(1.0 * SECOND), Note(36, 90, 0.1, 10))]
    found = played(midi_file(notes, beats([1.0, 1.5]), origin=0), tmp_path / "take.mid")
    assert found[0][0] == pytest.approx(1.0, abs=0.002)


def test_a_note_struck_again_at_the_same_tick_ends_first(tmp_path):
    notes = [(0, Note(36, 90, 0.5, 10)), (SECOND // 2, Note(36, 91, 0.5, 10))]
    kinds = [m.type for _, m in played(midi_file(notes), tmp_path / "take.mid")]
    assert kinds == ["note_on", "note_off", "note_on", "note_off"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match=r"none.*take\.mid: cannot be written"):
        write(midi_file([]), tmp_path / "none" / "take.mid")
