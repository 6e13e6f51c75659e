"""A MIDI clock with jitter against the beats that it was made from; a score against its file."""

import mido
import numpy as np
import pytest

from rt_engine.protocols.midi_follow import ClockFollower
from rt_engine.protocols.midi_score import read_score

TICK, START, CONTINUE, STOP = (bytes([status]) for status in (0xF8, 0xFA, 0xFB, 0xFC))


def ticks(follower, times, before=()):
    """Beats that are told, as (time it was told, beat)."""
    for message in before:
        follower.step(times[0] - 0.001, message)
    told = [(t, follower.step(t, TICK)) for t in times]
    return [(t, beat) for t, beat in told if beat]


@pytest.mark.parametrize("bpm", [50.0, 120.0, 200.0])
def test_beats_are_told_ahead_and_right_in_spite_of_jitter(bpm):
    rng = np.random.default_rng(0)
    period = 60 / bpm
    exact = 10.0 + np.arange(24 * 40) * period / 24
    told = ticks(ClockFollower(4, 0.2), exact + rng.normal(0, 0.0015, len(exact)), [START])
    late = [(beat.t - (10.0 + beat.number * period)) * 1e3 for _, beat in told[3:]]
    assert np.abs(late).max() < 3.0
    assert all(beat.position == beat.number % 4 + 1 for _, beat in told)
    assert [beat.number for _, beat in told] == list(range(1, 41))
    ahead = [beat.t - t for t, beat in told[3:]]
    assert min(ahead) > 0.2 - period / 24 - 0.01 and max(ahead) <= 0.2 + 0.006
    assert [beat.period for _, beat in told[3:]] == pytest.approx(
        [period] * len(told[3:]), rel=0.01
    )


def test_a_change_of_tempo_is_followed_within_two_beats():
    first, second = 0.5, 0.4
    times = np.concatenate([np.arange(24 * 10) * first / 24, 5 + np.arange(24 * 10) * second / 24])
    told = ticks(ClockFollower(4, 0.1), times + 1.0, [START])
    true = np.concatenate([np.arange(10) * first, 5 + np.arange(11) * second]) + 1.0
    late = np.array([beat.t - true[beat.number] for _, beat in told])
    assert np.abs(late[13:]).max() < 0.004


def test_stop_and_continue_keep_the_place_and_song_position_sets_it():
    follower = ClockFollower(4, 0.1)
    times = 1.0 + np.arange(24 * 6) * 0.5 / 24
    assert ticks(follower, times, [START])[-1][1].number == 6
    follower.step(4.1, STOP)
    assert ticks(follower, 4.2 + np.arange(24) * 0.5 / 24) == []
    position = bytes([0xF2, 32, 0])  # sixteenths: the first beat of the third bar
    told = ticks(follower, 6.0 + np.arange(60) * 0.5 / 24, [position, CONTINUE])
    assert [(beat.number, beat.position) for _, beat in told[:2]] == [(8, 1), (9, 2)]


def test_a_clock_without_a_start_has_beats_of_unknown_place():
    told = ticks(ClockFollower(), 1.0 + np.arange(96) * 0.5 / 24)
    assert told and all(beat.position == 0 for _, beat in told)


def write(path, messages, division=480):
    file = mido.MidiFile(ticks_per_beat=division)
    file.tracks.append(mido.MidiTrack(messages))
    file.save(path)
    return path


def test_a_score_has_the_beats_of_its_tempo_map_and_signatures(tmp_path):
    """Oracle: by hand. A bar of 3/4 at 120, a bar of 6/8 whose second half has half the tempo."""
    path = write(
        tmp_path / "a.mid",
        [
            mido.MetaMessage("time_signature", numerator=3, denominator=4),
            mido.Message("note_on", note=60, velocity=120),
            mido.Message("note_off", note=60, time=3 * 480),
            mido.MetaMessage("time_signature", numerator=6, denominator=8),
            mido.Message("note_on", note=62, velocity=30),
            mido.MetaMessage("set_tempo", tempo=1_000_000, time=3 * 240),
            mido.Message("note_off", note=62, time=3 * 240),
        ],
    )
    score = read_score(path)
    places = [(round(t, 6), beat.position, beat.meter) for t, beat in score.beats]
    assert places == [
        *((0.0, 1, 3), (0.5, 2, 3), (1.0, 3, 3), (1.5, 1, 6), (1.75, 2, 6), (2.0, 3, 6)),
        *((2.25, 4, 6), (2.75, 5, 6), (3.25, 6, 6)),
    ]
    assert [(t, n.pitch, round(n.duration, 6)) for t, n in score.notes] == [
        (0.0, 60, 1.5), (1.5, 62, 2.25),
    ]  # fmt: skip
    assert score.expression[0][0] == 1.0 and score.expression[4][0] == 0.0
    assert score.seconds == pytest.approx(3.75)


@pytest.mark.parametrize(("share", "low", "high"), [(1.0, 0.0, 0.1), (0.4, 0.9, 1.0)])
def test_short_notes_are_detached(tmp_path, share, low, high):
    messages = []
    for _ in range(8):
        messages.append(
            mido.Message("note_on", note=60, velocity=80, time=480 - round(480 * share))
        )
        messages.append(mido.Message("note_off", note=60, time=round(480 * share)))
    score = read_score(write(tmp_path / "a.mid", messages))
    assert all(low <= detached <= high for _, detached in score.expression[1:7])


@pytest.mark.parametrize("content", [b"", b"MThd\0\0\0\6\0\1", b"nothing of the kind"])
def test_what_is_no_midi_file_is_named(tmp_path, content):
    path = tmp_path / "bad.mid"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.mid' cannot be read: .+"):
        read_score(path)
    with pytest.raises(ValueError, match="no such file"):
        read_score(tmp_path / "none.mid")
    with pytest.raises(ValueError, match="has no notes"):
        read_score(write(tmp_path / "empty.mid", []))
