"""The bytes and the rules of VMC that need no network."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.skeleton import BONES, INDEX, OFFSETS, identity, orientations
from rt_engine.protocols import vmc
from rt_engine.protocols.vmc_reader import Reader, messages
from tests.motion.bodies import random_posture
from tests.protocols.marionette import contents


def skeleton(rotations):
    return SkeletonPose(
        person=0,
        root=OFFSETS[0].astype(np.float32),
        rotations=np.asarray(rotations, np.float32),
        confidence=np.ones(55, np.float32),
    )


def bones_of(datagrams):
    """Name to the seven numbers."""
    found = [m for datagram in datagrams for m in contents(datagram)]
    return {m[2][0]: np.array(m[2][1:]) for m in found if m[0] == "/VMC/Ext/Bone/Pos"}


def test_unity_sees_minus_the_worlds_landmarks_of_mediapipe():
    """The rule of thumb for an un-mirrored camera: x, y and z change their signs."""
    mediapipe = np.array([0.1, -0.2, 0.3])
    body = mediapipe * [1, -1, -1]
    position, _ = vmc.to_unity(body, np.array([0, 0, 0, 1.0]))
    assert position == pytest.approx(-mediapipe)


def test_an_arm_that_is_raised_forward_points_forward_in_unity():
    """The left arm of a T-pose points to -X in Unity; turned to the front, to +Z."""
    forward = Rotation.from_euler("y", -90, degrees=True).as_quat()
    offset, rotation = vmc.to_unity(OFFSETS[INDEX["LeftLowerArm"]], forward)
    assert offset[0] < 0
    assert Rotation.from_quat(rotation).apply(offset / np.linalg.norm(offset)) == pytest.approx(
        [0, 0, 1]
    )


def test_numbers_are_written_anew_in_every_frame():
    performer = vmc.Performer()
    rng = np.random.default_rng(0)
    first, second = random_posture(rng), random_posture(rng)
    before = bones_of(performer.frame(skeleton(first), 0.0))
    performer.frame(skeleton(second), 1.0)
    again = bones_of(performer.frame(skeleton(first), 2.0))
    assert all(np.array_equal(before[name], again[name]) for name in BONES)


def test_a_bone_that_the_avatar_lacks_hands_its_rotation_on():
    """Without UpperChest, neck and shoulders turn as they did with it."""
    rng = np.random.default_rng(1)
    posture = random_posture(rng)
    present = np.ones(55, bool)
    present[[INDEX["UpperChest"], INDEX["LeftShoulder"]]] = False
    sent = bones_of(vmc.Performer(present=present).frame(skeleton(posture), 0.0))
    local = identity()
    for name, numbers in sent.items():
        local[INDEX[name]] = vmc.to_unity(numbers[:3], numbers[3:])[1]
    assert np.abs(local[INDEX["UpperChest"]]) == pytest.approx([0, 0, 0, 1])
    wanted, got = orientations(posture), orientations(local)
    for name in ("Neck", "LeftUpperArm", "RightShoulder", "RightHand", "LeftHand"):
        assert abs(wanted[INDEX[name]] @ got[INDEX[name]]) == pytest.approx(1, abs=1e-6)


def test_bones_are_chosen_by_pattern():
    assert vmc.select(["*Toes", "Jaw"]) == {"LeftToes", "RightToes", "Jaw"}
    assert len(vmc.LOWER_BODY) == 9
    with pytest.raises(ValueError, match="'Wing'"):
        vmc.select(["Wing"])


@pytest.mark.parametrize(("new", "old"), [("happy", "Joy"), ("aa", "A"), ("blinkLeft", "Blink_L")])
def test_expressions_have_two_names(new, old):
    for name in (new, old):
        assert vmc.blend_name(name, "vrm0") == old
        assert vmc.blend_name(name, "vrm1") == new
    assert vmc.blend_name("Wink!", "vrm1") == "Wink!"


def test_midi_and_relayed_messages_have_the_types_of_the_protocol():
    assert contents(vmc.midi_note(True, 10, 36, 0.5))[0][1:] == (",iiif", [1, 9, 36, 0.5])
    assert contents(vmc.thru("cue", "go"))[0] == ("/VMC/Thru/cue", ",s", ["go"])
    assert contents(vmc.thru("cue", "go", 2))[0][1:] == (",si", ["go", 2])
    assert contents(vmc.thru("cue", "go", 2.0))[0][1:] == (",sf", ["go", 2.0])


def test_time_before_the_bones_or_in_every_bundle_still_gives_whole_frames():
    """Performers differ in where they put /T."""
    rng = np.random.default_rng(2)
    poses = [skeleton(random_posture(rng)) for _ in range(3)]
    reader, frames = Reader(), []
    for i, pose in enumerate(poses):
        datagrams = vmc.Performer(packing="messages").frame(pose, float(i))
        for datagram in [datagrams[-1], *datagrams[:-1]]:
            frames += reader.feed(datagram)
    assert len(frames) == 2  # each is complete when the next begins
    for frame, pose in zip(frames, poses, strict=False):
        assert np.allclose(np.abs((frame.rotations * pose.rotations).sum(-1)), 1, atol=1e-5)


def test_the_root_carries_the_hips():
    reader = Reader()
    half_turn = vmc._transform("/VMC/Ext/Root/Pos", "root")[0]
    assert reader.feed(half_turn[:-28] + np.array([1, 0, 0, 0, 1, 0, 0], ">f4").tobytes()) == []
    hips = vmc._transform("/VMC/Ext/Bone/Pos", "Hips")[0]
    reader.feed(hips[:-28] + np.array([0.5, 1, 0, 0, 0, 0, 1], ">f4").tobytes())
    (frame,) = reader.feed(vmc.message("/VMC/Ext/T", "f", [0.0]))
    # in Unity: half a turn about Y at (1, 0, 0) takes (0.5, 1, 0) to (0.5, 1, 0)
    assert frame.root == pytest.approx([-0.5, 1, 0])
    assert np.abs(frame.rotations[0]) == pytest.approx([0, 1, 0, 0])


@given(st.binary(max_size=300))
def test_no_datagram_breaks_the_reader(data):
    for raw in (data, b"#bundle\0" + data, b"/VMC/Ext/Bone/Pos\0\0\0,sfffffff\0\0\0" + data):
        frames = Reader().feed(raw)
        assert all(np.isfinite(frame.rotations).all() for frame in frames)


@given(st.lists(st.floats(width=32), min_size=7, max_size=7))
def test_no_numbers_make_a_bone_that_is_not_finite(numbers):
    reader = Reader()
    reader.feed(vmc.message("/VMC/Ext/Bone/Pos", "s" + 7 * "f", ["Hips", *numbers]))
    for frame in reader.feed(vmc.message("/VMC/Ext/T", "f", [0.0])):
        assert np.isfinite(frame.root).all()
        assert np.linalg.norm(frame.rotations, axis=-1) == pytest.approx(1)


def test_every_number_type_of_osc_is_read():
    raw = vmc.message("/a", "sifhdTFN", ["x", 1, 2.5, 3, 4.5, True, False, None])
    assert list(messages(raw)) == [("/a", ["x", 1, 2.5, 3, 4.5, True, False, None])]
