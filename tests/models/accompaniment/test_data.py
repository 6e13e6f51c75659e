import numpy as np
import pytest

from rt_engine.accompaniment.harmony import CHORDS, NO_CHORD, chord_index, parse_chord
from rt_engine.accompaniment.tokens import RANGES, Written
from tests.models.accompaniment.songs import archive, song

pytest.importorskip("torch", reason="needs the extra 'train'")

from rt_engine.models.accompaniment.chords import recognise
from rt_engine.models.accompaniment.data import (
    collect,
    read_song,
    read_takes,
    takes_of,
    thinned,
    written,
)

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def takes(tmp_path_factory):
    path = tmp_path_factory.mktemp("song") / "song.mid"
    song().save(path)
    return {take.instrument: take for take in takes_of(read_song(path), "song")}


def test_a_song_becomes_takes_of_its_instruments(takes):
    assert set(takes) == {"piano", "bass"}
    assert all(len(take.bars) == 16 for take in takes.values())
    assert all(bar.tempo == pytest.approx(120, rel=1e-3) for bar in takes["piano"].bars)


def test_bars_hold_what_was_played(takes):
    bar = takes["piano"].bars[1]
    assert bar.notes == [Written(0, 8, p, 80) for p in (53, 57, 60)]
    bass = takes["bass"].bars[0].notes
    assert [(n.start, n.duration, n.pitch) for n in bass] == [(s, 2, 33) for s in (0, 4, 8, 12)]


def test_drums_lie_on_the_grid(takes):
    drums = takes["bass"].bars[3].drums
    assert np.flatnonzero(drums.hits[:, 0]).tolist() == [0, 8]
    assert np.flatnonzero(drums.hits[:, 1]).tolist() == [4, 12]
    assert np.flatnonzero(drums.hits[:, 2]).tolist() == list(range(0, 16, 2))
    assert drums.velocities[0, 0] == pytest.approx(100 / 127)
    assert not drums.velocities[~drums.hits].any()


def test_chords_of_a_song_are_found(takes):
    names = [str(CHORDS[c]) for bar in takes["piano"].bars[:4] for c in bar.chords[:1]]
    assert names == ["Am", "F", "C", "G"]


@pytest.mark.parametrize("name", ["C", "Am", "G7", "Fmaj7", "Dm7", "Bdim", "Eb", "F#m"])
def test_a_chord_is_recognised_wherever_its_tones_lie(name):
    rng = np.random.default_rng(0)
    chord = parse_chord(name)
    tones = np.flatnonzero(chord.tones)
    rows = [(0.0, 2.0, 36 + chord.root)]
    rows += [(0.0, 2.0, 48 + t + 12 * rng.integers(2)) for t in tones]
    assert recognise(np.array(rows, float), np.array([0.0, 2.0])) == [chord_index(chord)]


def test_silence_one_tone_and_noise_are_no_chord():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    noise = [(2.0, 3.0, 60 + k) for k in range(12)]
    notes = np.array([(1.0, 2.0, 60), (1.0, 2.0, 72), *noise], float)
    assert recognise(notes, edges) == [NO_CHORD] * 3
    assert recognise(np.empty((0, 3)), edges) == [NO_CHORD] * 3


def test_notes_out_of_range_move_by_octaves():
    notes = np.array([(0.0, 1.0, pitch, 80) for pitch in range(0, 128, 7)], float)
    for name, (low, high) in RANGES.items():
        [bar] = written(notes, name, 1)
        assert all(low <= n.pitch <= high for n in bar)
        before = {int(p) % 12 for p in notes[:, 2]}
        assert {n.pitch % 12 for n in bar} <= before


def test_a_note_over_the_bar_line_ends_with_its_bar():
    [one, two] = written(np.array([(3.0, 6.0, 60, 80)]), "piano", 2)
    assert one == [Written(12, 4, 60, 80)]
    assert two == []


def test_of_a_thick_chord_the_outer_notes_stay():
    kept = thinned([Written(0, 4, pitch, 80) for pitch in range(50, 60)])
    assert [n.pitch for n in kept] == [50, 51, 52, 57, 58, 59]


def test_a_waltz_is_refused(tmp_path):
    song(meter=3).save(tmp_path / "waltz.mid")
    with pytest.raises(ValueError):
        read_song(tmp_path / "waltz.mid")


def test_the_archive_is_read_once_and_split_by_title(tmp_path):
    path = collect(archive(tmp_path / "data"), tmp_path / "work")
    titles = {s: {t.title for t in read_takes(path, s)} for s in ("train", "valid", "test")}
    assert sum(map(len, titles.values())) == 14
    assert len(set.union(*titles.values())) == 14
    assert len(titles["train"]) > 6
    before = path.stat().st_mtime_ns
    assert collect(tmp_path / "nowhere", tmp_path / "work").stat().st_mtime_ns == before


def test_without_the_archive_the_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="midi-archive"):
        collect(tmp_path, tmp_path / "work")
