"""Real recordings and etudes: their notes, their slurs, and that no part sees another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import soundfile

from rt_engine.models.violinists import bach, store
from rt_engine.models.violinists.etudes import etude
from rt_engine.violin.simulation import RATE, Note
from rt_engine.violin.simulation.strings import HIGHEST, LOWEST

HEADER = "filename,violinist_name,source_filename,start\n"
PIECES = {"a_bwv1002_mov6": "0:00:01", "b_bwv1003_mov3": "0:00:00"}


@pytest.fixture
def data(tmp_path):
    """A folder like that of the recordings: 100 s of notes, one a second, of two movements."""
    folder = tmp_path / "violin" / "bach"
    folder.mkdir(parents=True)
    rows = [f"{name},Somebody,{name}.wav,{start}\n" for name, start in PIECES.items()]
    (folder / "info.csv").write_text(HEADER + "".join(rows) + "c_absent,X,c.mp3,0:00:00\n")
    for name in PIECES:
        times = "".join(f"{k},{k + 0.9}\n" for k in range(100))
        score = "".join(f"{12 * k},{12 * k + 12},{60 + k % 12},64\n" for k in range(100))
        (folder / f"{name}.alignment.csv").write_text("start,end\n" + times)
        (folder / f"{name}.notes.csv").write_text("onset,offset,pitch,velocity\n" + score)
        t = np.arange(103 * 8000) / 8000
        soundfile.write(folder / f"{name}.wav", 0.1 * np.sin(2 * np.pi * 440 * t), 8000)
    return tmp_path


def test_notes_begin_where_the_recording_does(data):
    first, second = bach.recordings(data / "violin" / "bach")
    assert first.notes[0][:3] == (1.0, 1.9, 60.0)
    assert second.notes[0][:3] == (0.0, 0.9, 60.0)


def test_no_recordings_is_said(tmp_path):
    (tmp_path / "info.csv").write_text(HEADER)
    with pytest.raises(FileNotFoundError, match="no recording with an alignment"):
        bach.recordings(tmp_path)


def test_without_recordings_no_folder_of_takes_is_begun(tmp_path):
    with pytest.raises(FileNotFoundError):
        store.make(tmp_path, tmp_path / "takes", 0.1)
    assert not (tmp_path / "takes").exists()


def test_cuts_do_not_overlap_and_the_held_out_piece_is_in_no_other_part(data):
    first, second = map(bach.cuts, bach.recordings(data / "violin" / "bach"))
    assert {cut.part for cut in first} == {"train", "valid"}
    assert {cut.part for cut in second} == {"test"}
    for cuts in (first, second):
        for before, after in pairwise(cuts):
            assert before.end == pytest.approx(after.start)
    cut = first[1]
    assert all(0.0 <= note.start < note.end <= cut.end - cut.start for note in cut.notes)
    assert len(cut.sound(16000)) == round((cut.end - cut.start) * 16000)


def test_no_piece_and_no_body_of_the_test_is_in_training(data):
    jobs = list(store.jobs(data, 1.0))
    names = [job.name for job in jobs]
    assert len(set(names)) == len(names)  # a body is drawn from its name
    of = {p: {j.cut.recording.name for j in jobs if j.part == p and j.cut} for p in store.SHARES}
    assert not of["test"] & (of["train"] | of["valid"])
    assert sum(job.part == "train" for job in jobs) > 5 * sum(job.part == "test" for job in jobs)


def test_more_hours_keep_what_is_there(data):
    few, many = ({job.name for job in store.jobs(data, hours)} for hours in (0.5, 1.5))
    assert few < many


def test_a_dip_of_the_level_is_a_turn_and_none_is_a_slur():
    notes = tuple(Note(0.5 + 0.3 * k, 0.8 + 0.3 * k, 69.0 + k) for k in range(4))
    level = np.full(150, -20.0)
    dip = round(notes[2].start * RATE)
    level[dip - 1 : dip + 2] = -35.0
    found = bach.slurred(notes, level, np.random.default_rng(0))
    assert [note.slurred for note in found] == [False, True, False, True]


def test_a_repeated_note_and_a_rest_are_no_slurs():
    notes = (Note(0.5, 0.8, 69), Note(0.8, 1.1, 69), Note(1.3, 1.6, 71))
    found = bach.slurred(notes, np.full(150, -20.0), np.random.default_rng(0))
    assert not any(note.slurred for note in found)


def test_loudness_is_half_at_the_median_and_follows_the_level():
    level = np.concatenate([np.full(200, -30.0), np.full(200, -20.0), np.full(50, -100.0)])
    loud = bach.loudness(level)
    assert loud[100] == pytest.approx(0.5, abs=0.01)
    assert loud[300] == pytest.approx(0.5 + 10 / bach.DB, abs=0.01)
    assert loud[-1] == 0.0


def test_the_level_of_a_sine_is_3_db_below_its_peak():
    t = np.arange(16000) / 16000
    level = bach.level_of(np.sin(2 * np.pi * 400 * t), 16000, 50)
    assert level[5:45] == pytest.approx(np.full(40, -3.01), abs=0.1)


@pytest.mark.parametrize("seed", range(12))
def test_an_etude_can_be_played(seed):
    piece = etude(np.random.default_rng(seed), 20.0)
    starts = np.array([note.start for note in piece.notes])
    ends = np.array([note.end for note in piece.notes])
    assert (ends > starts).all()
    assert (starts[1:] >= ends[:-1] - 1e-9).all()
    assert all(LOWEST <= note.pitch <= HIGHEST for note in piece.notes)
    assert not piece.notes[0].slurred
    assert 10.0 < ends[-1] < 26.0
    assert len(piece.level) >= ends[-1] * RATE
    assert ((piece.level >= 0) & (piece.level <= 1)).all()


def test_etudes_differ_and_come_again():
    first, again, other = (etude(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.notes == again.notes
    assert first.notes != other.notes
