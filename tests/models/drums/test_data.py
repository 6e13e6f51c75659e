"""Performances on the grid of sixteenths."""

import io
import tarfile

import mido
import numpy as np
import pytest

from rt_engine.drums.bar import Bar
from rt_engine.models.drums import data

HEAD = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,split\n"


def notes(*rows):
    """Rows of (start in s, pitch, velocity)."""
    return np.array([(start, start + 0.1, pitch, velocity) for start, pitch, velocity in rows])


def test_strokes_lie_on_their_nearest_step_with_what_they_are_late_or_early():
    bar = data.on_grid(notes((0.0, 36, 127), (0.26, 38, 64), (0.49, 22, 32)), tempo=120)
    assert bar.hits.shape == (16, 9)
    assert np.argwhere(bar.hits).tolist() == [[0, 0], [2, 1], [4, 2]]
    np.testing.assert_allclose(bar.velocities[bar.hits], [1, 64 / 127, 32 / 127], atol=1e-6)
    np.testing.assert_allclose(bar.offsets[bar.hits], [0, 0.08, -0.08], atol=1e-6)


def test_of_strokes_on_one_step_the_loudest_stays():
    bar = data.on_grid(notes((0.0, 38, 90), (0.02, 40, 30), (0.03, 37, 50)), tempo=120)
    assert bar.hits.sum() == 1
    assert bar.velocities[0, 1] == pytest.approx(90 / 127) and bar.offsets[0, 1] == 0


def test_notes_that_are_no_drum_are_left_out_and_bars_are_whole():
    bar = data.on_grid(notes((0.0, 36, 90), (2.1, 38, 90), (2.2, 99, 90)), tempo=120)
    assert len(bar) == 32 and bar.hits.sum() == 2


def test_half_a_step_late_belongs_to_the_next_and_offsets_stay_below_a_half():
    late = 0.125 * (1 + np.array([0.4999999, 0.5]))
    bar = data.on_grid(notes(*((t, 36, 90) for t in late)), tempo=120)
    assert np.flatnonzero(bar.hits[:, 0]).tolist() == [1, 2]
    assert (bar.offsets < 0.5).all() and bar.offsets.min() == pytest.approx(-0.5)


def take(hits):
    return data.Take("a", 120.0, Bar(hits, hits * np.float32(0.5), hits * np.float32(0.1)))


def test_windows_begin_with_bars_and_none_is_silent():
    hits = np.zeros((80, 9), np.bool_)
    hits[70, 3] = True
    windows = data.windows([take(hits), take(hits[:16])])
    assert windows.hits.shape == (1, 32, 9)
    assert np.argwhere(windows.hits[0]).tolist() == [[70 - 48, 3]]


def test_the_vocabulary_is_what_occurs_most_frequent_first():
    hits = np.zeros((16, 9), np.bool_)
    hits[0, [0, 2]] = True
    hits[2:5, 2] = True
    assert data.vocabulary([take(hits)]).names == ["rest", "closed hi-hat", "kick+closed hi-hat"]


def midi():
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    for _ in range(8):
        track.append(mido.Message("note_on", channel=9, note=38, velocity=127))
        track.append(mido.Message("note_off", channel=9, note=38, time=480))
    file.tracks.append(track)
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def test_the_archive_is_read_once_in_its_own_split_and_only_4_4(tmp_path):
    rows = [("a", "4-4", "train"), ("b", "3-4", "train"), ("c", "4-4", "validation"),
            ("d", "4-4", "test")]  # fmt: skip
    text = HEAD + "".join(f"x,y,{n},rock,120,beat,{m},{n}.mid,{s}\n" for n, m, s in rows)
    files = {f"groove/{n}.mid": midi() for n, *_ in rows} | {"groove/info.csv": text.encode()}
    with tarfile.open(tmp_path / "groove-midi.tar.xz", "w:xz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    work = tmp_path / "work"
    work.mkdir()
    path = data.collect(tmp_path, work)
    found = {split: data.read_takes(path, split) for split in ("train", "valid", "test")}
    assert {split: [t.name for t in takes] for split, takes in found.items()} == {
        "train": ["a"], "valid": ["c"], "test": ["d"],
    }  # fmt: skip
    assert np.flatnonzero(found["test"][0].steps.hits[:, 1]).tolist() == list(range(0, 32, 4))
    assert data.hours(found["train"]) == pytest.approx(4 / 3600)
    (tmp_path / "groove-midi.tar.xz").unlink()
    assert data.collect(tmp_path, work) == path
