"""The noise has the statistics that it says it has."""

from __future__ import annotations

import numpy as np
import pytest

from rt_engine.violin.simulation import JOINTS, RATE
from rt_engine.violin.simulation.noise import GROUPS, MEASURED, Webcam, paper, swapped

MINUTE = 60 * RATE


def still(minutes=1):
    """Joints that stand still, each at a place of its own."""
    places = np.arange(len(JOINTS) * 3, dtype=np.float32).reshape(1, -1, 3)
    return np.repeat(places, minutes * MINUTE, axis=0)


def test_the_jitter_of_the_paper_is_300_mm():
    joints = still()
    error = (paper(joints, np.random.default_rng(0)) - joints)[:, 0]  # C7 has no other side
    assert error.std(axis=0) == pytest.approx(np.full(3, 0.3), rel=0.05)


def test_left_and_right_are_exchanged_five_times_a_minute_for_half_a_second_to_three():
    joints = still(40)
    found = swapped(joints, np.random.default_rng(1))
    wrong = (found != joints).any(axis=2)
    share = wrong.sum(axis=1).mean() / 2  # two joints of a pair at a time
    assert share == pytest.approx(5 / 60 * 1.75, rel=0.2)
    lone = np.flatnonzero(wrong[:, JOINTS.index("RMWR")])
    np.testing.assert_array_equal(found[lone, JOINTS.index("RMWR")], joints[lone, 6])


def test_a_webcam_errs_in_depth_and_for_long():
    joints = still(10)
    seen, there = Webcam(losses=0.0)(joints, np.random.default_rng(2))
    assert there.all()
    error = (seen - joints).astype(np.float64)
    for joint, group in enumerate(GROUPS):
        plane, depth = MEASURED[group].size
        assert error[:, joint, :2].std() == pytest.approx(plane, rel=0.15)
        assert error[:, joint, 2].std() == pytest.approx(depth, rel=0.25)
    wrist = error[:, JOINTS.index("RMWR"), 2]
    later = np.mean(wrist[:-25] * wrist[25:]) / wrist.var()
    assert later == pytest.approx(0.66, abs=0.12)  # 0.5 s on, measured on DrumPy
    arm = np.corrcoef(wrist, error[:, JOINTS.index("RMEL"), 2])[0, 1]
    assert arm == pytest.approx(0.7, abs=0.12)


def test_a_camera_at_the_side_errs_along_its_own_view():
    joints = still(4)
    camera = Webcam(losses=0.0, yaw=np.pi / 2)
    error = camera(joints, np.random.default_rng(3))[0] - joints
    assert error[:, 5, 0].std() > 2 * error[:, 5, 2].std()


def test_hidden_joints_are_nan_and_no_others():
    joints = still(4)
    seen, there = Webcam(losses=20.0)(joints, np.random.default_rng(4))
    assert 0.0 < 1.0 - there[:, 5:7].mean() < 0.5
    assert there[:, [0, 1, 2, 7, 8]].all()
    np.testing.assert_array_equal(np.isnan(seen).any(axis=2), ~there)


@pytest.mark.parametrize("noise", [paper, lambda j, rng: Webcam()(j, rng)[0]])
def test_the_same_seed_is_the_same_noise(noise):
    joints = still()
    first, again = (noise(joints, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
