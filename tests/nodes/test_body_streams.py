"""The nodes `motion.JointVelocity` and `video.HandFlow`: the streams M and V of a network."""

import numpy as np

from rt_engine.core import SECOND, Packet, collect
from rt_engine.kinds import Frames, Images, Pose, Poses
from rt_engine.motion.joint_velocity import JointVelocity as Velocities
from rt_engine.nodes.motion import JointVelocity
from rt_engine.nodes.video import HandFlow

START = 7 * SECOND


def dancer(k, person=0):
    """Someone who waves in the picture number `k`, thirty a second."""
    rng = np.random.default_rng(1)
    world = (rng.normal(size=(33, 3)) * [0.2, 0.4, 0.1]).astype(np.float32)
    world[[15, 17, 19], 1] += np.float32(0.2 * np.sin(0.4 * k + person))
    image = np.zeros((33, 3), np.float32)
    image[:, :2] = [320, 240] + 200 * world[:, :2] * [1, -1]
    return Pose(person, image, world, np.ones(33, np.float32), 640, 480)


def at(k):
    return START + k * SECOND // 30


def picture(k):
    image = np.full((48, 64, 3), 30, np.uint8)
    image[10:30, 4 + k % 40 : 20 + k % 40] = 220
    return image


def test_velocities_are_those_of_the_stream_with_times():
    out = collect(node := JointVelocity(), poses=Poses())
    for k in range(60):
        node.on_poses(Packet(at(k), [dancer(k)], k))
    assert node.velocity.format == Frames(50, 39, "joint velocity")
    t = np.array([at(k) for k in range(60)]) / SECOND
    worlds = np.array([dancer(k).world for k in range(60)])
    true = Velocities().offline(t, worlds, np.ones((60, 33)))
    packets = out["velocity"]
    np.testing.assert_array_equal([p.t for p in packets], np.round(true.times * SECOND))
    np.testing.assert_allclose([p.data for p in packets], true.values, atol=1e-6)
    assert packets[0].data.dtype == np.float32


def test_one_person_is_followed_and_another_begins_anew():
    out = collect(node := JointVelocity(), poses=Poses())
    alone = collect(other := JointVelocity(), poses=Poses())
    for k in range(40):
        node.on_poses(Packet(at(k), [dancer(k, 3), dancer(k, 5)], k))
        other.on_poses(Packet(at(k), [dancer(k, 3)], k))
    assert [p.data.tolist() for p in out["velocity"]] == [
        p.data.tolist() for p in alone["velocity"]
    ]
    before = len(out["velocity"])
    node.on_poses(Packet(at(40), [], 40))  # nobody
    node.on_poses(Packet(at(41), [dancer(41, 5)], 41))
    assert len(out["velocity"]) == before
    node.on_poses(Packet(at(44), [dancer(44, 5)], 44))
    assert len(out["velocity"]) > before


def test_flow_counts_every_picture_and_hands_rest_while_nobody_is_seen():
    out = collect(node := HandFlow(), images=Images(64, 48, 30), poses=Poses())
    node.open()
    for k in range(90):
        node.on_images(Packet(at(k), picture(k), k))
        if k % 2 == 0:  # the detector skips every other picture
            node.on_poses(Packet(at(k), [dancer(k)] if k < 45 else [], k))
    rows = np.array([p.data for p in out["flow"]])
    times = (np.array([p.t for p in out["flow"]]) - START) / SECOND
    assert node.flow.format == Frames(50, 7, "hand flow") and rows.dtype == np.float32
    np.testing.assert_allclose(np.diff(times), 0.02, atol=1e-6)
    assert rows[30:, 0].min() > 0.3  # the square moves all the time
    assert np.ptp(rows[30:70, 3]) > 0.5
    np.testing.assert_array_equal(rows[times > 1.6, 1:], [[0, 0.5, 0.5] * 2] * (times > 1.6).sum())
