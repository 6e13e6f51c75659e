"""The node `pose.Smooth`: people, gaps, exchanged sides, hands, the control and the lag."""

import msgspec
import numpy as np
import pytest

from rt_engine.core import SECOND, Packet, collect
from rt_engine.kinds import Pose, Poses
from rt_engine.nodes.pose import Smooth

FPS = 30
SIZE = (640, 480)
PIXELS = 180.0  # a metre


def still_world():
    rng = np.random.default_rng(7)
    world = rng.normal(size=(33, 3)) * [0.2, 0.5, 0.1]
    world[11:33:2, 0] = 0.2 + abs(world[11:33:2, 0])
    world[12:33:2] = world[11:33:2] * [-1, 1, 1]
    return world


WORLD = still_world()


def pose(world=WORLD, person=0, image=None, visibility=1.0, **rest):
    if image is None:
        image = np.array([320, 240, 0]) + PIXELS * world * [1, -1, -1]
    return Pose(
        person=person,
        image=np.asarray(image, np.float32),
        world=np.asarray(world, np.float32),
        visibility=np.full(33, visibility, np.float32),
        width=SIZE[0],
        height=SIZE[1],
        **rest,
    )


def run(frames, **settings):
    """Lists of poses, 30 a second, through a node; its output packets by name."""
    node = Smooth(**settings)
    out = collect(node, poses=Poses())
    for k, poses in enumerate(frames):
        node.on_poses(Packet(k * SECOND // FPS, poses, k))
    return out


def moved(t, hz=1.0):
    """A still picture under a known affine motion: shift, turn and size."""
    angle = 0.15 * np.sin(2 * np.pi * hz * t)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = 1 + 0.05 * np.sin(2 * np.pi * 0.7 * hz * t)
    shift = np.array([320 + 60 * np.sin(2 * np.pi * hz * t), 240.0])
    image = np.zeros((33, 3))
    image[:, :2] = size * PIXELS * (WORLD[:, :2] * [1, -1]) @ turn.T + shift
    return image


@pytest.mark.parametrize("quick", [0.0, 0.5, 1.0])
def test_a_still_picture_under_affine_motion_comes_out_later_by_the_lag_and_unbent(quick):
    times = np.arange(240) / FPS
    out = run([[pose(image=moved(t))] for t in times], quick=quick)
    smooth = np.array([p.data[0].image[:, :2] for p in out["smooth"]])[90:]
    shifts = np.arange(0, 0.1, 0.002)
    misses = [
        np.sqrt(
            np.mean(
                [(s - moved(t - d)[:, :2]) ** 2 for s, t in zip(smooth, times[90:], strict=True)]
            )
        )
        for d in shifts
    ]
    best = shifts[int(np.argmin(misses))]
    reported = np.mean([p.data[0] for p in out["lag"]][90:]) / 1000
    assert reported == pytest.approx(best, rel=0.25, abs=0.002)
    path = np.array([moved(t)[:, :2] for t in times[90:]])
    assert min(misses) < 0.03 * path.std(axis=0).max()
    assert abs((smooth - path).mean(axis=(0, 1))).max() < 0.6  # pixels


def test_the_default_costs_at_most_25_ms_on_moving_hands():
    frames = []
    for t in np.arange(150) / FPS:
        world = WORLD.copy()
        world[15:23, 1] += 0.25 * np.sin(2 * np.pi * 1.5 * t)
        frames.append([pose(world)])
    out = run(frames)
    assert 0 < out["lag"][-1].data[0] <= 25
    assert out["lag"][-1].data.dtype == np.float32


def test_noise_is_cut():
    rng = np.random.default_rng(0)
    worlds = [WORLD + rng.normal(size=(33, 3)) * [0.001, 0.001, 0.004] for _ in range(200)]
    out = run([[pose(w)] for w in worlds])
    smooth = np.array([p.data[0].world for p in out["smooth"]])[30:]
    jerk = np.abs(np.diff(smooth, 3, axis=0)).mean()
    assert jerk < 0.4 * np.abs(np.diff(worlds, 3, axis=0)).mean()


def test_people_have_filters_of_their_own():
    rng = np.random.default_rng(1)
    path = [WORLD + 0.01 * rng.normal(size=(33, 3)) for _ in range(40)]
    other = [WORLD + 0.4 + 0.05 * rng.normal(size=(33, 3)) for _ in range(40)]
    alone = run([[pose(w, 3)] for w in path])["smooth"]
    both = run([[pose(v, 8), pose(w, 3)] for v, w in zip(other, path, strict=True)])["smooth"]
    assert [p.person for p in both[-1].data] == [3, 8]
    for single, pair in zip(alone, both, strict=True):
        np.testing.assert_array_equal(single.data[0].world, pair.data[0].world)


def test_a_person_out_of_the_picture_goes_on_briefly_and_is_then_gone():
    walk = [[pose(WORLD + np.array([0.02 * k, 0, 0]))] for k in range(40)]
    out = run([*walk, *[[] for _ in range(12)]])["smooth"]
    present = [bool(p.data) for p in out[40:]]
    assert present == [True] * 9 + [False] * 3  # 0.3 s at 30 fps
    gone = [p.data[0] for p in out[40:49]]
    assert gone[1].world[0, 0] > out[39].data[0].world[0, 0] + 0.02
    fading = [p.visibility[0] for p in gone]
    assert fading == sorted(fading, reverse=True)
    assert fading[-1] < 0.05


def test_a_person_who_comes_back_late_starts_afresh():
    out = run([[pose()]] * 10 + [[]] * 90 + [[pose(WORLD + 1)]], memory=2.0)["smooth"]
    np.testing.assert_allclose(out[-1].data[0].world, WORLD + 1, atol=1e-5)


def test_exchanged_sides_are_put_back_in_world_picture_visibility_and_hands():
    hands = {"left_hand": np.full((21, 3), 0.1, np.float32), "right_hand": None}
    right = pose(**hands)
    right.visibility[15] = 0.8
    order = np.arange(33)
    order[11:33] = order[11:33].reshape(-1, 2)[:, ::-1].ravel()
    wrong = msgspec.structs.replace(
        right,
        world=right.world[order],
        image=right.image[order],
        visibility=right.visibility[order],
        left_hand=None,
        right_hand=hands["left_hand"],
    )
    out = run([[right]] * 20 + [[wrong]] * 20)["smooth"]
    last = out[-1].data[0]
    np.testing.assert_allclose(last.world[11:], WORLD[11:], atol=1e-5)
    np.testing.assert_allclose(last.image[11:], right.image[11:], atol=1e-3)
    assert last.visibility[15] == np.float32(0.8)
    assert last.left_hand is not None
    assert last.right_hand is None
    kept = run([[right]] * 20 + [[wrong]] * 40, swaps=False)["smooth"][-1].data[0]
    np.testing.assert_allclose(kept.world, wrong.world, atol=0.02)


def test_hands_are_smoothed_bridged_and_dropped():
    hand = np.random.default_rng(3).normal(size=(21, 3)).astype(np.float32) * 0.05
    frames = [[pose(left_hand=hand)]] * 10 + [[pose()]] * 12
    out = run(frames)["smooth"]
    present = [p.data[0].left_hand is not None for p in out]
    assert present == [True] * 19 + [False] * 3
    np.testing.assert_allclose(out[9].data[0].left_hand, hand, atol=1e-6)
    assert all(p.data[0].right_hand is None for p in out)


def test_another_size_of_picture_starts_the_person_afresh():
    first = pose()
    second = msgspec.structs.replace(first, width=1280, height=960, image=first.image * 2)
    out = run([[first]] * 20 + [[second]])["smooth"]
    np.testing.assert_allclose(out[-1].data[0].image, second.image)


def test_the_control_works_while_running():
    node = Smooth(quick=0.0)
    out = collect(node, poses=Poses())
    lags = []
    for k in range(240):
        if k == 120:
            node.control(0, "quick", [1.0])
        world = WORLD + np.array([0.2 * np.sin(2 * np.pi * k / FPS), 0, 0])
        node.on_poses(Packet(k * SECOND // FPS, [pose(world)], k))
        lags.append(out["lag"][-1].data[0])
    assert lags[-1] < 0.4 * lags[119]


def test_input_is_not_touched_and_the_payload_is_single_precision():
    given = pose()
    before = given.world.copy()
    out = run([[given], [pose(WORLD + 0.1)]])["smooth"]
    np.testing.assert_array_equal(given.world, before)
    assert not np.shares_memory(out[0].data[0].world, given.world)
    assert {out[1].data[0].world.dtype, out[1].data[0].image.dtype} == {np.dtype(np.float32)}


def test_an_empty_picture_gives_an_empty_list_and_no_lag():
    out = run([[], []])
    assert [p.data for p in out["smooth"]] == [[], []]
    assert out["lag"] == []


def test_frames_with_the_same_time_stamp_do_no_harm():
    node = Smooth()
    out = collect(node, poses=Poses())
    for seq in range(3):
        node.on_poses(Packet(SECOND, [pose()], seq))
    assert np.isfinite(out["smooth"][-1].data[0].world).all()
