"""Grades: steady classes from restless probabilities."""

import numpy as np
import pytest

from rt_engine.rhythm.expression import Grader

FPS = 50


def peaked(index, classes=6, height=0.8):
    row = np.full(classes, (1 - height) / (classes - 1))
    row[index] = height
    return row


def test_a_clear_class_is_taken_with_its_value_on_the_scale():
    grader = Grader(FPS)
    grades = [grader.step(peaked(5)) for _ in range(100)]
    assert {grade.index for grade in grades} == {5}
    assert grades[-1].confidence == pytest.approx(0.8)
    assert grades[-1].value == pytest.approx(0.8 + 0.04 * (0 + 0.2 + 0.4 + 0.6 + 0.8))


def test_a_change_is_followed_within_a_second_and_through_the_classes_between():
    grader = Grader(FPS, smooth=0.3)
    for _ in range(100):
        grader.step(peaked(0))
    values = [grader.step(peaked(5)) for _ in range(50)]
    assert values[-1].index == 5
    assert np.all(np.diff([grade.value for grade in values]) > 0)


def test_two_classes_that_take_turns_do_not_flicker():
    grader = Grader(FPS)
    rng = np.random.default_rng(4)
    rows = [peaked(2 + int(rng.random() < 0.5), height=0.6) for _ in range(500)]
    classes = [grader.step(row).index for row in rows]
    assert np.count_nonzero(np.diff(classes)) <= 10
    assert np.count_nonzero(np.diff([row.argmax() for row in rows])) > 200


def test_a_reset_takes_the_first_class_at_once():
    grader = Grader(FPS)
    for _ in range(100):
        grader.step(peaked(0))
    grader.reset()
    assert grader.step(peaked(4)).index == 4
