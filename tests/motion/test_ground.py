"""Feet on the ground, on a walk and a jump with known contacts, after the loss of all travel."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.ground import Grounder
from rt_engine.motion.picture import Places, pixels_per_metre
from rt_engine.motion.retarget import Retargeter
from rt_engine.motion.skeleton import BONES, forward
from rt_engine.motion.steady import SteadyPose
from tests.motion import bodies, gait

FOCAL, DISTANCE, LEVEL = 900.0, 3.5, 1.0  # pixels, m to the camera, m of its height


def skeleton(frame, root=None, scale=1.0):
    place = root if root is not None else [0, scale * frame.root[1], 0]
    return SkeletonPose(
        person=0,
        root=np.asarray(place, np.float32),
        rotations=frame.rotations.astype(np.float32),
        confidence=np.ones(55, np.float32),
        scale=scale,
    )


def centred(frame):
    """Without the travel: hips over the lower foot, as landmarks give them."""
    return skeleton(frame, [0, -gait.soles(frame.rotations, np.zeros(3))[..., 1].min(), 0])


def ground(frames, make=skeleton):
    grounder = Grounder()
    return [grounder.step(frame.t, make(frame)) for frame in frames]


def film(frame, rng, noise=0.0):
    """What a camera sees that stands level before the person: hips-centred and in pixels."""
    pose = bodies.pose(frame.rotations, hands=False)
    world = pose.world + frame.root
    depth = DISTANCE - world[:, 2]
    image = np.stack(
        [640 + FOCAL * world[:, 0] / depth, 360 - FOCAL * (world[:, 1] - LEVEL) / depth, 0 * depth],
        1,
    )
    shake = noise * rng.normal(size=(33, 3))
    return msgspec.structs.replace(
        pose,
        world=(pose.world + shake * [1, 1, 4]).astype(np.float32),
        image=(image + shake * [1, -1, 0] * FOCAL / DISTANCE).astype(np.float32),
        width=1280,
        height=720,
    )


def filmed(frames, noise=0.0):
    """The whole way: camera, smoothing, skeleton, ground with the height from the picture."""
    rng = np.random.default_rng(0)
    steady, retarget = SteadyPose(), Retargeter(height=1.7)
    places, grounder = Places(), Grounder()
    out = []
    for frame in frames:
        t = round(frame.t * 1e9)
        pose = steady.step(film(frame, rng, noise), t)
        out.append(grounder.step(frame.t, retarget.step(pose, t), places.hips(frame.t, pose)[1]))
    return out


def slips(frames, out):
    """How far (m) each point of a sole goes across the floor during each of its contacts."""
    places = np.array([gait.soles(o.rotations.astype(float), o.root, o.scale) for o in out])
    touch = np.array([frame.touch for frame in frames])
    found = []
    for side, point in np.ndindex(2, 2):
        edges = np.flatnonzero(np.diff(touch[:, side, point].astype(int))) + 1
        for start, end in pairwise(edges):
            if touch[start, side, point]:
                path = places[start:end, side, point]
                found.append(np.linalg.norm((path - path[0])[:, [0, 2]], axis=1).max())
    return np.array(found)


@pytest.mark.parametrize("fps", [25, 60])
@pytest.mark.parametrize("heading", [0.0, 1.2])
def test_a_walk_slips_less_than_10_mm_under_contact(fps, heading):
    frames = list(gait.walk(fps, heading=heading, seconds=4))
    slipped = slips(frames, ground(frames, centred))
    assert len(slipped) > 8
    assert slipped.max() < 0.010


@pytest.mark.parametrize("fps", [30])
def test_the_way_of_a_walk_is_found_again_from_the_feet(fps):
    frames = list(gait.walk(fps, heading=0.6, seconds=5))
    out = ground(frames, centred)
    way, true = out[-1].root - out[0].root, frames[-1].root - frames[0].root
    np.testing.assert_allclose(way, true, atol=0.04 * np.linalg.norm(true))
    heights = np.array([o.root[1] for o in out]) - [f.root[1] for f in frames]
    assert np.abs(heights).max() < 0.03


def test_the_walk_made_for_these_tests_does_not_slip_itself():
    for heading in (0.0, 1.2):
        frames = list(gait.walk(30, heading=heading, seconds=2))
        touch = np.array([f.touch for f in frames])
        places = np.array([gait.soles(f.rotations, f.root) for f in frames])
        both = touch[1:] & touch[:-1]
        np.testing.assert_allclose(np.diff(places, axis=0)[both], 0, atol=1e-9)
        np.testing.assert_allclose(places[touch][:, 1], 0, atol=1e-9)


def test_contacts_are_those_of_the_walk():
    frames = list(gait.walk(60, seconds=3))
    found = np.array([o.contacts for o in ground(frames, centred)])
    true = np.array([frame.touch.any(axis=1) for frame in frames])
    assert (found == true).mean() > 0.88
    assert found[true].mean() > 0.98  # none is missed; a foot is let go a little late


@pytest.mark.parametrize("fps", [25, 60])
@pytest.mark.parametrize("height", [0.15, 0.5])
def test_a_jump_keeps_its_height(fps, height):
    frames = list(gait.jump(fps, height))
    out = ground(frames)
    rise = max(o.root[1] for o in out) - out[fps].root[1]
    assert rise == pytest.approx(height, rel=0.1)
    air = np.array([not frame.touch.any() for frame in frames])
    flown = np.array([o.contacts == (False, False) for o in out])
    assert (air == flown).mean() > 0.97


def test_a_way_that_nothing_shows_is_not_made_up():
    out = ground(list(gait.jump(60, 0.3, way=0.6)))
    assert np.abs([o.root[[0, 2]] for o in out]).max() < 0.05


def test_no_foot_goes_through_the_floor():
    for frames, make in (
        (list(gait.walk(30, seconds=3)), centred),
        (list(gait.jump(30)), skeleton),
    ):
        for frame, o in zip(frames, ground(frames, make), strict=True):
            lowest = gait.soles(o.rotations.astype(float), o.root)[..., 1].min()
            assert lowest > -0.005, frame.t


@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_a_filmed_walk_across_the_picture_slips_less_than_10_mm(noise):
    frames = [
        f._replace(root=f.root - [1.2, 0, 0]) for f in gait.walk(30, heading=np.pi / 2, seconds=3)
    ]
    assert slips(frames, filmed(frames, noise)).max() < 0.010


@pytest.mark.parametrize("noise", [0.0, 0.002])
@pytest.mark.parametrize("height", [0.15, 0.35])
def test_a_filmed_jump_keeps_its_height(noise, height):
    frames = list(gait.jump(30, height))
    out = filmed(frames, noise)
    heights = np.array([o.root[1] for o in out])
    assert heights.max() - heights[5:40].mean() == pytest.approx(height, rel=0.1)


def test_a_locked_foot_keeps_the_lengths_of_bones_and_the_rest_of_the_body():
    frames = list(gait.walk(30, seconds=3))
    for frame, o in zip(frames, ground(frames, centred), strict=True):
        rotations = o.rotations.astype(float)
        np.testing.assert_allclose(np.linalg.norm(rotations, axis=1), 1, atol=1e-6)
        legs = [i for i, name in enumerate(BONES) if "Leg" in name or "Foot" in name]
        kept = np.setdiff1d(np.arange(55), legs)
        np.testing.assert_array_equal(o.rotations[kept], frame.rotations[kept].astype(np.float32))


def test_feet_move_on_smoothly_when_they_are_let_go():
    frames = list(gait.walk(60, seconds=2))
    out = ground(frames, centred)
    own = np.array([gait.soles(f.rotations, f.root) for f in frames])
    moved = np.array([gait.soles(o.rotations.astype(float), o.root) for o in out])
    fastest = np.linalg.norm(np.diff(own, axis=0), axis=-1).max()
    assert np.linalg.norm(np.diff(moved, axis=0), axis=-1).max() < 1.35 * fastest


def test_a_taller_person_walks_the_same_way_on_a_larger_scale():
    frames = list(gait.walk(30, seconds=3))
    tall = [
        skeleton(f, [0, -1.2 * gait.soles(f.rotations, np.zeros(3))[..., 1].min(), 0], 1.2)
        for f in frames
    ]
    grounder = Grounder()
    out = [grounder.step(f.t, s) for f, s in zip(frames, tall, strict=True)]
    assert slips(frames, out).max() < 0.010
    assert out[-1].root[2] == pytest.approx(1.2 * ground(frames, centred)[-1].root[2], rel=0.05)


def test_the_floor_may_lie_anywhere_in_the_input():
    frames = list(gait.jump(60, 0.3))
    up = [skeleton(f, f.root + np.array([0, 0.7, 0])) for f in frames]
    grounder = Grounder()
    heights = [grounder.step(f.t, s).root[1] for f, s in zip(frames, up, strict=True)]
    np.testing.assert_allclose(heights[:60], [f.root[1] for f in frames[:60]], atol=2e-3)
    assert max(heights) - heights[30] == pytest.approx(0.3, rel=0.1)


def test_standing_still_stands_still():
    frame = next(gait.jump(60))
    rng = np.random.default_rng(1)
    grounder, places = Grounder(), []
    for k in range(100):
        shaken = frame.rotations.copy()
        shaken[1:7] += 0.004 * rng.normal(size=(6, 4))
        shaken /= np.linalg.norm(shaken, axis=1, keepdims=True)
        o = grounder.step(k / 30, skeleton(frame._replace(rotations=shaken)))
        places.append(gait.soles(o.rotations.astype(float), o.root))
        assert o.contacts == (True, True)
    assert np.ptp(np.array(places)[5:], axis=0)[..., [0, 2]].max() < 0.005


def test_recentre_brings_the_person_home_and_a_gap_leaves_where_last_seen():
    frames = list(gait.walk(30, seconds=3))
    grounder = Grounder()
    for frame in frames:
        last = grounder.step(frame.t, centred(frame))
    assert last.root[2] > 1
    later = grounder.step(frame.t + 10, centred(frame))
    np.testing.assert_allclose(later.root[[0, 2]], last.root[[0, 2]], atol=1e-6)
    grounder.recentre()
    home = grounder.step(frame.t + 10 + 1 / 30, centred(frame))
    assert abs(home.root[2]) < 0.05
    assert home.root[1] == pytest.approx(last.root[1], abs=0.05)


def still(heights):
    """Somebody who stands, while the picture claims `heights` for the hips, 30 a second."""
    frame, grounder = next(gait.jump(30)), Grounder()
    return [grounder.step(k / 30, skeleton(frame), height) for k, height in enumerate(heights)]


def test_a_height_that_drifts_is_no_flight():
    out = still(0.3 * np.arange(150) / 30)
    assert all(o.contacts == (True, True) for o in out)
    assert np.ptp([o.root[1] for o in out]) < 0.01


def test_a_height_that_leaps_and_stays_is_soon_known_for_an_error():
    out = still(np.where(np.arange(90) < 30, 0.0, 0.4))
    assert out[31].contacts == (False, False)
    assert all(o.contacts == (True, True) for o in out[40:])
    assert out[-1].root[1] == pytest.approx(out[0].root[1], abs=0.01)


def test_nobody_flies_longer_than_a_second():
    out = still(np.cumsum(np.where(np.arange(150) < 30, 0.0, 0.1)))
    air = np.array([o.contacts == (False, False) for o in out])
    assert air.any()
    landings = np.flatnonzero(np.diff(air.astype(int)) < 0)
    starts = np.flatnonzero(np.diff(air.astype(int)) > 0)
    assert (landings - starts[: len(landings)]).max() <= 31


def test_pixels_per_metre_of_a_filmed_person():
    frame = next(gait.jump(30))
    pose = film(frame, np.random.default_rng(0))
    assert pixels_per_metre(pose) == pytest.approx(FOCAL / DISTANCE, rel=0.03)


def test_the_way_of_the_hips_through_the_picture_is_in_metres():
    frames, rng, places = list(gait.jump(30, 0.3)), np.random.default_rng(0), Places()
    found = np.array([places.hips(f.t, film(f, rng))[1] for f in frames])
    true = np.array([forward(f.rotations, f.root)[[1, 2], 1].mean() for f in frames])
    np.testing.assert_allclose(found, true - true[0], atol=0.02)
