"""The store: whole files or none, the same again, and an order that is balanced early."""

import json
import shutil
import tarfile
from collections import Counter
from itertools import islice

import mido
import numpy as np
import pytest

from rt_engine.models.rhythm.material import excerpts, motion, render, sources, store, takes
from rt_engine.models.rhythm.store import read_excerpt

needs_synth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None or not render.DEBIAN.exists(),
    reason="needs fluidsynth and fluid-soundfont-gm",
)


def song(path, bpm):
    """A melody over chords, and a drummer, as a MIDI file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))]))
    for name, channel in (("MELODY", 0), ("PIANO", 1), ("DRUMS", 9)):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
        for beat in range(200):
            pitch = {0: 70 + beat * 5 % 7, 1: 45, 9: 38 if beat % 2 else 36}[channel]
            on = mido.Message("note_on", channel=channel, note=pitch, velocity=90)
            track += [on.copy(time=0), on.copy(velocity=0, time=480)]
        file.tracks.append(track)
    file.save(path)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sets of the shapes of the real ones, of a few songs; one font under all the names."""
    folder = tmp_path_factory.mktemp("data")
    made = {name: folder / "made" / name for name in sources.ARCHIVES}
    info, meta = (
        ["beat_type,split,time_signature,midi_filename,id"],
        ["composer,title,midi_performance"],
    )
    for k in range(40):
        bpm = 80 + 2 * k
        pop = made["pop909"] / "pop909" / f"{k:03d}"
        song(pop / f"{k:03d}.mid", bpm)
        rows = np.column_stack([np.arange(200) * 60 / bpm, *np.eye(4)[np.arange(200) % 4][:, :2].T])
        np.savetxt(pop / "beat_midi.txt", rows[:, [0, 2, 1]])
        song(made["midi-archive"] / f"{chr(97 + k % 26)}{k}.mid", bpm)
        song(made["asap"] / f"{k}.mid", bpm)
        lines = [f"{t}\t{t}\t{'b' if j % 4 else 'db,4/4'}" for j, t in enumerate(rows[:, 0])]
        (made["asap"] / f"{k}_annotations.txt").write_text("\n".join(lines))
        meta.append(f"Nobody,Piece {k},{k}.mid")
        song(made["groove-midi"] / "groove" / f"{k}_rock_{bpm}_beat_4-4.mid", bpm)
        split = ("train", "validation", "test")[k % 3]
        info.append(f"beat,{split},4-4,{k}_rock_{bpm}_beat_4-4.mid,{k}")
    (made["groove-midi"] / "groove" / "info.csv").write_text("\n".join(info))
    (made["asap"] / "metadata.csv").write_text("\n".join(meta))
    for name, path in made.items():
        with tarfile.open(folder / f"{name}.tar.xz", "w:xz", preset=0) as archive:
            archive.add(path, ".")
    (folder / "soundfonts").mkdir()
    for name in {name for names in render.FONTS.values() for name in names}:
        (folder / "soundfonts" / name).symlink_to(render.DEBIAN)
    return folder


@pytest.fixture(scope="module")
def midi(data):
    return sources.unpack(data, data / "midi")


def test_jobs_are_balanced_from_the_start():
    drawn = list(islice(store.jobs(0), 400))
    assert len(set(drawn)) == 400
    splits = Counter(job.split for job in drawn)
    for split, share in store.SPLITS.items():
        assert splits[split] / 400 == pytest.approx(share, abs=0.03)
    kinds = Counter(job.kind for job in drawn[:150])
    assert all(abs(kinds[kind] / 150 - share) < 0.04 for kind, share in takes.KINDS.items())
    assert drawn == list(islice(store.jobs(0), 400))


@needs_synth
@pytest.mark.parametrize("kind", takes.KINDS)
def test_every_kind_is_an_excerpt_that_training_reads(data, midi, kind, tmp_path):
    library = store.library(midi, "train")
    content = excerpts.make(
        kind, 3, "train", library, render.fonts(data / "soundfonts", "train"), 0
    )
    excerpts.write(tmp_path / "x.npz", content)
    found = read_excerpt(tmp_path / "x.npz")
    assert found.mel.shape == (2000, 80)
    assert np.isfinite(found.mel).all()
    assert (len(found.beats) == 0) == (kind == "negative")
    assert (np.diff(found.beats[:, 0]) > 0).all()
    assert (found.dynamics >= 0).any() == (kind == "expression") == (found.articulation >= 0).any()
    assert {"source", "group", "piece", "fonts", "licence", "augmentation"} <= set(found.meta)
    assert list(tmp_path.iterdir()) == [tmp_path / "x.npz"]


@needs_synth
def test_beats_lie_where_the_sound_starts(data, midi):
    """On a clean rendering the spectrum rises in the frames of the beats."""
    library = store.library(midi, "train")
    take, _ = excerpts.begin("drums", 1, "train", library, 0)
    files = render.fonts(data / "soundfonts", "train")[0].files(set())
    sound = render.render(take.score.parts, takes.SECONDS, files, wet=False)
    mel = excerpts.arrays(take, sound, motion.NOBODY)["mel"].astype(float)
    flux = np.maximum(np.diff(mel, axis=0), 0).mean(axis=1)
    at = (np.arange(len(flux)) + 0.5) / 50
    lags = np.arange(-0.1, 0.1, 0.002)
    beats = take.score.beats[1:-1, :1]
    profile = np.interp(beats + lags, at, flux).mean(axis=0)
    assert abs(lags[profile.argmax()]) <= 0.012


@needs_synth
def test_held_out_sounds_and_pieces_stay_out(data, midi):
    names = {
        split: {font.name for font in render.fonts(data / "soundfonts", split)}
        for split in store.SPLITS
    }
    assert not names["train"] & (names["test"] | names["valid"])
    groups = {
        split: {(p.source, p.group) for pieces in store.library(midi, split) for p in pieces}
        for split in store.SPLITS
    }
    assert all(groups.values())
    assert not groups["train"] & (groups["valid"] | groups["test"])
    assert not groups["valid"] & groups["test"]


@needs_synth
@pytest.mark.slow
def test_collecting_goes_on_where_it_was(data, tmp_path):
    hours = 8 * takes.SECONDS / 3600
    first = store.collect(data, tmp_path, hours / 2)
    stamps = {path: path.stat().st_mtime_ns for path in store.excerpts(tmp_path)}
    assert len(stamps) >= 4 and first.hours >= hours / 2 and not first.full
    second = store.collect(data, tmp_path, hours)
    assert second.hours >= hours
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    assert not list(tmp_path.glob("*/.*"))
    assert json.loads(str(np.load(next(iter(stamps)))["meta"]))["kind"] in takes.KINDS


@needs_synth
def test_the_disk_budget_ends_the_drawing(data, tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "band-00000.npz").write_bytes(bytes(1000))
    found = store.collect(data, tmp_path, 1.0, disk_gb=1.5e-6)
    assert found.full
    assert len(list(store.excerpts(tmp_path))) == 1


@needs_synth
def test_bodies_may_be_given_later(data, midi, tmp_path):
    library, fonts = store.library(midi, "train"), render.fonts(data / "soundfonts", "train")
    (tmp_path / "train").mkdir()
    given = 0
    for number in range(4):
        content = excerpts.make("pattern", number, "train", library, fonts, 0)
        path = tmp_path / "train" / f"pattern-{number:05d}.npz"
        excerpts.write(path, content | motion.NOBODY._asdict())
        got = excerpts.add_motion(path, library, 0)
        given += got
        assert got == (len(content["motion"]) > 0)
        with np.load(path) as again:
            assert np.array_equal(again["motion"], content["motion"])
            assert np.array_equal(again["mel"], content["mel"])
        assert not excerpts.add_motion(path, library, 0) or not got
    assert 0 < given < 4


def test_a_broken_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError):
        excerpts.write(tmp_path / "x.npz", {"a": Unwritable()})
    assert not list(tmp_path.iterdir())


class Unwritable:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("disk")


def test_missing_fonts_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="soundfonts"):
        render.fonts(tmp_path, "test")
