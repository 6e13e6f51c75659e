"""VMC nodes over real UDP: every packet under the receivers' rules, poses as receivers see them."""

import contextlib
import logging
import socket
import time

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.udp_client import SimpleUDPClient
from scipy.spatial.transform import Rotation

from rt_engine.core import Packet
from rt_engine.kinds import Beat, Note, SkeletonPose
from rt_engine.motion.skeleton import BONES, INDEX, MIRROR, OFFSETS, forward, identity, orientations
from rt_engine.nodes import vmc
from tests.motion.bodies import random_posture
from tests.protocols.marionette import Marionette, contents, godot, unity
from tests.rigs import free_udp_port, wait_for

SECOND = 1_000_000_000
FRAME = SECOND // 60


def skeleton(rotations, root=(0.0, 0.9, 0.0), person=0, scale=1.0):
    return SkeletonPose(
        person=person,
        root=np.array(root, np.float32),
        rotations=np.asarray(rotations, np.float32),
        confidence=np.ones(55, np.float32),
        scale=scale,
    )


def random_skeleton(rng):
    return skeleton(random_posture(rng), rng.uniform([-2, 0.4, -2], [2, 1.3, 2]))


@contextlib.contextmanager
def running(node, *inputs):
    """The node in real time, without a graph; `inputs` name those that are wired."""
    node.formats = dict.fromkeys(inputs)
    node.plan()
    node.open()
    node.reset()
    try:
        yield node
    finally:
        node.close()


def perform(node, marionette, poses):
    """Send poses one by one, each as a frame of its own; roots (n, 7) and bones (n, 55, 7)."""
    found = []
    for i, pose in enumerate(poses):
        node.on_skeletons(Packet(i * FRAME, [pose], i))
        names, root, bones, tracked = marionette.frame()
        assert tracked and names == list(BONES)
        found.append((root, bones))
    return np.array([root for root, _ in found]), np.array([bones for _, bones in found])


def expected(poses, mirror=False, travel="hips"):
    """Joint places (n, 55, 3) and rotation matrices (n, 55, 3, 3) in the body frame."""
    rotations = np.array([pose.rotations for pose in poses], float)
    roots = np.array([pose.root for pose in poses], float)
    if travel == "lock":
        roots = roots * [0, 1, 0]
    places, turned = forward(rotations, roots), orientations(rotations)
    matrices = Rotation.from_quat(turned.reshape(-1, 4)).as_matrix().reshape(-1, 55, 3, 3)
    if mirror:
        flip = np.diag([-1.0, 1.0, 1.0])
        places, matrices = places[:, MIRROR] @ flip, flip @ matrices[:, MIRROR] @ flip
    return places, matrices


def degrees(a, b):
    """The largest angle between rotation matrices."""
    cosines = (np.einsum("...ij,...ij->...", a, b) - 1) / 2
    # the chord is exact where the cosine is flat
    chords = np.linalg.norm(a - b, axis=(-2, -1)) / np.sqrt(8)
    assert cosines.min() > 0
    return float(np.degrees(2 * np.arcsin(chords)).max())


@pytest.mark.parametrize(
    ("travel", "count"), [("hips", 1000), ("root", 100), ("lock", 100)], ids=str
)
@pytest.mark.parametrize("mirror", [False, True])
def test_postures_arrive_as_they_are(mirror, travel, count):
    """In Unity and in Godot, within 1 mm and 0.1 degrees."""
    rng = np.random.default_rng(count)
    poses = [random_skeleton(rng) for _ in range(count)]
    with (
        Marionette() as marionette,
        running(vmc.Send(to=marionette.to, mirror=mirror, travel=travel)) as node,
    ):
        received = perform(node, marionette, poses)
    wanted, matrices = expected(poses, mirror, travel)
    for engine in (unity, godot):
        places, turned = engine(*received)
        assert np.linalg.norm(places - wanted, axis=-1).max() < 1e-3
        assert degrees(np.stack(turned, 1), matrices) < 0.1


@pytest.mark.parametrize(
    ("packing", "largest", "bundles"),
    [("packets", 1472, True), ("frame", 65_000, True), ("messages", 200, False)],
)
def test_the_packings_carry_the_same(packing, largest, bundles):
    rng = np.random.default_rng(1)
    poses = [random_skeleton(rng) for _ in range(20)]
    with (
        Marionette(largest, bundles) as marionette,
        running(vmc.Send(to=marionette.to, packing=packing)) as node,
    ):
        places, _ = unity(*perform(node, marionette, poses))
        datagrams = len(marionette.datagrams)
    assert np.allclose(places, expected(poses)[0], atol=1e-5)
    assert datagrams == {"packets": 4, "frame": 1, "messages": 58}[packing]


def test_a_frame_has_the_bytes_of_python_osc():
    rng = np.random.default_rng(2)
    pose = random_skeleton(rng)
    with Marionette() as marionette, running(vmc.Send(to=marionette.to)) as node:
        node.blend(0, "happy", 0.25)
        node.on_skeletons(Packet(node.clock.now(), [pose], 0))
        marionette.frame()
        datagrams = marionette.datagrams
    for datagram in datagrams:
        bundle = OscBundleBuilder(IMMEDIATELY)
        for address, tags, values in contents(datagram):
            message = OscMessageBuilder(address)
            for tag, value in zip(tags[1:], values, strict=True):
                message.add_arg(value, tag)
            bundle.add_content(message.build())
        assert bundle.build().dgram == datagram


@pytest.fixture(scope="module")
def vmcp():
    """The decoder vmcp with osc4py3, which starts once in a process."""
    pytest.importorskip("osc4py3", reason="vmcp[osc4py3] is not installed")
    osc = pytest.importorskip("vmcp.osc", reason="vmcp[osc4py3] is not installed")
    from vmcp.osc.backend.osc4py3 import as_eventloop

    with osc.OSC(as_eventloop).open() as system:
        yield system


@pytest.mark.parametrize("count", [25, pytest.param(1000, marks=pytest.mark.slow)])
def test_an_independent_decoder_reads_the_same(vmcp, count):
    """Its events, put together, are the posture that was sent."""
    from vmcp.events import BoneTransformEvent, RelativeTimeEvent, RootTransformEvent
    from vmcp.facades import on_receive

    rng = np.random.default_rng(3)
    poses = [random_skeleton(rng) for _ in range(count)]
    port, frames, bones, roots = free_udp_port(), [], {}, []

    def bone(event):
        p, q = event.position, event.rotation
        bones[event.joint.value] = [p.x, p.y, p.z, q.x, q.y, q.z, q.w]

    def root(event):
        p, q = event.position, event.rotation
        roots.append([p.x, p.y, p.z, q.x, q.y, q.z, q.w])

    receiver = vmcp.create_receiver("127.0.0.1", port, f"marionette-{count}").open()
    on_receive(receiver, BoneTransformEvent, bone)
    on_receive(receiver, RootTransformEvent, root)
    on_receive(
        receiver, RelativeTimeEvent, lambda _: frames.append([bones[name] for name in BONES])
    )
    with running(vmc.Send(to=f"127.0.0.1:{port}")) as node:
        for i, pose in enumerate(poses):
            node.on_skeletons(Packet(i * FRAME, [pose], i))
            wait_for(lambda wanted=i + 1: (vmcp.run(), len(frames) == wanted)[1])
    places, turned = unity(np.array(roots), np.array(frames))
    wanted, matrices = expected(poses)
    assert np.linalg.norm(places - wanted, axis=-1).max() < 1e-3
    assert degrees(np.stack(turned, 1), matrices) < 0.1


def test_a_frame_goes_to_every_receiver():
    pose = skeleton(identity())
    with Marionette() as one, Marionette() as two:
        with running(vmc.Send(to=[one.to, two.to])) as node:
            node.on_skeletons(Packet(node.clock.now(), [pose], 0))
        assert one.frame()[3] and two.frame()[3]


@pytest.mark.parametrize("rate", [30.0, 60.0, 240.0])
def test_no_more_frames_than_the_rate_and_never_thirty_in_one_of_unity(rate):
    """200 poses a second for one second: what comes is at most the rate, evenly."""
    pose = skeleton(identity())
    with Marionette() as marionette, running(vmc.Send(to=marionette.to, rate=rate)) as node:
        start = node.clock.now()
        for i in range(200):
            node.on_skeletons(Packet(start + i * SECOND // 200, [pose], i))
        marionette.socket.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            while True:
                marionette.frame()
    times = np.array(marionette.times)
    assert min(rate, 200) * 0.95 <= len(times) <= min(rate, 200) + 2
    assert max(((times >= t) & (times < t + 0.1)).sum() for t in times) <= 30


def test_a_jittered_stream_below_the_rate_loses_no_frame():
    rng = np.random.default_rng(4)
    times = np.arange(90) / 30 + rng.uniform(-0.008, 0.008, 90) + 1
    pose = skeleton(identity())
    with Marionette() as marionette, running(vmc.Send(to=marionette.to, rate=30)) as node:
        for i, t in enumerate(times):
            node.on_skeletons(Packet(round(t * SECOND), [pose], i))
            assert marionette.frame()[3]


def test_nobody_in_sight_is_said_without_moving_the_avatar():
    with Marionette() as marionette, running(vmc.Send(to=marionette.to)) as node:
        node.on_skeletons(Packet(0, [], 0))
        assert marionette.frame()[3] is False
        node.on_skeletons(Packet(FRAME, [skeleton(identity())], 1))
        assert marionette.frame()[3] is True


def test_the_person_who_is_followed_stays_the_same():
    turned = identity()
    turned[0] = [0, 1, 0, 0]
    first, second = skeleton(identity(), person=3), skeleton(turned, person=7)
    with Marionette() as marionette, running(vmc.Send(to=marionette.to, person=2)) as node:
        seen = []
        for i, people in enumerate([[first, second], [second, first], [second], [first]]):
            node.on_skeletons(Packet(i * FRAME, people, i))
            seen.append(marionette.frame())
    tracked = [frame[3] for frame in seen]
    assert tracked == [True, True, True, False]
    assert all(abs(frame[2][0, 4]) == pytest.approx(1) for frame in seen[:3])


def test_live_settings_reach_the_next_frame():
    rng = np.random.default_rng(5)
    pose = random_skeleton(rng)
    with Marionette() as marionette, running(vmc.Send(to=marionette.to)) as node:
        for i, mirror in enumerate([False, True]):
            node.control(0, "mirror", [mirror])
            node.on_skeletons(Packet(i * FRAME, [pose], i))
            _, root, bones, _ = marionette.frame()
            places, _ = unity(root[None], bones[None])
            assert np.allclose(places, expected([pose], mirror)[0], atol=1e-5)
        node.control(0, "travel", ["root"])
        node.on_skeletons(Packet(2 * FRAME, [pose], 2))
        root = marionette.frame()[1]
    assert root[:3] == pytest.approx([pose.root[0], 0, pose.root[2]])  # mirrored, in Unity


def test_the_upper_body_alone_keeps_its_direction():
    """Without hips and legs, the spine takes over what the hips turn."""
    pose = random_skeleton(np.random.default_rng(6))
    lower = [b for b in BONES if b == "Hips" or b.endswith(("Leg", "Foot", "Toes"))]
    with (
        Marionette(bones=55 - len(lower)) as marionette,
        running(vmc.Send(to=marionette.to, upper_body=True)) as node,
    ):
        node.on_skeletons(Packet(0, [pose], 0))
        names, root, bones, _ = marionette.frame()
    assert not set(names) & set(lower)
    whole = np.zeros((1, 55, 7))
    whole[..., 6] = 1
    whole[0, [INDEX[name] for name in names]] = bones
    _, turned = unity(root[None], whole)
    _, matrices = expected([pose])
    kept = [INDEX[name] for name in names]
    assert degrees(np.stack(turned, 1)[:, kept], matrices[:, kept]) < 0.1


def test_bones_that_are_cut_are_not_sent():
    with (
        Marionette(bones=22) as marionette,
        running(
            vmc.Send(to=marionette.to, cut=["*Proximal", "*Intermediate", "*Distal", "*Eye", "Jaw"])
        ) as node,
    ):
        node.on_skeletons(Packet(0, [skeleton(identity())], 0))
        names = marionette.frame()[0]
    assert "LeftIndexDistal" not in names and "LeftToes" in names


def test_positions_can_be_left_out_but_for_the_hips():
    with (
        Marionette(zeros=True) as marionette,
        running(vmc.Send(to=marionette.to, positions="omit")) as node,
    ):
        node.on_skeletons(Packet(0, [skeleton(identity(), (0.5, 0.9, 0.25))], 0))
        bones = marionette.frame()[2]
    assert bones[0, :3] == pytest.approx([-0.5, 0.9, 0.25])
    assert not bones[1:, :3].any()


def test_a_tall_person_moves_a_small_avatar():
    """The hips are scaled by the height ratio, so that the avatar's feet reach the floor."""
    with Marionette() as marionette, running(vmc.Send(to=marionette.to)) as node:
        pose = skeleton(identity(), OFFSETS[0] * 1.2, scale=1.2)
        node.on_skeletons(Packet(0, [pose], 0))
        bones = marionette.frame()[2]
    assert bones[0, :3] == pytest.approx(OFFSETS[0], abs=1e-6)


def test_blend_shapes_are_sent_under_the_names_of_the_receiver():
    pose = skeleton(identity())
    for names, wanted in (("vrm0", "Joy"), ("vrm1", "happy")):
        with Marionette() as marionette, running(vmc.Send(to=marionette.to, names=names)) as node:
            node.control(0, "blend", ["happy", 0.5])
            node.control(0, "blend", ["Special", 1])
            node.on_skeletons(Packet(0, [pose], 0))
            marionette.frame()
            assert marionette.blends == {wanted: 0.5, "Special": 1.0}


def test_notes_and_beats_ride_along_when_they_are_due():
    with Marionette() as marionette, running(vmc.Send(to=marionette.to), "notes", "beats") as node:
        now = node.clock.now()
        node.on_notes(Packet(now + SECOND // 20, Note(38, 127, 0.05, 10), 0))
        node.on_beats(Packet(now + SECOND // 5, Beat(8, 1, 4, 120.0, 0.5, 0.9), 0))
        found = [contents(marionette.socket.recv(2000))[0] for _ in range(5)]
    assert found == [
        ("/VMC/Ext/Midi/Note", ",iiif", [1, 9, 38, 1.0]),
        ("/VMC/Ext/Midi/Note", ",iiif", [0, 9, 38, 0.0]),
        ("/VMC/Thru/beat", ",si", ["position", 1]),
        ("/VMC/Thru/tempo", ",sf", ["bpm", 120.0]),
        ("/VMC/Thru/downbeat", ",si", ["index", 8]),
    ]


def test_a_receiver_that_is_not_there_is_said_once(caplog):
    pose = skeleton(identity())
    port = free_udp_port()
    with (
        caplog.at_level(logging.WARNING),
        Marionette() as there,
        running(vmc.Send(to=[f"127.0.0.1:{port}", there.to])) as node,
    ):
        for i in range(20):
            node.on_skeletons(Packet(i * FRAME, [pose], i))
            assert there.frame()[3]
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and str(port) in said[0]


def test_settings_that_cannot_work_are_refused_with_the_remedy():
    with pytest.raises(ValueError, match="host:port"):
        vmc.Send(to="nowhere").plan()
    with pytest.raises(ValueError, match="no bone is named 'Tail'"):
        vmc.Send(cut=["Tail"]).plan()
    with pytest.raises(ValueError, match=r"missing\.vrm"):
        vmc.Send(positions="missing.vrm").plan()


@contextlib.contextmanager
def listening(port):
    node = vmc.Receive(host="127.0.0.1", port=port)
    found = []
    with running(node):
        node.skeletons.targets = [found.append]
        yield node, found


@pytest.mark.parametrize("packing", ["packets", "frame", "messages"])
def test_what_one_sends_the_other_receives(packing):
    rng = np.random.default_rng(7)
    poses = [random_skeleton(rng) for _ in range(10)]
    port = free_udp_port()
    with (
        listening(port) as (receiver, found),
        running(vmc.Send(to=f"127.0.0.1:{port}", packing=packing)) as node,
    ):
        for i, pose in enumerate(poses):
            node.on_skeletons(Packet(i * FRAME, [pose], i))
            while len(found) <= i:
                receiver.read()
    for packet, pose in zip(found, poses, strict=True):
        (came,) = packet.data
        assert np.allclose(came.root, pose.root, atol=1e-5)
        assert np.allclose(np.abs((came.rotations * pose.rotations).sum(-1)), 1, atol=1e-5)
        assert came.confidence.min() == 1


def test_a_performer_of_another_kind_is_understood(caplog):
    """python-osc's own client: ints for round numbers, no bundles, no /T, bones unknown to us."""
    port = free_udp_port()
    with listening(port) as (receiver, found), caplog.at_level(logging.WARNING):
        client = SimpleUDPClient("127.0.0.1", port)
        for height in (1, 0.75, 0.5):
            client.send_message("/VMC/Ext/OK", [1])
            client.send_message("/VMC/Ext/Root/Pos", ["root", 0, 0, 2, 0, 0, 0, 1])
            client.send_message("/VMC/Ext/Bone/Pos", ["Hips", 0, height, 0, 0, 0, 0, 1])
            client.send_message("/VMC/Ext/Bone/Pos", ["Tail", 0, 0, 0, 0, 0, 0, 1])
            client.send_message("/VMC/Ext/Bone/Pos", ["Head", 0, 0.1, 0, 0, 1, 0, 0])
            client.send_message("/VMC/Ext/Bone/Pos", ["Neck", 0, 0])
        while len(found) < 2:
            receiver.read()
        poses = [packet.data[0] for packet in found]
        malformed = receiver.malformed
    assert [pose.root.tolist() for pose in poses] == [[0, 1, 2], [0, 0.75, 2]]
    assert poses[0].confidence[INDEX["Head"]] == 1 and poses[0].confidence[INDEX["Neck"]] == 0
    assert malformed >= 2
    assert len(caplog.records) == 1


def test_garbage_is_counted_and_harms_nothing():
    rng = np.random.default_rng(8)
    port = free_udp_port()
    with listening(port) as (receiver, found), running(vmc.Send(to=f"127.0.0.1:{port}")) as node:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for size in (0, 1, 7, 16, 20, 100):
                stranger.sendto(rng.bytes(size), ("127.0.0.1", port))
            stranger.sendto(b"#bundle\0" + bytes(8) + b"\0\0\0\xff", ("127.0.0.1", port))
            for _ in range(7):
                receiver.read()
        node.on_skeletons(Packet(0, [skeleton(identity())], 0))
        while not found:
            receiver.read()
    assert receiver.malformed == 7


def test_silence_of_the_performer_is_said_once(caplog, monkeypatch):
    monkeypatch.setattr(vmc, "SILENT", SECOND // 10)
    port = free_udp_port()
    with (
        caplog.at_level(logging.WARNING),
        listening(port) as (receiver, found),
        running(vmc.Send(to=f"127.0.0.1:{port}")) as node,
    ):
        node.on_skeletons(Packet(0, [skeleton(identity())], 0))
        end = time.monotonic() + 3
        while (len(found) < 2 or found[-1].data) and time.monotonic() < end:
            receiver.read()
        receiver.read()
    assert [len(packet.data) for packet in found] == [1, 0]
    assert [record.getMessage() for record in caplog.records] == ["the performer is silent"]


def test_a_port_that_is_taken_is_named():
    with Marionette() as other:
        port = int(other.to.rpartition(":")[2])
        node = vmc.Receive(host="127.0.0.1", port=port)
        node.plan()
        with pytest.raises(OSError, match=f"UDP port {port}.*choose another port"):
            node.open()
        node.close()
