"""When strokes are due: written out as (time, number of the stroke) for each metre."""

from itertools import islice

import pytest

from rt_engine.conducting.metres import METRES, metre_of
from rt_engine.conducting.schedule import Schedule


def coming(schedule, after, count):
    return [(round(due.t, 4), due.number) for due in islice(schedule.coming(after), count)]


@pytest.mark.parametrize(
    ("metre", "expected"),
    [
        ("2/4", [(0.0, 0), (0.5, 1), (1.0, 0), (1.5, 1)]),
        ("3/4", [(0.0, 0), (0.5, 1), (1.0, 2), (1.5, 0)]),
        ("6/8 in 2", [(0.0, 0), (1.5, 1), (3.0, 0), (4.5, 1)]),
        ("7/8", [(0.0, 0), (1.0, 1), (2.0, 2), (3.5, 0)]),
        ("7/8 3+2+2", [(0.0, 0), (1.5, 1), (2.5, 2), (3.5, 0)]),
        ("3/4 in 1", [(0.0, 0), (1.5, 0), (3.0, 0), (4.5, 0)]),
    ],
)
def test_strokes_of_a_metre(metre, expected):
    schedule = Schedule(metre)
    schedule.set(0.0, 0, 0.5)
    assert coming(schedule, -0.1, 4) == expected


def test_every_metre_counts_its_pulses():
    for metre in METRES.values():
        spans = [metre.span(number) for number in range(len(metre.strokes))]
        assert sum(spans) == metre.pulses
    assert [metre_of(n).name for n in (0, 2, 3, 4, 7, 9)] == [
        *("4/4", "2/4", "3/4", "4/4", "7/8", "4/4"),
    ]


def test_the_metre_of_the_beats_is_taken():
    schedule = Schedule()
    schedule.hear(1.0, 3, 3, 0.5)
    assert coming(schedule, 0.9, 3) == [(1.0, 2), (1.5, 0), (2.0, 1)]
    schedule.hear(1.5, 2, 4, 0.5)
    assert coming(schedule, 1.4, 3) == [(1.5, 1), (2.0, 2), (2.5, 3)]


def test_beats_of_a_known_metre_set_the_place_others_are_counted():
    schedule = Schedule("3/4")
    schedule.hear(1.0, 1, 3, 0.5)
    schedule.hear(1.5, 2, 4, 0.5)  # of four: only its time counts
    schedule.hear(2.0, 0, 0, 0.5)
    assert coming(schedule, 1.9, 2) == [(2.0, 2), (2.5, 0)]


def test_beats_that_are_the_strokes_of_an_uneven_metre():
    schedule = Schedule("7/8")
    schedule.hear(0.0, 1, 3, 0.5)
    assert coming(schedule, 0.1, 3) == [(0.5, 1), (1.0, 2), (1.75, 0)]


def test_a_beat_told_again_moves_and_a_later_one_leaves_it():
    schedule = Schedule("4/4")
    schedule.hear(1.0, 1, 4, 0.5)
    schedule.hear(1.04, 1, 4, 0.5)
    assert coming(schedule, 0.9, 1) == [(1.04, 0)]
    schedule.hear(1.60, 2, 4, 0.5)
    assert coming(schedule, 0.9, 3) == [(1.04, 0), (1.60, 1), (2.10, 2)]


def test_a_metre_that_is_asked_for_begins_with_the_next_bar():
    schedule = Schedule("4/4")
    schedule.set(0.0, 2, 0.5)
    schedule.ask("3/4")
    assert coming(schedule, -0.1, 6) == [(0.0, 2), (0.5, 3), (1.0, 0), (1.5, 1), (2.0, 2), (2.5, 0)]
    schedule.advance(2.2)
    assert coming(schedule, 2.2, 2) == [(2.5, 0), (3.0, 1)]


def test_a_metre_that_is_asked_for_holds_whatever_is_heard_afterwards():
    schedule = Schedule()
    for beat in range(2):
        schedule.hear(beat * 0.5, beat % 4 + 1, 4, 0.5)
    schedule.ask("3/4")
    found = []
    for beat in range(2, 12):
        schedule.hear(beat * 0.5, beat % 4 + 1, 4, 0.5)
        due = next(schedule.coming(beat * 0.5 - 0.1))
        found.append((due.number, due.metre.name))
    assert found[:2] == [(2, "4/4"), (3, "4/4")]
    assert found[2:] == [(number % 3, "3/4") for number in range(8)]


def test_this_is_one():
    schedule = Schedule("4/4")
    schedule.set(0.0, 2, 0.5)
    schedule.first(1.05)
    assert coming(schedule, 0.9, 3) == [(1.0, 0), (1.5, 1), (2.0, 2)]


def test_a_leader_goes_to_its_own_tempo_and_gives_in_by_elasticity():
    schedule = Schedule("4/4")
    schedule.set(0.0, 0, 0.5)
    schedule.own, schedule.elasticity = 0.4, 0.0
    schedule.hear(0.53, 2, 4, 0.6)  # not followed at all
    for t in range(20):
        schedule.advance(t * 0.4)
    assert schedule.period == pytest.approx(0.4, abs=1e-4)
    schedule.set(0.0, 0, 0.5)
    schedule.own, schedule.elasticity = 0.5, 0.25
    schedule.hear(0.58, 2, 4, 0.5)  # 80 ms late: a quarter of it is taken
    assert coming(schedule, 0.4, 2) == [(0.52, 1), (1.02, 2)]
