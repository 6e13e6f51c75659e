import pytest

from rt_engine.accompaniment.notes import BarNote, loudness, without_overlaps
from rt_engine.accompaniment.schedule import AHEAD, Schedule

MS = 1_000_000
HALF = 500 * MS
QUARTERS = [BarNote(float(k), 1.0, 60 + k, 80) for k in range(4)]


def test_a_bar_is_given_out_beat_by_beat_at_its_beats():
    schedule, given = Schedule(), []
    schedule.beat(0, HALF, 0)
    given.append(schedule.bar(4 * HALF, HALF, QUARTERS, 4.0))
    for k in range(1, 8):
        given.append(schedule.beat(k * HALF, HALF, k))
    assert [n.t // HALF for step in given for n in step] == [4, 5, 6, 7]
    assert [len(step) for step in given] == [0, 0, 0, 1, 1, 1, 1, 0]
    assert all(n.duration == 0.5 for step in given for n in step)


def test_notes_follow_beats_that_slow_down():
    schedule, t, times, given = Schedule(), 0, [], []
    schedule.beat(0, HALF, 0)
    schedule.bar(HALF, HALF, QUARTERS, 4.0)
    for k in range(1, 6):
        period = HALF + 20 * k * MS
        t += period
        times.append(t)
        given += schedule.beat(t, period, k)
    late = [n.t - times[n.pitch - 60] for n in given]
    assert [n.pitch for n in given] == [61, 62, 63]  # the first left with the bar
    assert all(abs(x) <= 60 * MS for x in late)
    assert given[0].duration < given[1].duration < given[2].duration


def test_a_bar_without_beats_keeps_its_own_tempo():
    given = Schedule().bar(7 * HALF, HALF, QUARTERS, 4.0)
    assert [n.t for n in given] == [(7 + k) * HALF for k in range(4)]


def test_beats_of_long_ago_do_not_count():
    schedule = Schedule()
    schedule.beat(0, HALF, 0)
    given = schedule.bar(100 * HALF + 3 * MS, HALF, QUARTERS, 4.0)
    assert given[0].t == 100 * HALF + 3 * MS
    assert schedule.end is None


def test_a_bar_told_anew_replaces_what_has_not_been_given_out():
    schedule = Schedule()
    schedule.beat(0, HALF, 0)
    first = schedule.bar(HALF, HALF, QUARTERS, 4.0)
    again = schedule.bar(HALF, HALF, [n._replace(pitch=40) for n in QUARTERS], 4.0)
    rest = [n for k in range(1, 6) for n in schedule.beat(k * HALF, HALF, k)]
    assert [n.pitch for n in first] == [60]
    assert again == []
    assert [n.pitch for n in rest] == [40, 40, 40]


def test_the_end_is_where_no_bar_follows():
    schedule = Schedule()
    schedule.beat(0, HALF, 0)
    schedule.bar(HALF, HALF, QUARTERS, 4.0)
    ended = []
    for k in range(1, 7):
        schedule.beat(k * HALF, HALF, k)
        ended.append(schedule.ended())
    assert ended == [False] * 4 + [True] * 2


def test_beats_counted_anew_forget_what_was_planned():
    schedule = Schedule()
    schedule.beat(0, HALF, 10)
    schedule.bar(4 * HALF, HALF, QUARTERS, 4.0)
    assert schedule.beat(HALF, HALF, 0) == []
    assert schedule.planned == []
    assert not schedule.ended()


def test_nothing_is_given_out_more_than_two_beats_ahead():
    schedule = Schedule()
    schedule.beat(0, HALF, 0)
    schedule.bar(HALF, HALF, [BarNote(k / 4, 0.25, 60, 80) for k in range(16)], 4.0)
    for k in range(1, 5):
        assert all(n.t < (k + AHEAD) * HALF for n in schedule.beat(k * HALF, HALF, k))


def test_a_note_ends_where_its_pitch_is_struck_again():
    notes = [BarNote(0.0, 4.0, 60, 80), BarNote(1.0, 1.0, 60, 80), BarNote(0.5, 3.0, 64, 80)]
    found = without_overlaps([*notes, BarNote(1.0, 2.0, 60, 70)])
    assert [(n.start, n.duration, n.pitch) for n in found] == [
        (0.0, 1.0, 60), (0.5, 3.0, 64), (1.0, 2.0, 60),
    ]  # fmt: skip


@pytest.mark.parametrize(("intensity", "velocity"), [(0.0, 40), (0.5, 80), (1.0, 120)])
def test_loudness(intensity, velocity):
    assert loudness(80, intensity) == velocity
    assert 1 <= loudness(1, intensity) <= loudness(127, intensity) <= 127
