"""Landmarks to bones: directions, limits, sight that fails, and size."""

import itertools
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rt_engine.kinds import Pose
from rt_engine.motion.joints import Joints
from rt_engine.motion.posture import RELAXED
from rt_engine.motion.quaternion import angle, from_rotvec, multiply, rotate
from rt_engine.motion.retarget import Retargeter
from rt_engine.motion.skeleton import (
    INDEX,
    OFFSETS,
    SOLE,
    forward,
    identity,
    offsets_of,
    orientations,
)
from tests.motion.bodies import (
    DIGITS,
    LIMBS,
    degrees,
    limb_directions,
    pose,
    random_posture,
    seen_directions,
)

FRAME = 33_333_333
HINGED = [f"{side}{bone}" for side in ("Left", "Right") for bone in ("LowerArm", "LowerLeg")]


def with_sight(seen, landmarks, visibility):
    """The same pose, some landmarks of it seen badly."""
    changed = seen.visibility.copy()
    changed[list(landmarks)] = visibility
    return msgspec.structs.replace(seen, visibility=changed)


def flexed(bone, flexion, rotations=None):
    """A posture with one joint bent, in degrees."""
    rotations = identity() if rotations is None else rotations.copy()
    joints = Joints([bone])
    rotations[joints.bones] = joints.rotation(np.radians([[0.0, flexion, 0.0]]))
    return rotations


def test_a_t_pose_is_the_rest_pose():
    found = Retargeter(height=1.7).step(pose(identity()), 0)
    assert np.degrees(angle(found.rotations, identity())).max() < 0.5
    assert found.root == pytest.approx(OFFSETS[0], abs=2e-3)


def test_every_limb_points_where_its_landmarks_do():
    """Random legal postures: landmarks from forward kinematics, and back, within a degree."""
    rng = np.random.default_rng(0)
    worst: dict[str, float] = {}
    inside = []
    for _ in range(150):
        seen = pose(random_posture(rng))
        retargeter = Retargeter(height=1.7)
        found = limb_directions(retargeter.step(seen, 0).rotations.astype(float))
        for bone, direction in seen_directions(seen).items():
            free = retargeter.posture.strain[INDEX[bone]] < 1e-9
            inside.append(free)
            if free:
                worst[bone] = max(worst.get(bone, 0), degrees(direction, found[bone]))
    assert set(worst) == {*LIMBS, *DIGITS}
    assert max(worst.values()) < 1
    assert np.mean(inside) > 0.99


def test_elbows_and_knees_bend_about_their_hinges():
    """Bent limbs span a plane: the whole rotation comes back, not the direction alone."""
    rng = np.random.default_rng(1)
    for _ in range(100):
        wanted = random_posture(rng, trunk=0)
        seen = pose(wanted)
        found = Retargeter(height=1.7).step(seen, 0).rotations.astype(float)
        joints = Joints(HINGED)
        bent = joints.of_rotation(wanted[joints.bones])[:, 1] > np.radians(16)
        mine, true = orientations(found), orientations(wanted)
        for bone, enough in zip(HINGED, bent, strict=True):
            upper = INDEX[bone.replace("Lower", "Upper")]
            if enough:
                assert np.degrees(angle(mine[upper], true[upper])) < 1


def test_hips_chest_and_head_turn_with_their_landmarks():
    turns = {"Hips": (0, 40, 0), "Spine": (0, 20, 0), "Head": (15, 30, 10)}
    wanted = identity()
    for bone, degrees_ in turns.items():
        wanted[INDEX[bone]] = from_rotvec(np.radians(degrees_))
    found = Retargeter(height=1.7).step(pose(wanted), 0).rotations.astype(float)
    mine, true = orientations(found), orientations(wanted)
    for bone in ("Hips", "UpperChest", "Head"):
        assert np.degrees(angle(mine[INDEX[bone]], true[INDEX[bone]])) < 2
    shares = [np.degrees(angle(found[INDEX[b]], identity()[0])) for b in ("Spine", "Chest")]
    assert shares[0] == pytest.approx(shares[1]) and shares[0] == pytest.approx(20 / 3, abs=0.5)


def test_the_forearm_takes_half_of_what_the_hand_turns():
    wanted = identity()
    joints = Joints(["LeftLowerArm"])
    wanted[joints.bones] = joints.turning(np.radians([60.0]))
    found = Retargeter(height=1.7).step(pose(wanted), 0).rotations.astype(float)
    mine, true = orientations(found), orientations(wanted)
    assert np.degrees(angle(mine[INDEX["LeftHand"]], true[INDEX["LeftHand"]])) < 1
    half = found[INDEX["LeftLowerArm"]]
    assert np.degrees(angle(half, identity()[0])) == pytest.approx(30, abs=1)


def test_raised_arms_lift_the_shoulders():
    up = identity()
    joints = Joints(["LeftUpperArm", "RightUpperArm"])
    up[joints.bones] = joints.rotation(np.radians([[0.0, 0.0, -80.0]] * 2))
    found = Retargeter(height=1.7).step(pose(up), 0).rotations.astype(float)
    lifted = Joints(["LeftShoulder", "RightShoulder"])
    side = np.degrees(lifted.of_rotation(found[lifted.bones])[:, 2])
    assert side == pytest.approx([-20, -20], abs=3)
    assert degrees(limb_directions(found)["LeftUpperArm"], limb_directions(up)["LeftUpperArm"]) < 1


@pytest.mark.parametrize("bone", ["LeftLowerLeg", "RightLowerLeg"])
def test_a_knee_never_bends_forward(bone):
    seen = pose(flexed(bone, -60.0), hands=False)
    found = Retargeter(height=1.7).step(seen, 0).rotations.astype(float)
    joints = Joints([bone])
    assert np.degrees(joints.of_rotation(found[joints.bones]))[0, 1] > -16


def noisy(numbers):
    world = np.array(numbers, np.float32).reshape(33, 3)
    return Pose(
        person=0,
        image=np.zeros((33, 3), np.float32),
        world=world,
        visibility=np.ones(33, np.float32),
        width=1,
        height=1,
        left_hand=world[:21].copy(),
        right_hand=world[12:].copy(),
    )


@given(st.lists(st.floats(-2, 2, width=32), min_size=99, max_size=99))
def test_whatever_the_landmarks_are_the_joints_keep_their_limits(numbers):
    found = Retargeter().step(noisy(numbers), 0)
    rotations = found.rotations.astype(float)
    assert np.isfinite(found.root).all() and np.isfinite(found.scale)
    assert np.linalg.norm(rotations, axis=1) == pytest.approx(1, abs=1e-5)
    joints = Joints([b for b in LIMBS if not b.endswith("Hand")] + DIGITS)
    bent = joints.of_rotation(rotations[joints.bones])
    assert (bent > joints.low - 1e-3).all() and (bent < joints.high + 1e-3).all()


@pytest.mark.parametrize("constant", [0.0, 1.0])
def test_landmarks_that_all_coincide_break_nothing(constant):
    found = Retargeter().step(noisy([constant] * 99), 0)
    assert np.isfinite(found.rotations).all() and np.isfinite(found.root).all()


def test_what_is_not_seen_holds_and_then_relaxes():
    rng = np.random.default_rng(2)
    seen = pose(random_posture(rng))
    retargeter = Retargeter(height=1.7, hold=0.3)
    first = retargeter.step(seen, 0).rotations.astype(float)
    arm = INDEX["LeftLowerArm"]
    moved = pose(multiply(random_posture(rng), identity()))
    hidden = with_sight(moved, [13, 15], 0.0)
    soon = retargeter.step(hidden, FRAME)
    assert soon.confidence[arm] == 0
    assert np.degrees(angle(soon.rotations[arm].astype(float), first[arm])) < 10
    for i in range(2, 80):
        late = retargeter.step(hidden, i * FRAME)
    assert np.degrees(angle(late.rotations[arm].astype(float), RELAXED[arm])) < 1


def test_an_arm_that_is_seen_points_right_on_a_trunk_that_is_not():
    rng = np.random.default_rng(3)
    retargeter = Retargeter(height=1.7)
    retargeter.step(pose(identity()), 0)
    wanted = random_posture(rng, trunk=0)
    wanted[0] = from_rotvec(np.radians([5.0, 20.0, 0.0]))
    seen = with_sight(pose(wanted), [23, 24], 0.0)
    found = retargeter.step(seen, FRAME)
    directions, true = limb_directions(found.rotations.astype(float)), seen_directions(seen)
    for bone in ("LeftUpperArm", "RightUpperArm", "LeftLowerArm", "RightLowerArm"):
        if retargeter.posture.strain[INDEX[bone]] < 1e-9:
            assert degrees(directions[bone], true[bone]) < 1


def test_sight_that_returns_is_trusted_little_by_little():
    retargeter = Retargeter(height=1.7)
    arm = INDEX["LeftUpperArm"]
    hanging, raised = pose(RELAXED), pose(identity())
    retargeter.step(hanging, 0)
    retargeter.step(with_sight(raised, [11, 13], 0.0), FRAME)
    left = []
    for i in range(2, 14):
        found = retargeter.step(raised, i * FRAME)
        left.append(np.degrees(angle(found.rotations[arm].astype(float), identity()[arm])))
    assert 30 < left[0] < 80
    assert all(b <= a + 1e-6 for a, b in itertools.pairwise(left))
    assert left[-1] < 1


def test_fingers_follow_hands_and_relax_without():
    fist = identity()
    joints = Joints([b for b in DIGITS if "Thumb" not in b])
    fist[joints.bones] = joints.rotation(np.radians([[0.0, 0.0, 80.0]] * len(joints.bones)))
    retargeter = Retargeter(height=1.7, hold=0.3)
    found = retargeter.step(pose(fist), 0)
    assert (
        np.degrees(angle(found.rotations[joints.bones].astype(float), fist[joints.bones])).max() < 1
    )
    assert found.confidence[INDEX["LeftIndexDistal"]] == 1
    for i in range(1, 80):
        found = retargeter.step(pose(fist, hands=False), i * FRAME)
    assert found.confidence[INDEX["LeftIndexDistal"]] == 0
    assert np.degrees(angle(found.rotations.astype(float), RELAXED)[joints.bones]).max() < 1


def test_the_lower_foot_stands_on_the_floor():
    squat = identity()
    for side in ("Left", "Right"):
        squat = flexed(f"{side}UpperLeg", 80, squat)
        squat = flexed(f"{side}LowerLeg", 110, squat)
        squat = flexed(f"{side}Foot", 20, squat)
    found = Retargeter(height=1.7).step(pose(squat), 0)
    places = forward(found.rotations.astype(float), found.root)
    turned = orientations(found.rotations.astype(float))
    feet = [INDEX["LeftFoot"], INDEX["RightFoot"]]
    soles = [places[foot, 1] + rotate(turned[foot], point)[1] for foot in feet for point in SOLE]
    assert 0.3 < found.root[1] < 0.8
    assert min(soles) == pytest.approx(0, abs=2e-3)


@pytest.mark.parametrize("height", [1.2, 1.7, 2.0])
def test_the_height_is_learnt_from_the_landmarks(height):
    retargeter = Retargeter()
    offsets = offsets_of(height)
    for i in range(30):
        found = retargeter.step(pose(identity(), offsets=offsets), i * FRAME)
    assert found.scale == pytest.approx(height / 1.7, rel=1e-4)
    assert found.root[1] == pytest.approx(offsets[0, 1], rel=1e-2)


def test_a_calibrated_body_is_not_learnt_anew():
    lengths = {"LeftUpperLeg": 0.5, "RightUpperLeg": 0.5}
    found = Retargeter(height=1.8, lengths=lengths).step(pose(identity()), 0)
    assert found.scale == pytest.approx(1.8 / 1.7)
    assert found.root[1] == pytest.approx(offsets_of(1.8, lengths)[0, 1], abs=2e-3)
    with pytest.raises(ValueError, match="Tail"):
        Retargeter(lengths={"Tail": 1.0})


def test_after_a_reset_the_same_comes_again():
    rng = np.random.default_rng(4)
    takes = [pose(random_posture(rng)) for _ in range(5)]
    retargeter = Retargeter()
    first = [retargeter.step(p, i * FRAME).rotations for i, p in enumerate(takes)]
    retargeter.reset()
    again = [retargeter.step(p, i * FRAME).rotations for i, p in enumerate(takes)]
    assert np.array_equal(first, again)


def test_a_straight_arm_does_not_spin():
    """Noise of a few millimetres decides nothing about the twist of an arm that spans no plane."""
    rng = np.random.default_rng(5)
    retargeter = Retargeter(height=1.7)
    straight = pose(identity(), hands=False)
    steps, before = [], None
    for i in range(90):
        world = straight.world + rng.normal(0, 0.003, (33, 3)).astype(np.float32)
        found = retargeter.step(msgspec.structs.replace(straight, world=world), i * FRAME)
        arm = found.rotations[INDEX["LeftUpperArm"]].astype(float)
        if before is not None:
            steps.append(np.degrees(angle(arm, before)))
        before = arm
    assert np.median(steps) < 3 and max(steps) < 10


@pytest.mark.shared
def test_a_filmed_body_is_followed_within_a_degree():
    """MediaPipe on people who walk and jump: what is trusted and free points as it is seen."""
    path = Path(__file__).parents[3] / "shared/data/video/sports2d_demo.mp4"
    if not path.exists():
        pytest.skip(f"needs ../shared/data/video/{path.name}")
    cv2 = pytest.importorskip("cv2", reason="needs the extra 'pose'")
    mediapipe = pytest.importorskip("mediapipe", reason="needs the extra 'pose'")
    film, retargeter = cv2.VideoCapture(str(path)), Retargeter()
    errors: dict[str, list[float]] = {bone: [] for bone in LIMBS}
    trusted = 0
    with mediapipe.solutions.pose.Pose(model_complexity=1) as detector:
        for i in range(120):
            found = detector.process(cv2.cvtColor(film.read()[1], cv2.COLOR_BGR2RGB))
            if not found.pose_world_landmarks:
                continue
            seen = filmed(found)
            directions = limb_directions(retargeter.step(seen, i * FRAME).rotations.astype(float))
            true = seen_directions(seen)
            for bone in LIMBS:
                if retargeter.posture.trust[INDEX[bone]] == 1:
                    trusted += 1
                    if retargeter.posture.strain[INDEX[bone]] < 1e-9:
                        errors[bone].append(degrees(true[bone], directions[bone]))
    assert max(max(some) for some in errors.values()) < 1
    assert sum(len(some) for some in errors.values()) > 0.8 * trusted > 500


def filmed(found):
    world = [[p.x, -p.y, -p.z] for p in found.pose_world_landmarks.landmark]
    return Pose(
        person=0,
        image=np.zeros((33, 3), np.float32),
        world=np.array(world, np.float32),
        visibility=np.array([p.visibility for p in found.pose_landmarks.landmark], np.float32),
        width=1,
        height=1,
    )
