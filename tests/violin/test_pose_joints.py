"""Thirteen joints among MediaPipe's landmarks, and back."""

import numpy as np

from rt_engine.motion import landmarks as lm
from rt_engine.violin.pose_joints import LANDMARKS, placed, riders, thirteen
from rt_engine.violin.simulation import JOINTS


def test_each_joint_is_the_landmark_of_its_name():
    pairs = {"SHO": lm.SHOULDERS, "MEL": lm.ELBOWS, "MWR": lm.WRISTS, "BWT": lm.HIPS,
             "KNE": lm.KNEES, "TOE": lm.TOES}  # fmt: skip
    wanted = [pairs[name[1:]][name[0] == "R"] for name in JOINTS[1:]]
    assert LANDMARKS.tolist() == wanted and JOINTS[0] == "C7"


def test_landmarks_taken_apart_and_put_together_are_the_same():
    world = np.random.default_rng(0).normal(size=(33, 3)).astype(np.float32)
    joints, seen = thirteen(world, np.ones(33, np.float32))
    assert seen.tolist() == [0.0] + [1.0] * 12
    np.testing.assert_allclose(placed(joints, riders(world)), world, atol=1e-6)


def test_fingers_go_with_their_wrist_and_feet_with_their_toe():
    world = np.random.default_rng(1).normal(size=(33, 3)).astype(np.float32)
    joints, _ = thirteen(world, np.ones(33, np.float32))
    joints[5] += 1.0  # the right wrist
    joints[12] -= 1.0  # the left toe
    moved = placed(joints, riders(world)) - world
    assert sorted(np.flatnonzero(moved[:, 0] > 0.5)) == [16, 18, 20, 22]
    assert sorted(np.flatnonzero(moved[:, 0] < -0.5)) == [27, 29, 31]


def test_what_is_hardly_visible_is_not_seen():
    visibility = np.ones(33, np.float32)
    visibility[lm.KNEES[0]] = 0.1
    assert thirteen(np.zeros((33, 3), np.float32), visibility)[1][JOINTS.index("LKNE")] == 0.0
