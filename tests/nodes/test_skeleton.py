"""The node that turns landmarks into skeletons."""

import numpy as np
import pytest
from msgspec.structs import replace

from rt_engine.calibration.body import Body, save_body
from rt_engine.core import Packet, collect
from rt_engine.kinds import Poses
from rt_engine.motion.posture import RELAXED
from rt_engine.motion.quaternion import angle, from_rotvec, multiply, rotate
from rt_engine.motion.skeleton import INDEX, identity
from rt_engine.nodes import motion
from tests.motion.bodies import pose, random_posture

FRAME = 33_333_333


def run(node, takes):
    out = collect(node, poses=Poses())
    for i, people in enumerate(takes):
        node.on_poses(Packet(i * FRAME, people, i))
    return out["skeletons"]


def test_every_person_has_a_skeleton_and_keeps_it():
    rng = np.random.default_rng(0)
    first, second = random_posture(rng), random_posture(rng)
    takes = [
        [pose(first, person=4), pose(second, person=9)],
        [pose(second, person=9, visibility=0.0), pose(first, person=4)],
    ]
    packets = run(motion.Skeleton(height=1.7), takes)
    assert [[s.person for s in p.data] for p in packets] == [[4, 9], [9, 4]]
    assert [p.t for p in packets] == [0, FRAME]
    held, before = packets[1].data[0], packets[0].data[1]
    arm = INDEX["LeftUpperArm"]
    moved = angle(held.rotations[arm].astype(float), before.rotations[arm].astype(float))
    assert np.degrees(moved) < 10


@pytest.mark.parametrize("by_file", [False, True])
def test_a_camera_that_looks_down_and_leans_does_not_tilt_the_person(by_file, tmp_path):
    """The camera turned by 20 degrees about X and -6 about Z; what it sees is turned back."""
    camera = multiply(from_rotvec(np.radians([20.0, 0, 0])), from_rotvec(np.radians([0, 0, -6.0])))
    upright = pose(identity())
    seen = replace(upright, world=rotate(camera, upright.world.astype(float)).astype(np.float32))
    up = rotate(camera, np.array([0.0, 1.0, 0.0]))
    tilt = tuple(float(np.degrees(np.arctan2(up[k], up[1]))) for k in (2, 0))
    settings = {"tilt": tilt}
    if by_file:
        save_body(Body(1.7, {}, 0.9, *tilt), tmp_path / "body.yaml")
        settings = {"body": str(tmp_path / "body.yaml")}
    [straight] = run(motion.Skeleton(height=1.7, **settings), [[seen]])
    [tilted] = run(motion.Skeleton(height=1.7), [[seen]])
    hips = [p.data[0].rotations[0].astype(float) for p in (straight, tilted)]
    lean = [np.degrees(angle(np.array([0, 0, 0, 1.0]), hip)) for hip in hips]
    assert lean[0] < 4 < 15 < lean[1]


def test_nobody_is_an_empty_list():
    packets = run(motion.Skeleton(), [[], [pose(identity())], []])
    assert [len(p.data) for p in packets] == [0, 1, 0]


def test_who_was_away_for_long_begins_anew():
    """Nothing of the old posture is held when a number is given out again."""
    node = motion.Skeleton(height=1.7)
    out = collect(node, poses=Poses())
    node.on_poses(Packet(0, [pose(identity())], 0))
    node.on_poses(Packet(6_000_000_000, [], 1))
    node.on_poses(Packet(7_000_000_000, [pose(identity(), visibility=0.0)], 2))
    arm = INDEX["LeftUpperArm"]
    found = out["skeletons"][-1].data[0].rotations[arm].astype(float)
    assert np.degrees(angle(found, RELAXED[arm])) < 1


def test_the_hold_may_change_while_it_runs():
    def left(hold):
        node = motion.Skeleton(height=1.7)
        out = collect(node, poses=Poses())
        node.on_poses(Packet(0, [pose(identity())], 0))
        node.control(0, "hold", [hold])
        for i in range(1, 30):
            node.on_poses(Packet(i * FRAME, [pose(identity(), visibility=0.0)], i))
        arm = INDEX["LeftUpperArm"]
        found = out["skeletons"][-1].data[0].rotations[arm].astype(float)
        return np.degrees(angle(found, RELAXED[arm]))

    assert left(0.2) < 2 < 50 < left(10.0)


def test_bones_that_do_not_exist_are_refused_when_the_graph_is_built():
    with pytest.raises(ValueError, match="'Tail'"):
        motion.Skeleton(lengths={"Tail": 0.4}).plan()
    with pytest.raises(ValueError, match="lengths"):
        motion.Skeleton(lengths={"LeftUpperLeg": "long"})
