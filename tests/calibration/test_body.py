"""A person who stands still gives lengths, height, floor and tilt."""

import numpy as np
import pytest

from rt_engine.calibration.body import Body, calibrate_body, load_body, posture_fault, save_body
from rt_engine.core import SECOND, Packet
from rt_engine.motion.quaternion import from_rotvec, rotate
from rt_engine.motion.skeleton import INDEX, OFFSETS, identity, offsets_of
from tests.motion import bodies

FPS = 30
PERSON = offsets_of(1.84, {"LeftUpperLeg": 0.47, "RightUpperLeg": 0.47, "LeftLowerArm": 0.28,
                           "RightLowerArm": 0.28})  # fmt: skip


def rest(posture):
    """The T-pose, or with arms and hands down."""
    rotations = identity()
    if posture == "N":
        for side, sign in (("Left", -1), ("Right", 1)):
            rotations[INDEX[f"{side}UpperArm"]] = from_rotvec(np.array([0, 0, sign * np.pi / 2]))
    return rotations


def standing(posture="T", seconds=3.0, offsets=PERSON, rng=None, noise=(0.0, 0.0, 0.0), tilt=None):
    """Packets of one person; `noise` in m along x, y, z; `tilt` a rotation vector of the view."""
    packets = []
    for i in range(round(seconds * FPS)):
        pose = bodies.pose(rest(posture), offsets=offsets, hands=False)
        world = np.asarray(pose.world, np.float64)
        if tilt is not None:
            world = rotate(from_rotvec(np.asarray(tilt)), world)
        if rng is not None:
            world = world + rng.normal(0, 1, world.shape) * noise
        pose = type(pose)(0, pose.image, world.astype(np.float32), pose.visibility, 640, 480)
        packets.append(Packet(i * SECOND // FPS, [pose], i))
    return packets


def length(offsets, bone):
    return np.linalg.norm(offsets[INDEX[bone]])


@pytest.mark.parametrize("posture", ["T", "N"])
def test_bones_of_a_person_of_known_height_are_measured(posture):
    body = calibrate_body(standing(posture), posture, height=1.84)
    made = offsets_of(body.height, body.lengths)
    assert body.height == 1.84
    for bone in ("LeftLowerLeg", "RightFoot", "LeftLowerArm", "RightHand", "LeftUpperArm"):
        assert length(made, bone) == pytest.approx(length(PERSON, bone), rel=0.03), bone
    assert length(made, "LeftLowerLeg") / length(made, "LeftFoot") == pytest.approx(
        length(PERSON, "LeftLowerLeg") / length(PERSON, "LeftFoot"), rel=1e-3
    )


@pytest.mark.parametrize("height", [1.2, 1.5, 1.7, 2.0])
def test_the_height_is_estimated_from_the_bones(height):
    body = calibrate_body(standing(offsets=OFFSETS * height / 1.7))
    assert body.height == pytest.approx(height, rel=0.01)
    assert body.hips == pytest.approx(0.53 * height, abs=0.03)


def test_a_wrong_scale_of_the_detector_is_corrected_by_the_height():
    body = calibrate_body(standing(offsets=OFFSETS * 0.8), height=1.7)
    expected = length(OFFSETS, "LeftLowerLeg")
    assert body.lengths["LeftUpperLeg"] == pytest.approx(expected, rel=0.01)


def test_the_noise_of_a_webcam_is_averaged_out():
    rng = np.random.default_rng(11)
    noisy = standing(rng=rng, noise=(0.01, 0.01, 0.015))
    clean = calibrate_body(standing(), height=1.84)
    body = calibrate_body(noisy, height=1.84)
    for bone, expected in clean.lengths.items():
        assert body.lengths[bone] == pytest.approx(expected, abs=0.01), bone


def test_the_tilt_of_the_camera_is_found():
    down = calibrate_body(standing(tilt=[np.radians(12), 0, 0]))
    assert down.pitch == pytest.approx(12, abs=1.5)
    assert down.roll == pytest.approx(0, abs=0.5)
    leaning = calibrate_body(standing(tilt=[0, 0, np.radians(-5)]))
    assert leaning.roll == pytest.approx(5, abs=0.5)
    straight = calibrate_body(standing())
    assert down.hips == pytest.approx(straight.hips, abs=0.02)
    assert down.lengths == pytest.approx(straight.lengths, abs=0.01)


def test_the_stillest_two_seconds_of_a_longer_take_count():
    rng = np.random.default_rng(4)
    restless = standing(seconds=3, rng=rng, noise=(0.02, 0.02, 0.02))
    calm = [Packet(p.t + 3 * SECOND, p.data, 0) for p in standing(seconds=2.5)]
    body = calibrate_body(restless + calm, height=1.84)
    assert body.lengths == calibrate_body(standing(), height=1.84).lengths


def seated(packet):
    visibility = packet.data[0].visibility.copy()
    visibility[25:] = 0.1
    pose = packet.data[0]
    hidden = type(pose)(0, pose.image, pose.world, visibility, 640, 480)
    return Packet(packet.t, [hidden], packet.seq)


def test_without_the_legs_in_the_picture_the_arms_are_measured():
    body = calibrate_body([seated(p) for p in standing()], height=1.84)
    assert "LeftUpperLeg" not in body.lengths
    assert body.lengths["LeftLowerArm"] == pytest.approx(0.28, rel=0.03)
    assert body.hips == pytest.approx(0.53 * 1.84, abs=1e-3)


@pytest.mark.parametrize(
    ("poses", "said"),
    [
        ([], "it is too short"),
        (standing(seconds=1.5), "it is too short"),
        ([Packet(p.t, [], 0) for p in standing()], "nobody is seen"),
        ([Packet(p.t, p.data * 2, 0) for p in standing()], "several people are seen"),
        (standing("N"), "the left arm is not level"),
        (standing(rng=np.random.default_rng(0), noise=(0.06, 0.06, 0.06)), "hands move too much"),
    ],
)
def test_what_is_wrong_is_said(poses, said):
    with pytest.raises(ValueError, match=rf"no T-pose of 2 s was seen: mostly, .*{said}"):
        calibrate_body(poses)


def test_the_posture_is_judged():
    (t, n) = (standing(p, seconds=0.1)[0].data[0] for p in "TN")
    assert posture_fault(t, "T") == posture_fault(n, "N") == ""
    assert posture_fault(t, "N") == "the left arm is not hanging"
    bent = rest("T")
    bent[INDEX["RightLowerLeg"]] = from_rotvec(np.array([0, 0, 0.9]))
    assert posture_fault(bodies.pose(bent), "T") == "the right leg is bent"


def test_a_calibration_survives_its_file(tmp_path):
    body = calibrate_body(standing(), height=1.84)
    save_body(body, tmp_path / "anna.yaml")
    assert load_body(tmp_path / "anna.yaml") == body
    assert isinstance(body, Body)
    (tmp_path / "other.yaml").write_text("name: x\nnodes: {}\n")
    with pytest.raises(ValueError, match=r"other\.yaml: is no calibration of a body"):
        load_body(tmp_path / "other.yaml")
