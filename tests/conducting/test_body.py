"""The body: hands where they shall be, joints that agree with the skeleton, turns without jumps."""

import numpy as np
import pytest

from rt_engine.conducting.body import JOINTS, WIDTH, Body
from rt_engine.conducting.conductor import Conductor
from rt_engine.conducting.performance import pictured
from rt_engine.conducting.style import STYLES, drawn
from rt_engine.motion.skeleton import BONES, INDEX, forward

FASTEST = 1500.0  # degrees/s of any bone; a hand whose twist wraps round turns by 180 in a frame


def stances(seed, seconds=20):
    """A performance with everything in it, 50 stances a second."""
    rng = np.random.default_rng(seed)
    conductor = Conductor(drawn(rng), seed)
    beat, period, asked = 1.0, rng.uniform(0.35, 0.9), 3.0
    gestures = ("cue", "fermata", "release", "cut_off", "start", "express", "count_in")
    for frame in range(seconds * 50):
        t = frame / 50
        if beat - t < 0.3:
            conductor.hear(beat, 0, 4, period)
            beat += period
        if t > asked:
            asked, name = t + 1.5, str(rng.choice(gestures))
            arguments = {"cue": (rng.uniform(-70, 70),), "express": tuple(rng.random(2))}
            getattr(conductor, name)(*arguments.get(name, ()))
        yield conductor.at(t)


@pytest.mark.parametrize("seed", range(3))
def test_hands_are_where_they_shall_be_and_no_bone_jumps(seed):
    body, made = Body(), list(stances(seed))
    poses = [body.pose(stance) for stance in made]
    rotations = np.array([pose.rotations for pose in poses], float)
    places = forward(rotations, np.array([pose.root for pose in poses], float))
    for side in ("right", "left"):
        wanted = np.array([getattr(stance, side) for stance in made])
        away = np.linalg.norm(places[:, INDEX[f"{side.title()}Hand"]] - wanted, axis=1)
        assert (
            np.quantile(away, 0.9) < 1e-5 and away.max() < 0.04
        )  # at rest an arm may be too short
    cosine = np.abs((rotations[1:] * rotations[:-1]).sum(-1)).clip(0, 1)
    rates = 2 * np.degrees(np.arccos(cosine)).max(0) * 50
    assert rates.max() < FASTEST, BONES[int(rates.argmax())]
    assert rates[INDEX["RightHand"]] > 50


def test_the_13_joints_are_those_of_the_skeleton():
    body = Body(height=1.85)
    bones = {
        "left_eye": "LeftEye", "right_eye": "RightEye", "left_shoulder": "LeftUpperArm",
        "right_shoulder": "RightUpperArm", "left_elbow": "LeftLowerArm",
        "right_elbow": "RightLowerArm", "left_wrist": "LeftHand", "right_wrist": "RightHand",
        "left_hip": "LeftUpperLeg", "right_hip": "RightUpperLeg",
    }  # fmt: skip
    for stance in list(stances(5))[::40]:
        pose, joints = body.pose(stance), body.joints(stance)
        rotations, root = np.array(pose.rotations, float), np.array(pose.root, float) / body.scale
        places = forward(rotations, root) * body.scale
        for joint, bone in bones.items():
            found = joints[JOINTS.index(joint)]
            assert np.allclose(found, places[INDEX[bone]], atol=2e-6), joint


def test_arms_lie_in_the_way_the_bones_of_the_skeleton_bend():
    """Elbows bend forward as in the joint's own axis: a forearm stays across its hinge."""
    from rt_engine.motion.joints import Joints

    joints = Joints(["LeftLowerArm", "RightLowerArm"], margin=float("inf"))
    for stance in list(stances(1))[::50]:
        rotations = np.array(Body().pose(stance).rotations, float)[joints.bones]
        twist, flexion, side = joints.of_rotation(rotations).T
        assert (flexion > 0).all() and np.abs(side).max() < 1e-5 and np.abs(twist).max() < np.pi


def test_a_picture_is_in_the_units_of_the_paper():
    joints = np.array([Body().joints(stance) for stance in stances(2)])
    picture = pictured(joints)
    apart = np.linalg.norm(picture[:, 5] - picture[:, 6], axis=1)
    assert apart.mean() == pytest.approx(0.2, abs=1e-4)
    assert np.allclose(picture[:, 11:].mean(1), (0.5, 0.75), atol=1e-6)
    assert np.allclose(pictured(joints, WIDTH)[:, :, 1].mean(), picture[:, :, 1].mean(), atol=0.01)
    assert (picture[:, 9, 0] > picture[:, 10, 0]).mean() > 0.9  # the left hand, on the right side


def test_individuals_stay_within_what_a_body_can_do():
    rng = np.random.default_rng(0)
    for name in STYLES:
        for _ in range(20):
            style = drawn(rng, STYLES[name])
            assert style.size >= 0.12 and style.wander > 0 and 0.3 <= style.elbow < 1
            assert 0.9 < style.height < 1.3
