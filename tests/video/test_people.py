"""Numbers stay with people."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.video.people import People, Place


def at(x, y=0.5, trunk=0.2):
    return Place(np.array([x, y]), trunk)


def test_two_people_keep_their_numbers_whatever_the_order():
    people = People()
    assert people.match(0.0, [at(0.3), at(1.0)]) == [0, 1]
    assert people.match(0.033, [at(0.99), at(0.31)]) == [1, 0]
    assert people.match(0.066, [at(0.32), at(0.98)]) == [0, 1]


def test_two_people_who_walk_past_each_other_at_a_distance_keep_their_numbers():
    people = People()
    for step in range(60):
        x = 0.2 + step * 0.015
        numbers = people.match(step / 30, [at(x, 0.4), at(1.3 - x, 0.62)])
        assert numbers == [0, 1], step


def test_one_who_comes_back_soon_is_the_same_and_late_is_another():
    people = People(memory=3)
    assert people.match(0.0, [at(0.5)]) == [0]
    assert people.match(0.5, []) == []
    assert people.match(2.5, [at(1.2)]) == [0]
    assert people.match(6.0, [at(1.2)]) == [1]


def test_one_who_leaves_does_not_hand_the_number_on():
    people = People()
    people.match(0.0, [at(0.3), at(1.2)])
    assert people.match(0.033, [at(1.2)]) == [1]
    assert people.match(0.066, [at(1.2), at(0.3)]) == [1, 0]


def test_someone_who_appears_far_away_at_once_is_someone_else():
    people = People()
    people.match(0.0, [at(0.2)])
    assert people.match(0.033, [at(1.6)]) == [1]


def test_the_nearest_takes_the_number_and_the_other_a_new_one():
    people = People()
    people.match(0.0, [at(0.5)])
    assert people.match(0.033, [at(0.62), at(0.51)]) == [1, 0]


@given(st.lists(st.lists(st.tuples(st.floats(0, 2), st.floats(0, 1)), max_size=5), max_size=20))
def test_nobody_shares_a_number(frames):
    people = People()
    for step, places in enumerate(frames):
        numbers = people.match(step / 10, [at(x, y) for x, y in places])
        assert len(set(numbers)) == len(numbers) == len(places)
