"""Packets as the page draws them, against what they were made from."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from rt_engine import kinds
from rt_engine.core import Kind, Packet
from rt_engine.kinds import DrumBar, Pose, SkeletonPose
from rt_engine.motion.skeleton import BONES, INDEX, OFFSETS, PARENTS, identity
from rt_engine.web.streams import Frame, event_of, framed, is_event, json_of, view_of


def seen(kind: Kind, *data: object) -> Frame:
    packets = [Packet(i * 1_000_000, each, i) for i, each in enumerate(data)]
    frame = view_of(kind).make(packets)
    assert frame is not None
    return frame


def array(frame: Frame) -> np.ndarray:
    assert frame.form == 1
    return np.frombuffer(frame.data, "<f4").reshape(frame.shape)


def test_the_head_of_a_frame_is_as_described() -> None:
    raw = framed(513, Frame(1, -7, (2, 3), bytes(24)))
    assert raw[:4] == bytes([1, 2, 1, 2])  # watch 513 little endian, form, dimensions
    assert struct.unpack("<q", raw[4:12]) == (-7,)
    assert struct.unpack("<2I", raw[12:20]) == (2, 3) and len(raw) == 44


@pytest.mark.parametrize("block", [1, 100, 240, 512, 5000])
def test_the_envelope_is_the_same_for_blocks_of_any_size(block: int) -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 24_000).astype(np.float32)
    view = view_of(kinds.Audio(rate=48_000))
    parts = [sound[i : i + block] for i in range(0, len(sound), block)]
    found = [view.make([Packet(i, part, i)]) for i, part in enumerate(parts)]
    columns = np.concatenate([array(frame) for frame in found if frame])
    expected = sound.reshape(100, 240)
    np.testing.assert_array_equal(columns[:, 0], expected.min(1))
    np.testing.assert_array_equal(columns[:, 1], expected.max(1))


def test_of_several_channels_the_first_is_drawn() -> None:
    sound = np.stack([np.full(480, 0.25), np.full(480, 1.0)], axis=1).astype(np.float32)
    np.testing.assert_array_equal(array(seen(kinds.Audio(rate=48_000, channels=2), sound)), 0.25)


def test_rows_of_features_keep_their_order() -> None:
    rows = [np.array([i, -i], np.float32) for i in range(5)]
    np.testing.assert_array_equal(array(seen(kinds.Frames(size=2), *rows)), rows)


def test_a_picture_becomes_a_jpeg_of_at_most_640_pixels() -> None:
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")
    image = np.zeros((960, 1280, 3), np.uint8)
    image[:, 640:] = (0, 0, 255)
    frame = seen(kinds.Images(), image)
    assert frame.form == 2 and frame.shape == (len(frame.data),)
    back = cv2.imdecode(np.frombuffer(frame.data, np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == (480, 640, 3)
    assert back[:, :300].max() < 40 and back[:, 340:, 2].min() > 215
    assert cv2.imdecode(
        np.frombuffer(seen(kinds.Images(), image[:48, :64]).data, np.uint8), 1
    ).shape == (48, 64, 3)


def test_people_are_in_fractions_of_the_picture() -> None:
    image = np.tile(np.array([320, 120, -64], np.float32), (33, 1))
    world = np.arange(99, dtype=np.float32).reshape(33, 3)
    pose = Pose(0, image, world, np.linspace(0, 1, 33, dtype=np.float32), 640, 480)
    people = array(seen(kinds.Poses(), [pose, pose]))
    assert people.shape == (2, 33, 7)
    np.testing.assert_allclose(people[0, :, :3], [[0.5, 0.25, -0.1]] * 33)
    np.testing.assert_array_equal(people[1, :, 3:6], world)
    np.testing.assert_array_equal(people[0, :, 6], pose.visibility)


def test_nobody_is_an_empty_array() -> None:
    assert seen(kinds.Poses(), []).shape == (0, 33, 7)
    assert seen(kinds.Skeletons(), []).shape == (0, len(BONES), 3)


def test_bodies_are_places_of_joints() -> None:
    root = np.array([1, 2, 3], np.float32)
    sure = np.ones(len(BONES), np.float32)
    small = SkeletonPose(0, root, identity().astype(np.float32), sure, scale=0.5)
    joints = array(seen(kinds.Skeletons(), [small]))[0]
    np.testing.assert_allclose(joints[0], root)
    for name in ("Chest", "LeftHand", "RightFoot"):
        bone = INDEX[name]
        step = joints[bone] - joints[PARENTS[bone]]
        np.testing.assert_allclose(step, OFFSETS[bone] * 0.5, atol=1e-6)


def test_a_kind_that_no_view_knows_is_shown_all_the_same() -> None:
    class Own(Kind, frozen=True):
        pass

    np.testing.assert_array_equal(
        array(seen(Own(), np.arange(6).reshape(2, 3))), [[0, 1, 2], [3, 4, 5]]
    )
    frame = seen(Own(), {"word": "a", "n": np.int64(3)})
    assert frame.form == 3 and json.loads(frame.data) == {"word": "a", "n": 3}
    assert json.loads(seen(Own(), object()).data).startswith("<object")


def test_what_has_a_name_is_an_event_and_what_flows_is_drawn() -> None:
    events = {name for name in kinds.__all__ if _is_event(getattr(kinds, name))}
    drawn = {"Audio", "Frames", "Images", "Poses", "Skeletons"}
    assert {"Beats", "Tempo", "Notes", "DrumBars", "Cues"} <= events
    assert not events & drawn


def _is_event(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Kind) and is_event(found())


def test_an_event_says_its_time_and_how_far_ahead_it_is() -> None:
    hits = np.zeros((2, 9), bool)
    bar = DrumBar(4, 0.5, hits, hits.astype(np.float32), hits.astype(np.float32), "model")
    event = json.loads(json_of(event_of("drums", "bars", Packet(3_000_000_000, bar, 0), 10**9)))
    assert event["t"] == 3_000_000_000 and event["ahead"] == 2.0
    assert event["data"]["hits"] == hits.tolist() and event["data"]["source"] == "model"
