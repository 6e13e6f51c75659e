"""The nodes `motion.Features` and `motion.Ground`."""

import numpy as np
import pytest

from rt_engine.core import SECOND, Packet, collect
from rt_engine.kinds import Pose, Poses, SkeletonPose, Skeletons
from rt_engine.motion.directogram import directogram, kinematic_offsets, resampled
from rt_engine.motion.kinematics import KEYPOINTS, differences, quantity_of_motion
from rt_engine.motion.picture import Places
from rt_engine.nodes.motion import Features, Ground
from tests.motion import gait

FPS, PIXELS = 30, 200.0
WORLD = np.random.default_rng(0).normal(size=(33, 3)) * [0.2, 0.4, 0.1]
WORLD[[23, 24]] = [[0.1, 0, 0], [-0.1, 0, 0]]
OUTPUTS = ("velocity", "acceleration", "motion", "directogram", "offset")


def pose(world, shift=(0.0, 0.0), person=0):
    image = np.zeros((33, 3))
    image[:, :2] = [320, 240] + PIXELS * (world[:, :2] + shift) * [1, -1]
    arrays = (image.astype(np.float32), np.asarray(world, np.float32), np.ones(33, np.float32))
    return Pose(person, *arrays, width=640, height=480)


def dance(t):
    """World (33, 3) and shift (2,) of someone who swings the arms and sways."""
    world = WORLD.copy()
    world[15] += [0, 0.25 * np.cos(2 * np.pi * 1.5 * t), 0.05 * np.sin(t)]
    world[16] += [0.2 * np.sin(2 * np.pi * t), 0.2 * np.cos(2 * np.pi * t), 0]
    return world, np.array([0.3 * np.sin(1.3 * t), 0.05 * np.cos(4 * t)])


def feed(node, people, start=0):
    """Lists of poses for whole frames; the output packets."""
    out = collect(node, poses=Poses())
    for k, poses in enumerate(people):
        node.on_poses(Packet(start + k * SECOND // FPS, poses, k))
    return out


def dancing(count=150, person=0):
    return [pose(*dance(k / FPS), person=person) for k in range(count)]


def test_every_output_equals_its_offline_twin():
    start = 7 * SECOND
    out = feed(Features(), [[p] for p in dancing()], start)
    t = np.array([start + k * SECOND // FPS for k in range(150)]) / SECOND
    stream, frames = Places(), dancing()
    places = np.array([stream.step(a, p) for a, p in zip(t, frames, strict=True)])
    true = [dance(k / FPS)[0] + [*dance(k / FPS)[1], 0] for k in range(150)]
    np.testing.assert_allclose(places, true - np.array([*dance(0)[1], 0]), atol=1e-5)
    times, velocity = differences(t, places)
    later, acceleration = differences(times, velocity)
    grid, points = resampled(t, places[:, KEYPOINTS, :2])
    directions = directogram(np.diff(points, axis=0) * 15)
    twins = {
        "velocity": (times, velocity.reshape(-1, 99)),
        "acceleration": (later, acceleration.reshape(-1, 99)),
        "motion": (times, quantity_of_motion(velocity)[:, None]),
        "directogram": ((grid[1:] + grid[:-1]) / 2, directions),
        "offset": (grid[1:-1], kinematic_offsets(directions)[:, None]),
    }
    for name, (when, values) in twins.items():
        np.testing.assert_allclose([p.t / SECOND for p in out[name]], when, atol=2e-9, err_msg=name)
        np.testing.assert_allclose(
            [p.data for p in out[name]], values, rtol=1e-5, atol=1e-5, err_msg=name
        )


def test_formats_say_what_leaves():
    node = Features(fps=10)
    out = feed(node, [[p] for p in dancing()])
    for name in OUTPUTS:
        declared = getattr(node, name).format
        assert {(p.data.shape, p.data.dtype.name) for p in out[name]} == {
            ((declared.size,), "float32")
        }
        assert declared.content
    assert len(out["directogram"]) == pytest.approx(10 * 5, abs=2)
    assert node.directogram.format.rate == 10


def test_a_person_who_only_walks_through_the_picture_moves_too():
    frames = [[pose(WORLD, (0.5 * k / FPS, 0))] for k in range(60)]
    out = feed(Features(), frames)
    assert out["motion"][-1].data[0] == pytest.approx(0.5, rel=0.01)
    assert out["directogram"][-1].data.argmax() in (11, 0, 1)


def test_the_beats_of_both_hands_are_found_at_their_times():
    out = feed(Features(), [[p] for p in dancing()])
    left = [p.t / SECOND for p in out["left"]]
    right = [p.t / SECOND for p in out["right"]]
    np.testing.assert_allclose(left, (np.arange(len(left)) + 0.5) / 1.5, atol=0.03)
    np.testing.assert_allclose(right, np.arange(len(right)) + 0.5, atol=0.03)
    assert len(left) in (7, 8)
    assert len(right) in (4, 5)
    assert all(p.data.strength > 0.4 for p in out["left"])


def test_one_person_is_followed_whoever_comes():
    alone = feed(Features(), [[p] for p in dancing()])
    frames = [[p, pose(-WORLD, (1, 0), person=4)] for p in dancing()]
    both = feed(Features(), [f if k > 10 else f[:1] for k, f in enumerate(frames)])
    for name in OUTPUTS:
        np.testing.assert_array_equal(
            [p.data for p in alone[name]], [p.data for p in both[name]], err_msg=name
        )
    chosen = feed(Features(person=4), frames)
    assert chosen["motion"][-1].data[0] == pytest.approx(0, abs=1e-4)


def test_nobody_and_a_gap_derive_nothing():
    frames = [[p] for p in dancing(20)]
    out = feed(Features(), [*frames, *[[]] * 40, [pose(WORLD + 5)], [pose(WORLD + 5)]])
    assert np.abs(out["velocity"][-1].data).max() < 1e-3
    assert len(out["velocity"]) == 19 + 1


def test_the_least_fall_of_an_ictus_changes_while_running():
    node = Features()
    out = collect(node, poses=Poses())
    for k, p in enumerate(dancing()):
        if k == 75:
            node.control(0, "depth", [0.9])
        node.on_poses(Packet(k * SECOND // FPS, [p], k))
    assert out["left"]
    assert max(p.t for p in out["left"]) < 2.6 * SECOND


def skeleton(frame, person=0):
    low = gait.soles(frame.rotations, np.zeros(3))[..., 1].min()
    arrays = (np.array([0, -low, 0], np.float32), frame.rotations.astype(np.float32))
    return SkeletonPose(person, *arrays, confidence=np.ones(55, np.float32))


def jumped(height):
    """A jump as skeletons without height, and as poses in pixels that show it."""
    frames = list(gait.jump(FPS, height))
    shifts = [(0, frame.root[1] - 1.0) for frame in frames]
    return [skeleton(f) for f in frames], [pose(WORLD, shift) for shift in shifts]


@pytest.mark.parametrize("poses_first", [True, False])
def test_ground_takes_the_jump_from_the_picture(poses_first):
    skeletons, poses = jumped(0.3)
    node = Ground()
    out = collect(node, skeletons=Skeletons(), poses=Poses())["grounded"]
    for k, (s, p) in enumerate(zip(skeletons, poses, strict=True)):
        calls = [(node.on_poses, p), (node.on_skeletons, s)]
        for call, data in calls if poses_first else calls[::-1]:
            call(Packet(k * SECOND // FPS, [data], k))
    heights = np.array([p.data[0].root[1] for p in out])
    assert [p.t for p in out] == [k * SECOND // FPS for k in range(len(skeletons))]
    assert heights.max() - heights[20] == pytest.approx(0.3, rel=0.1)


def test_ground_without_pictures_keeps_a_foot_on_the_floor():
    skeletons, _ = jumped(0.3)
    node = Ground()
    out = collect(node, skeletons=Skeletons())["grounded"]
    for k, s in enumerate(skeletons):
        node.on_skeletons(Packet(k * SECOND // FPS, [s], k))
    assert len(out) == len(skeletons)
    assert all(any(p.data[0].contacts) for p in out)


def test_ground_keeps_people_apart_and_recentres_them():
    frames = list(gait.walk(FPS, seconds=2))
    node = Ground()
    out = collect(node, skeletons=Skeletons())["grounded"]
    for k, frame in enumerate(frames):
        both = [skeleton(frame, 2), skeleton(frames[0], 5)]
        node.on_skeletons(Packet(k * SECOND // FPS, both, k))
    walker, stander = out[-1].data
    assert (walker.person, stander.person) == (2, 5)
    assert walker.root[2] > 1.0
    assert abs(stander.root[2]) < 1e-3
    node.control(0, "recentre", [])
    node.on_skeletons(Packet(2 * SECOND, [skeleton(frames[-1], 2)], 99))
    assert abs(out[-1].data[0].root[2]) < 0.1


def test_ground_goes_on_when_nobody_is_there():
    node = Ground()
    out = collect(node, skeletons=Skeletons())["grounded"]
    node.on_skeletons(Packet(0, [], 0))
    assert out[0].data == []
