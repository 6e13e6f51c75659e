"""Rotations on plain floats: the same as SciPy's, and the same as ours on arrays."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rt_engine.motion import quaternion, turns
from rt_engine.motion.joints import Joints
from tests.motion.bodies import DIGITS, LIMBS, TRUNK

RNG = np.random.default_rng(7)
TURNS = [tuple(q) for q in Rotation.random(50, random_state=1).as_quat().tolist()]
VECTORS = [tuple(v) for v in RNG.normal(size=(50, 3)).tolist()]


def same(found, wanted, sign=False):
    a, b = np.array(found), np.array(wanted)
    off = np.abs(a - b).max()
    return min(off, np.abs(a + b).max() if sign else off) < 1e-12


def test_products_inverses_and_turned_vectors_are_those_of_scipy():
    for a, b, v in zip(TURNS, TURNS[1:], VECTORS, strict=False):
        whole = Rotation.from_quat(a) * Rotation.from_quat(b)
        assert same(turns.multiply(a, b), whole.as_quat(), sign=True)
        assert same(turns.rotate(a, v), Rotation.from_quat(a).apply(v))
        assert same(turns.rotate(turns.inverse(a), turns.rotate(a, v)), v)


def test_rotation_vectors_and_parts_are_those_of_scipy():
    for q, v in zip(TURNS, VECTORS, strict=True):
        assert same(turns.from_rotvec(v), Rotation.from_rotvec(v).as_quat(), sign=True)
        third = Rotation.from_rotvec(Rotation.from_quat(q).as_rotvec() / 3)
        assert same(turns.part(q, 1 / 3), third.as_quat(), sign=True)
    assert turns.from_rotvec((0.0, 0.0, 0.0)) == (0.0, 0.0, 0.0, 1.0)


def test_axes_become_the_rotation_that_has_them_for_columns():
    half_turns = [(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0)]
    for q in [*TURNS, *half_turns]:
        columns = Rotation.from_quat(q).as_matrix().T.tolist()
        assert same(turns.from_axes(*columns), q, sign=True)


def test_the_shortest_arc_takes_one_direction_to_the_other_even_backwards():
    for a, b in pairwise(VECTORS):
        a, b = turns.unit(a), turns.unit(b)
        assert same(turns.rotate(turns.arc(a, b), a), b)
        assert same(turns.arc(a, b), quaternion.shortest_arc(np.array(a), np.array(b)))
        back = turns.scaled(a, -1.0)
        assert same(turns.rotate(turns.arc(a, back), a), back)


def test_a_blend_is_exact_at_its_ends_and_takes_the_shorter_way():
    for a, b in pairwise(TURNS):
        assert same(turns.blend(a, b, 0.0), a)
        assert same(turns.blend(a, b, 1.0), b, sign=True)
        opposite = tuple(-x for x in b)
        assert same(turns.blend(a, b, 0.3), turns.blend(a, opposite, 0.3))


@pytest.mark.parametrize("bones", [LIMBS, DIGITS, TRUNK])
def test_a_joint_alone_is_as_the_same_joint_among_others(bones):
    joints = Joints(bones)
    found = RNG.uniform(joints.low * 1.3, joints.high * 1.3)
    rotations = joints.rotation(found)
    poles = quaternion.normalize(RNG.normal(size=(len(bones), 3)))
    along = quaternion.rotate(rotations, joints.rest)
    free, poled = joints.coordinates(along), joints.coordinates(along, poles)
    for i, joint in enumerate(joints.each()):
        assert same(joint.rotation(tuple(found[i])), rotations[i])
        assert same(joint.clamp(tuple(found[i])), joints.clamp(found)[i])
        assert same(joint.coordinates(tuple(along[i])), free[i])
        assert same(joint.coordinates(tuple(along[i]), tuple(poles[i])), poled[i])
        assert same(joint.of_rotation(tuple(rotations[i])), joints.of_rotation(rotations)[i])
