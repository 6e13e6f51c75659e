"""Rotations against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rt_engine.motion import quaternion as q

SOME = Rotation.random(200, random_state=0)
OTHER = Rotation.random(200, random_state=1)
VECTORS = np.random.default_rng(2).normal(size=(200, 3))


def same(quaternions, rotations, within=1e-7):
    """Whether these are the same rotations."""
    return (Rotation.from_quat(quaternions).inv() * rotations).magnitude().max() < within


def test_products_and_inverses():
    assert same(q.multiply(SOME.as_quat(), OTHER.as_quat()), SOME * OTHER)
    assert same(q.conjugate(SOME.as_quat()), SOME.inv())


def test_one_rotation_turns_many_and_many_turn_one():
    one, many = SOME[0].as_quat(), SOME.as_quat()
    assert np.allclose(q.rotate(one, VECTORS), SOME[0].apply(VECTORS))
    assert np.allclose(q.rotate(many, VECTORS), SOME.apply(VECTORS))
    assert np.allclose(q.rotate(many, VECTORS[0]), SOME.apply(VECTORS[0]))
    assert np.allclose(q.rotate(many[None], VECTORS[:1, None]), SOME.apply(VECTORS[0])[None])


def test_matrices_both_ways():
    assert np.allclose(q.to_matrix(SOME.as_quat()), SOME.as_matrix())
    assert same(q.from_matrix(SOME.as_matrix()), SOME)
    assert (q.from_matrix(SOME.as_matrix())[:, 3] >= 0).all()


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_half_turns_have_a_matrix_too(axis):
    half = Rotation.from_euler(axis, 180, degrees=True)
    assert same(q.from_matrix(half.as_matrix()), half)


def test_rotation_vectors_both_ways():
    vectors = SOME.as_rotvec()
    assert same(q.from_rotvec(vectors), SOME)
    assert np.allclose(q.to_rotvec(-SOME.as_quat()), vectors)
    tiny = np.array([[1e-9, 0, 0], [0, 0, 0]])
    assert np.allclose(q.to_rotvec(q.from_rotvec(tiny)), tiny, atol=1e-15)


def test_shares_of_a_rotation_add_up():
    third = q.power(SOME.as_quat(), 1 / 3)
    assert same(q.multiply(third, q.multiply(third, third)), SOME, 1e-6)
    middle = q.slerp(SOME.as_quat(), OTHER.as_quat(), 0.5)
    half = (SOME.inv() * OTHER).magnitude() / 2
    assert np.allclose(q.angle(SOME.as_quat(), middle), half)
    assert np.allclose(q.angle(middle, OTHER.as_quat()), half)


def test_angles_are_those_of_the_shorter_way():
    wanted = (SOME.inv() * OTHER).magnitude()
    assert np.allclose(q.angle(SOME.as_quat(), -OTHER.as_quat()), wanted)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_the_shortest_arc_leads_from_one_to_the_other(numbers):
    a, b = np.array(numbers[:3]), np.array(numbers[3:])
    if min(np.linalg.norm(a), np.linalg.norm(b)) < 1e-3:
        return
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    arc = q.shortest_arc(a[None], b[None])
    assert np.allclose(q.rotate(arc, a[None])[0], b, atol=1e-4)
    chord = np.linalg.norm(a - b)
    assert q.angle(arc, q.IDENTITY)[0] == pytest.approx(2 * np.arcsin(min(chord / 2, 1)), abs=1e-4)


@pytest.mark.parametrize("axis", range(3))
def test_the_arc_to_the_opposite_is_half_a_turn(axis):
    a = np.eye(3)[axis][None]
    arc = q.shortest_arc(a, -a)
    assert np.allclose(q.rotate(arc, a), -a)
    assert np.isclose(np.linalg.norm(arc), 1)


def test_a_zero_vector_has_no_direction():
    assert not q.normalize(np.zeros((2, 3))).any()
    assert np.allclose(q.from_rotvec(np.zeros(3)), q.IDENTITY)
