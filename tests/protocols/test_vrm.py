"""Avatars: tiny .vrm files of both versions, made here."""

import json
import struct

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from rt_engine.core import Packet
from rt_engine.kinds import SkeletonPose
from rt_engine.motion.skeleton import BONES, INDEX, OFFSETS, PARENTS, identity
from rt_engine.nodes import vmc as nodes
from rt_engine.protocols import vrm
from tests.protocols.marionette import Marionette, unity


def lower(name):
    return name[0].lower() + name[1:]


def glb(content):
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text)
    return b"glTF" + struct.pack("<IIII", 2, size, len(text), 0x4E4F534A) + text


def body(offsets, missing=(), flip=(1, 1, 1)):
    """Nodes under one scene root, and the node of each bone."""
    nodes, place = [{"name": "Root", "children": []}], {}
    for bone in sorted(range(55), key=depth):
        if BONES[bone] in missing:
            continue
        parent, shift = PARENTS[bone], offsets[bone]
        while parent >= 0 and BONES[parent] in missing:
            shift, parent = shift + offsets[parent], PARENTS[parent]
        place[BONES[bone]] = len(nodes)
        above = nodes[0] if parent < 0 else nodes[place[BONES[parent]]]
        above.setdefault("children", []).append(len(nodes))
        nodes.append({"name": BONES[bone], "translation": (shift * flip).tolist()})
    return nodes, place


def depth(bone):
    return 0 if PARENTS[bone] < 0 else 1 + depth(PARENTS[bone])


def vrm0(nodes, place):
    bones = [{"bone": lower(name), "node": node} for name, node in place.items()]
    if "Jaw" not in place:
        bones.append({"bone": "jaw", "node": -1})  # what some exporters write for "none"
    return {"nodes": nodes, "extensions": {"VRM": {"humanoid": {"humanBones": bones}}}}


def vrm1(nodes, place):
    thumbs = {"ThumbProximal": "ThumbMetacarpal", "ThumbIntermediate": "ThumbProximal"}
    bones = {}
    for name, node in place.items():
        for new, old in thumbs.items():
            if name.endswith(new):
                name = name.replace(new, old)
                break
        bones[lower(name)] = {"node": node}
    return {"nodes": nodes, "extensions": {"VRMC_vrm": {"humanoid": {"humanBones": bones}}}}


@pytest.fixture
def save(tmp_path):
    def write(content):
        path = tmp_path / "avatar.vrm"
        path.write_bytes(content if isinstance(content, bytes) else glb(content))
        return str(path)

    return write


SMALL = OFFSETS * 0.6


def test_a_vrm_1_faces_as_the_body_does(save):
    avatar = vrm.read(save(vrm1(*body(SMALL))))
    assert avatar.version == "1" and avatar.present.all()
    assert np.allclose(avatar.rest, SMALL)
    assert avatar.hips_height == pytest.approx(SMALL[0, 1])


def test_a_vrm_0_faces_the_other_way(save):
    avatar = vrm.read(save(vrm0(*body(SMALL, missing=["Jaw"], flip=(-1, 1, -1)))))
    assert avatar.version == "0"
    has = avatar.present
    assert not has[INDEX["Jaw"]] and has.sum() == 54
    assert np.allclose(avatar.rest[has], SMALL[has])


def test_a_vrm_1_with_turned_nodes_has_the_positions_of_its_control_rig(save):
    """Unity's control rig has upright bones, whatever the axes of the nodes."""
    nodes, place = body(SMALL)
    turn = Rotation.from_euler("xyz", [20, 50, -70], degrees=True)
    for name, node in place.items():
        nodes[node]["translation"] = (
            turn.inv().apply(nodes[node]["translation"]).tolist()
            if name != "Hips"
            else nodes[node]["translation"]
        )
    nodes[place["Hips"]]["rotation"] = turn.as_quat().tolist()
    assert np.allclose(vrm.read(save(vrm1(nodes, place))).rest, SMALL)


def test_nodes_between_bones_are_counted_as_each_version_does(save):
    nodes, place = body(SMALL)
    spine = place["Spine"]
    shift = np.array([0.0, 0.02, 0.01])
    helper = len(nodes)
    nodes.append({"translation": shift.tolist(), "children": [spine]})
    hips = nodes[place["Hips"]]
    hips["children"] = [helper if c == spine else c for c in hips["children"]]
    one = vrm.read(save(vrm1(nodes, place))).rest[INDEX["Spine"]]
    zero = vrm.read(save(vrm0(nodes, place))).rest[INDEX["Spine"]]
    assert one == pytest.approx(SMALL[INDEX["Spine"]] + shift)
    assert zero == pytest.approx(SMALL[INDEX["Spine"]] * [-1, 1, -1])


def test_a_matrix_does_as_well_as_a_translation(save):
    nodes, place = body(SMALL)
    for node in nodes[1:]:
        matrix = np.eye(4)
        matrix[:3, 3] = node.pop("translation")
        node["matrix"] = matrix.T.reshape(-1).tolist()
    assert np.allclose(vrm.read(save(vrm1(nodes, place))).rest, SMALL)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a model", "no binary glTF"),
        (b"glTF" + struct.pack("<IIII", 1, 20, 0, 0), "version 1"),
        (glb({"nodes": []})[:-4], "cut"),
        (glb({"nodes": []}), "no VRM"),
        (glb(vrm1([], {})), "no hips"),
        (glb({"nodes": [], "extensions": {"VRMC_vrm": {"humanoid": 3}}}), "not described"),
        (glb(vrm1([], {"Hips": 4})), "not described"),
        (glb(vrm1([{"children": [0]}], {"Hips": 0})), "circle"),
    ],
)
def test_a_file_that_is_no_avatar_says_why(save, content, reason):
    path = save(content)
    with pytest.raises(ValueError, match=reason) as error:
        vrm.read(path)
    assert path in str(error.value)


@pytest.mark.parametrize("make", [vrm0, vrm1])
def test_an_avatar_stands_in_its_own_size(save, make):
    """A 1.70 m person at rest: the avatar of 60 % has its own joints, its feet on the floor."""
    flip = (-1, 1, -1) if make is vrm0 else (1, 1, 1)
    path = save(make(*body(SMALL, flip=flip)))
    pose = SkeletonPose(
        person=0,
        root=OFFSETS[0].astype(np.float32),
        rotations=identity().astype(np.float32),
        confidence=np.ones(55, np.float32),
    )
    with Marionette() as marionette:
        node = nodes.Send(to=marionette.to, positions=path)
        node.plan()
        node.open()
        node.reset()
        node.on_skeletons(Packet(0, [pose], 0))
        _, root, bones, _ = marionette.frame()
        node.close()
    places, _ = unity(root[None], bones[None])
    wanted = SMALL.copy()
    for bone in sorted(range(1, 55), key=depth):
        wanted[bone] += wanted[PARENTS[bone]]
    assert np.allclose(places[0], wanted, atol=1e-5)
