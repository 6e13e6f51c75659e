"""Reading of the sets, and what the changes of a score keep."""

import mido
import numpy as np
import pytest

from rt_engine.models.rhythm.material import arrange, grids, phrases, scores, sources, takes


def save(path, tracks, resolution=480):
    path.parent.mkdir(parents=True, exist_ok=True)
    file = mido.MidiFile(ticks_per_beat=resolution)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    file.save(path)
    return path


def notes_track(rows, channel=0, program=0, name=""):
    """Rows of (tick, length, pitch, velocity) as messages."""
    events = [(0, mido.Message("program_change", channel=channel, program=program))]
    for tick, length, pitch, velocity in rows:
        on = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        events += [(tick, on), (tick + length, on.copy(velocity=0))]
    events.sort(key=lambda event: event[0])
    track, now = [mido.MetaMessage("track_name", name=name)], 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def score_at(bpm, meter=4, seconds=60.0):
    times = np.arange(0.0, seconds, 60 / bpm)
    beats = np.column_stack([times, np.arange(len(times)) % meter + 1])
    notes = np.column_stack([times, times + 0.2, 60 + np.arange(len(times)) % 5, times * 0 + 90])
    return scores.Score((scores.Part(notes, name="MELODY"),), beats)


def test_reads_times_through_changes_of_tempo_as_mido_plays_them(tmp_path):
    tempo = [
        mido.MetaMessage("set_tempo", tempo=500_000),
        mido.MetaMessage("set_tempo", tempo=800_000, time=700),
        mido.MetaMessage("set_tempo", tempo=300_000, time=900),
    ]
    rows = [(k * 240, 200, 60 + k, 50 + k) for k in range(12)]
    path = save(tmp_path / "a.mid", [tempo, notes_track(rows, 2, 40, "MELODY")])
    now, expected = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.velocity:
            expected.append((now, message.note, message.velocity))
    (part,) = scores.read_midi(path).parts
    assert (part.program, part.drums, part.name) == (40, False, "MELODY")
    np.testing.assert_allclose(part.notes[:, [0, 2, 3]], expected, atol=1e-6)
    assert (part.notes[:, scores.END] > part.notes[:, scores.START]).all()


def test_a_file_that_is_no_midi_is_named(tmp_path):
    (tmp_path / "no.mid").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"no\.mid"):
        scores.read_midi(tmp_path / "no.mid")


def test_beats_move_with_the_notes():
    passage = takes.passage(score_at(100), np.random.default_rng(5))
    starts = passage.parts[0].notes[:, scores.START]
    gaps = np.abs(passage.beats[:, :1] - starts).min(axis=1)
    assert len(passage.beats) > 30
    assert gaps.max() < 1e-9
    assert starts.min() >= 0 and starts.max() < takes.SECONDS
    assert not np.allclose(np.diff(starts).mean(), 0.6)


def test_transposition_leaves_drums_alone():
    drums = scores.Part(np.array([[0, 1, 36, 90.0]]), 0, True)
    top = scores.Part(np.array([[0, 1, 125, 90.0]]))
    moved = scores.transposed(scores.Score((drums, top), np.empty((0, 2))), 5)
    assert moved.parts[0].notes[0, scores.PITCH] == 36
    assert moved.parts[1].notes[0, scores.PITCH] == 118


def test_a_drummer_is_put_onto_an_uneven_beat():
    beats = score_at(90).beats[:24].copy()
    beats[:, 0] += 0.1 * np.sin(np.arange(24))
    groove = score_at(120, seconds=16.2)
    on_beats = scores.Part(np.vstack([groove.parts[0].notes]), 0, True)
    under = arrange.drums_under(beats, groove._replace(parts=(on_beats,)), np.random.default_rng(1))
    np.testing.assert_allclose(under.notes[:, 0], beats[:-1, 0], atol=1e-9)
    assert under.drums


def test_a_loop_has_no_seam():
    loop = takes.looped(score_at(100, seconds=9.7))  # 17 beats: four bars and one more
    np.testing.assert_allclose(np.diff(loop.beats[:, 0]), 0.6)
    assert np.array_equal(loop.beats[:, 1], np.arange(len(loop.beats)) % 4 + 1)
    assert len(loop.parts[0].notes) == len(loop.beats)


def test_positions_count_from_downbeats_and_doubt_odd_bars():
    down = np.zeros(23, bool)
    down[[2, 6, 10, 15, 19]] = True  # a bar of five among fours
    found = sources.positions(down)
    assert found.tolist()[:10] == [3, 4, 1, 2, 3, 4, 1, 2, 3, 4]
    assert found[10:15].tolist() == [0] * 5
    assert found[15:].tolist() == [1, 2, 3, 4, 1, 2, 3, 4]


def test_splits_are_stable_disjoint_and_of_about_their_sizes():
    names = [f"song {k}" for k in range(2000)]
    found = [sources.split_of(name) for name in names]
    assert found == [sources.split_of(name) for name in names]
    shares = {split: found.count(split) / 20 for split in sources.SHARES}
    assert shares == pytest.approx(sources.SHARES, abs=3)
    assert sources.split_of("pop909 001") == "train"  # moves never: models depend on it


@pytest.mark.parametrize("shift", [0, 1])
def test_phrases_are_found_where_the_melody_is(shift):
    beats = score_at(120, seconds=120).beats
    bars = beats[::4, 0]
    text = "i4A8B4x2A8o4"
    sung = [*range(4, 16), *range(18, 26)]
    melody = np.array([(bars[k + shift], bars[k + shift] + 1.5, 60, 90) for k in sung])
    one, two = phrases.phrase_starts(beats, melody, text, "i4A12x2A8o4")
    np.testing.assert_allclose(one, bars[np.array([0, 4, 12, 16, 18, 26]) + shift])
    np.testing.assert_allclose(two, bars[np.array([0, 4, 16, 18, 26]) + shift])


def test_phrases_begin_at_downbeats_where_bars_are_shorter_or_longer():
    beats = score_at(120, seconds=120).beats
    down = [
        0,
        4,
        8,
        10,
        14,
        18,
        22,
        32,
        36,
        *range(40, len(beats), 4),
    ]  # of 2, then of 10: 4 + 4 + 2
    beats[:, 1] = sources.positions(np.isin(np.arange(len(beats)), down))
    starts, lead = phrases.bar_starts(beats[:, 1])
    assert lead == 0 and starts.tolist()[:12] == [0, 4, 8, 10, 14, 18, 22, 26, 30, 32, 36, 40]
    bars = beats[starts, 0]
    melody = np.array([(bars[k], bars[k] + 1.5, 60, 90) for k in [*range(5, 21), *range(23, 39)]])
    one, two = phrases.phrase_starts(beats, melody, "i5A8B8x2A8B8o4", "i5A16x2A16o4")
    np.testing.assert_allclose(one, bars[[0, 5, 13, 21, 23, 31, 39]])
    np.testing.assert_allclose(two, bars[[0, 5, 21, 23, 39]])


def test_bars_before_the_first_downbeat_have_four_beats():
    starts, lead = phrases.bar_starts(np.array([0] * 6 + [1, 2, 3, 4] * 3))
    assert starts.tolist() == [2, 6, 10, 14] and lead == 1


def test_phrases_that_do_not_fit_the_melody_are_unknown():
    beats = score_at(120, seconds=120).beats
    melody = np.array([(k * 8.0, k * 8.0 + 2, 60, 90) for k in range(14)])
    assert phrases.phrase_starts(beats, melody, "i8A8x8B8o8", "A40") == (None, None)


def backbeat(path, off=0):
    rows = []
    for beat in range(64):
        rows.append((480 * beat + off, 60, 38 if beat % 2 else 36, 100))
        rows += [(480 * beat + 240 * k + off, 60, 42, 80) for k in (0, 1)]
    return save(path, [notes_track(rows, channel=9)])


def test_a_backbeat_proves_the_grid_and_a_shifted_one_does_not(tmp_path):
    beats = grids.song_beats(scores.read_midi(backbeat(tmp_path / "a.mid")))
    assert beats[:5].tolist() == [[0, 1], [0.5, 2], [1, 3], [1.5, 4], [2, 1]]
    for off in (110, 480):  # between the lines of the grid; snares on one and three
        with pytest.raises(ValueError, match="prove"):
            grids.song_beats(scores.read_midi(backbeat(tmp_path / "b.mid", off)))


def test_a_waltz_is_known_by_its_low_notes(tmp_path):
    rows = [(1440 * bar, 1200, 40, 100) for bar in range(60)]
    rows += [
        (1440 * bar + 480 * k, 300, p, 70) for bar in range(60) for k in (1, 2) for p in (60, 64)
    ]
    three = [mido.MetaMessage("time_signature", numerator=3, denominator=4)]
    midi = scores.read_midi(save(tmp_path / "w.mid", [three, notes_track(rows)]))
    assert set(grids.song_beats(midi)[:, 1]) == {1, 2, 3}


def test_the_rims_of_the_electronic_kit_become_cymbals(tmp_path):
    rows = [(240 * k, 60, (22, 36, 26, 38)[k % 4], 90) for k in range(64)]
    path = save(tmp_path / "1_rock_120_beat_4-4.mid", [notes_track(rows, channel=9)])
    score = sources.read_groove(path)
    assert set(score.parts[0].notes[:, scores.PITCH]) == {42, 36, 46, 38}
    np.testing.assert_allclose(np.diff(score.beats[:, 0]), 0.5)
