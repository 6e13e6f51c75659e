"""The rest skeleton and forward kinematics."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rt_engine.motion.skeleton import (
    BONES,
    CHILD,
    ENDS,
    HEIGHT,
    INDEX,
    MIRROR,
    OFFSETS,
    PARENTS,
    forward,
    identity,
    mirrored,
    offsets_of,
    orientations,
)
from tests.motion.bodies import random_posture

REST = forward(identity(), OFFSETS[0])


def place(bone):
    return REST[INDEX[bone]]


def test_the_bones_are_unitys_in_unitys_order():
    assert len(BONES) == len(set(BONES)) == 55
    assert BONES[:3] == ("Hips", "LeftUpperLeg", "RightUpperLeg")
    assert BONES[23:26] == ("Jaw", "LeftThumbProximal", "LeftThumbIntermediate")
    assert BONES[53:] == ("RightLittleDistal", "UpperChest")


def test_every_bone_hangs_on_the_hips():
    for bone in range(55):
        above, seen = bone, set()
        while PARENTS[above] >= 0:
            assert above not in seen
            seen.add(above)
            above = PARENTS[above]
        assert above == 0


def test_no_bone_has_length_zero():
    """Receivers that get a zero position collapse the avatar."""
    assert np.linalg.norm(OFFSETS, axis=1).min() > 0.01
    leaves = set(range(55)) - set(PARENTS)
    assert all(np.linalg.norm(ENDS[leaf]) > 0.005 for leaf in leaves)
    assert not ENDS[[i for i in range(55) if i not in leaves]].any()


def test_the_t_pose_stands_on_the_floor_with_the_left_arm_to_the_left():
    assert place("LeftHand")[0] > 0.7 and place("RightHand")[0] < -0.7
    assert place("LeftHand")[1] == pytest.approx(place("LeftUpperArm")[1])
    assert place("LeftToes")[2] > 0.1 and 0 < place("LeftToes")[1] < 0.03
    assert place("Head")[1] < HEIGHT and place("LeftThumbDistal")[2] > place("LeftHand")[2]


def test_proportions_are_the_published_ones():
    """Winter, fig. 4.1: fractions of the height."""
    lengths = {"LowerArm": 0.186, "Hand": 0.146, "LowerLeg": 0.245, "Foot": 0.246}
    for bone, share in lengths.items():
        length = np.linalg.norm(OFFSETS[INDEX["Left" + bone]])
        assert length / HEIGHT == pytest.approx(share, abs=1e-3)
    assert place("LeftFoot")[1] / HEIGHT == pytest.approx(0.039)
    assert place("LeftEye")[1] / HEIGHT == pytest.approx(0.936)
    finger = place("LeftMiddleDistal") + ENDS[INDEX["LeftMiddleDistal"]] - place("LeftHand")
    assert np.linalg.norm(finger) / HEIGHT == pytest.approx(0.108, rel=0.02)


def test_left_and_right_are_mirror_images():
    assert np.allclose(OFFSETS[MIRROR], OFFSETS * [-1, 1, 1])
    assert mirrored("LeftHand") == "RightHand" and mirrored("Head") == "Head"


def test_forward_kinematics_agree_with_a_chain_of_matrices():
    rng = np.random.default_rng(0)
    rotations = np.array([random_posture(rng) for _ in range(20)])
    roots = rng.normal(size=(20, 3))
    found = forward(rotations, roots)
    for n in range(20):
        local = Rotation.from_quat(rotations[n])
        for bone in range(1, 55):
            point, above = np.zeros(3), bone
            while above:
                point = local[PARENTS[above]].apply(point + OFFSETS[above])
                above = PARENTS[above]
            assert np.allclose(point + roots[n], found[n, bone])


def test_one_posture_is_as_good_as_many():
    rng = np.random.default_rng(1)
    rotations = np.array([random_posture(rng) for _ in range(6)]).reshape(2, 3, 55, 4)
    many = forward(rotations, np.zeros((2, 3, 3)))
    assert many.shape == (2, 3, 55, 3)
    assert np.allclose(many[1, 2], forward(rotations[1, 2], np.zeros(3)))
    assert np.allclose(orientations(rotations)[0, 1], orientations(rotations[0, 1]))


def test_measured_bones_keep_the_feet_on_the_floor():
    offsets = offsets_of(1.8, {"LeftUpperLeg": 0.5, "RightUpperLeg": 0.5, "LeftUpperArm": 0.3})
    body = forward(identity(), offsets[0], offsets)
    assert np.linalg.norm(offsets[INDEX["LeftLowerLeg"]]) == pytest.approx(0.5)
    assert body[INDEX["LeftFoot"], 1] == pytest.approx(0.039 * 1.8)
    assert np.linalg.norm(offsets[INDEX["LeftLowerArm"]]) == pytest.approx(0.3)
    assert np.allclose(offsets_of(3.4), OFFSETS * 2)
    assert CHILD[INDEX["LeftUpperLeg"]] == INDEX["LeftLowerLeg"]


@pytest.mark.parametrize("lengths", [{"Tail": 0.3}, {"LeftHand": 0.1}, {"LeftUpperLeg": 0}])
def test_lengths_that_make_no_sense_are_refused(lengths):
    with pytest.raises(ValueError, match=next(iter(lengths))):
        offsets_of(1.7, lengths)
    with pytest.raises(ValueError, match="positive"):
        offsets_of(-1)
