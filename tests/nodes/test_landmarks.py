"""Landmarks over real UDP, as oscdump and python-osc see them."""

import contextlib
import socket

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage

from rt_engine.core import Packet, collect
from rt_engine.kinds import Images, Pose, Poses
from rt_engine.nodes import osc
from rt_engine.protocols.landmarks import NAMES, PACKET, POSENET
from tests.rigs import OscDump, free_udp_port, wait_for

WIDTH, HEIGHT = 640, 480


def pose(person=0, hands=False):
    step = np.arange(33, dtype=np.float32)
    image = np.stack([100 + 10 * step, 50 + 12 * step, -5 * step], axis=1)
    world = np.stack([step / 33, 1 - step / 16, step / 330], axis=1)
    hand = np.arange(63, dtype=np.float32).reshape(21, 3) / 100 if hands else None
    seen = np.linspace(0.5, 1, 33, dtype=np.float32)
    return Pose(person, image, world, seen, WIDTH, HEIGHT, hand, None)


@contextlib.contextmanager
def listener():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(3)
        yield receiver, f"127.0.0.1:{receiver.getsockname()[1]}"


@contextlib.contextmanager
def running(node, **formats):
    collect(node, poses=Poses(), **formats)
    try:
        yield node
    finally:
        node.close()


def sent(*people, **settings):
    """The datagrams of one packet of poses."""
    with listener() as (receiver, to), running(osc.Landmarks(to=to, **settings)) as node:
        node.on_poses(Packet(0, list(people), 0))
        datagrams = [receiver.recv(65536)]
        receiver.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while True:
                datagrams.append(receiver.recv(65536))
    return datagrams


def messages(datagrams):
    return [m for d in datagrams for m in OscBundle(d)]


def read_arr(values):
    """Decode as the readme of PoseOSC says."""
    width, height, people, *rest = values
    size = len(rest) // people if people else 0
    poses = [rest[i * size : (i + 1) * size] for i in range(people)]
    return (width, height), [(p[0], np.array(p[1:]).reshape(-1, 3)) for p in poses]


def test_the_array_has_size_count_scores_and_17_points_of_each():
    (datagram,) = sent(pose(4), pose(7))
    message = OscMessage(datagram)
    assert message.address == "/poses/arr"
    assert len(message.params) == 3 + 2 * (1 + 17 * 3)
    size, poses = read_arr(message.params)
    assert size == (WIDTH, HEIGHT)
    for score, points in poses:
        expected = pose()
        np.testing.assert_allclose(points[:, :2], expected.image[list(POSENET), :2], rtol=1e-6)
        np.testing.assert_allclose(points[:, 2], expected.visibility[list(POSENET)], rtol=1e-6)
        assert score == pytest.approx(expected.visibility[list(POSENET)].mean())


def test_the_17_points_stand_in_the_order_of_posenet():
    order = [
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
        "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    ]  # fmt: skip
    assert [NAMES[i] for i in POSENET] == order


def test_names_are_those_of_mediapipe():
    mediapipe = pytest.importorskip("mediapipe", reason="needs mediapipe (extra 'pose')")
    if not hasattr(mediapipe, "solutions"):
        pytest.skip("needs mediapipe 0.10 (solutions)")
    assert tuple(p.name.lower() for p in mediapipe.solutions.pose.PoseLandmark) == NAMES


def test_all_33_points_on_demand():
    (datagram,) = sent(pose(), points=33)
    _, ((_, points),) = read_arr(OscMessage(datagram).params)
    np.testing.assert_allclose(points[:, :2], pose().image[:, :2], rtol=1e-6)


def test_oscdump_sees_ints_then_floats_and_nobody_is_a_header():
    with (
        OscDump() as dump,
        running(osc.Landmarks(to=f"127.0.0.1:{dump.port}"), images=Images(320, 240)) as node,
    ):
        node.on_poses(Packet(0, [], 0))
        node.on_poses(Packet(0, [pose()], 1))
        node.on_poses(Packet(0, [], 2))
        wait_for(lambda: len(dump.messages) == 3)
    tags = [tags for _, tags, _ in dump.messages]
    assert tags == ["iii", "iii" + 52 * "f", "iii"]
    assert dump.messages[0][2] == ["320", "240", "0"]
    assert dump.messages[2][2] == ["640", "480", "0"]


def test_the_size_of_the_header_is_that_of_the_wired_picture():
    with listener() as (receiver, to), running(osc.Landmarks(to=to), images=Images()) as node:
        node.images = Packet(0, np.zeros((72, 128, 3), np.uint8), 0)
        node.on_poses(Packet(0, [], 0))
        assert OscMessage(receiver.recv(2000)).params == [128, 72, 0]


def test_normalised_points_are_fractions_of_the_picture():
    head, *points = messages(sent(pose(3), form="normalised"))
    assert (head.address, head.params) == ("/landmarks", [1, WIDTH, HEIGHT])
    assert [m.address for m in points] == [f"/landmarks/3/{name}" for name in NAMES]
    made = np.array([m.params for m in points])
    np.testing.assert_allclose(made[:, :3] * [640, 480, 640], pose().image, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(made[:, 3], pose().visibility, rtol=1e-6)


def test_world_points_are_metres_and_hands_follow():
    head, *points = messages(sent(pose(1, hands=True), form="world"))
    assert (head.address, head.params) == ("/world", [1])
    made = np.array([m.params[:3] for m in points[:33]])
    np.testing.assert_allclose(made, pose().world, rtol=1e-5)
    hand = {m.address: m.params for m in points[33:]}
    assert list(hand) == [f"/world/1/left_hand/{n}" for n in range(21)]
    np.testing.assert_allclose(list(hand.values()), pose(hands=True).left_hand, rtol=1e-5)


@pytest.mark.parametrize("form", ["normalised", "world"])
def test_bundles_fit_into_single_packets_and_every_value_is_a_float(form):
    datagrams = sent(pose(0, True), pose(12, True), form=form)
    assert all(len(d) <= PACKET for d in datagrams)
    assert len(datagrams) <= 6
    for message in messages(datagrams)[1:]:
        assert all(isinstance(value, float) for value in message.params)


def test_several_forms_and_several_receivers_at_once():
    with listener() as (one, to_one), listener() as (two, to_two):
        node = osc.Landmarks(to=[to_one, to_two], form=["arr", "world"])
        with running(node):
            node.on_poses(Packet(0, [], 0))
            for receiver in (one, two):
                assert OscMessage(receiver.recv(2000)).address == "/poses/arr"
                assert [m.address for m in OscBundle(receiver.recv(2000))] == ["/world"]


def test_a_receiver_that_is_not_there_is_said_once(caplog):
    with running(osc.Landmarks(to=f"127.0.0.1:{free_udp_port()}")) as node:
        for i in range(30):
            node.on_poses(Packet(i, [pose()], i))
    assert caplog.text.count("nobody listens there") == 1
    assert len(caplog.records) == 1


@pytest.mark.parametrize("wrong", [{"to": "9527"}, {"to": ["a:1", "b"]}])
def test_wrong_receivers_are_refused(wrong):
    with pytest.raises(ValueError, match="is no receiver; write host:port"):
        osc.Landmarks(**wrong).plan()
