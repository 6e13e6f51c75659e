"""BVH text, read back by a parser that knows only the format."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rt_engine.motion.skeleton import BONES, FINGERS, OFFSETS, forward
from rt_engine.protocols import bvh
from tests.motion.bodies import random_posture
from tests.protocols.bvh_file import BvhFile


def written(rotations, roots, fingers=True, scale=100.0, rate=30.0):
    bones = bvh.order(fingers)
    text, place = bvh.header(bones, rate, scale)
    count = f"{len(rotations):>{bvh.COUNT_WIDTH}}"
    text = text[:place] + count + text[place + len(count) :]
    return text + "".join(
        bvh.line(root * scale, r, bones) for root, r in zip(roots, rotations, strict=True)
    )


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_a_reader_finds_every_joint_where_it_is(scale):
    rng = np.random.default_rng(0)
    rotations = np.array([random_posture(rng) for _ in range(50)])
    roots = rng.uniform(-2, 2, (50, 3))
    file = BvhFile(written(rotations, roots, scale=scale))
    assert file.names == [BONES[i] for i in bvh.order()] and len(file.names) == 55
    places = file.places() / scale
    assert np.abs(places - forward(rotations, roots)[:, bvh.order()]).max() < 1e-4


def test_without_fingers_the_hands_are_the_ends():
    file = BvhFile(written([random_posture(np.random.default_rng(1))], [OFFSETS[0]], False))
    assert len(file.names) == 25
    assert not any(finger in name for name in file.names for finger in FINGERS)
    assert np.linalg.norm(file.ends["LeftHand"]) > 5


def test_the_channels_are_stated_in_the_order_of_the_numbers():
    file = BvhFile(written([random_posture(np.random.default_rng(2))], [OFFSETS[0]]))
    rotations = ["Zrotation", "Xrotation", "Yrotation"]
    assert file.channels["Hips"] == ["Xposition", "Yposition", "Zposition", *rotations]
    assert all(file.channels[name] == rotations for name in file.names[1:])
    assert len(file.frames[0]) == 6 + 54 * 3
    assert file.frame_time == pytest.approx(1 / 30)


@given(st.lists(st.floats(-180, 180), min_size=3, max_size=3))
def test_angles_give_the_rotation_back(degrees):
    wanted = Rotation.from_euler("ZXY", degrees, degrees=True)
    found = bvh.angles(wanted.as_quat())
    assert (Rotation.from_euler("ZXY", found, degrees=True).inv() * wanted).magnitude() < 1e-6


@pytest.mark.parametrize("x", [90.0, -90.0])
@pytest.mark.parametrize("z", [0.0, 25.0, -170.0])
def test_angles_hold_where_two_axes_fall_together(x, z):
    wanted = Rotation.from_euler("ZXY", [z, x, 40.0], degrees=True)
    found = bvh.angles(wanted.as_quat())
    assert (Rotation.from_euler("ZXY", found, degrees=True).inv() * wanted).magnitude() < 1e-6
