"""Rest positions of an avatar's bones, from its .vrm file (VRM 0.x or VRM 1.0).

A .vrm is a binary glTF 2.0; its first chunk is JSON with the nodes and, in an extension, which
of them are the bones of a humanoid. Sources: the Khronos glTF 2.0 specification (section 4,
binary files), and the VRM specifications of the VRM Consortium (humanoid).
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rt_engine.motion.quaternion import Arrays, Floats, to_matrix
from rt_engine.motion.skeleton import BONES, INDEX, OFFSETS

__all__ = ["Avatar", "read"]

_JSON = 0x4E4F534A
_LARGEST = 64 << 20  # bytes of JSON
# VRM 1 calls the bones of the thumb as anatomy does, Unity the one of them further in.
_THUMBS = {"ThumbMetacarpal": "ThumbProximal", "ThumbProximal": "ThumbIntermediate"}
# glTF to the body frame: an avatar of VRM 0 looks along -Z, of VRM 1 along +Z.
_AXES = {"0": np.array([-1.0, 1.0, -1.0]), "1": np.ones(3)}

Json = dict[str, Any]


class Avatar(NamedTuple):
    """What a receiver's avatar looks like at rest, in metres and the body frame."""

    version: str  # "0" or "1"
    rest: Floats  # (55, 3): position against the parent; of bones that it lacks, built in
    present: Arrays  # (55,) bool: which bones it has
    hips_height: float  # above the floor


def read(path: str) -> Avatar:
    """The avatar in file `path`; ValueError says what is wrong with the file."""
    try:
        content = _content(Path(path).read_bytes())
        version, bones = _humanoid(content)
        return _avatar(version, bones, content["nodes"])
    except OSError as error:
        raise ValueError(f"avatar {path!r}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"avatar {path!r}: {error}") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ValueError(f"avatar {path!r}: its bones are not described as VRM says") from None


def _content(raw: bytes) -> Json:
    if len(raw) < 20 or raw[:4] != b"glTF":
        raise ValueError("this is no binary glTF, which a .vrm file is")
    _, version, _, size, kind = struct.unpack_from("<4sIIII", raw)
    if version != 2 or kind != _JSON or size > _LARGEST:
        raise ValueError(f"glTF version 2 with JSON first is needed, found version {version}")
    if len(raw) < 20 + size:
        raise ValueError("the file is cut")
    content: Json = json.loads(raw[20 : 20 + size])
    return content


def _humanoid(content: Json) -> tuple[str, dict[str, int]]:
    """Version, and the node of each bone."""
    extensions = content.get("extensions", {})
    if "VRMC_vrm" in extensions:
        found = extensions["VRMC_vrm"]["humanoid"]["humanBones"]
        nodes = {_unity(name): bone["node"] for name, bone in found.items()}
        return "1", _known(nodes)
    if "VRM" in extensions:
        found = extensions["VRM"]["humanoid"]["humanBones"]
        nodes = {bone["bone"][:1].upper() + bone["bone"][1:]: bone["node"] for bone in found}
        return "0", _known(nodes)
    raise ValueError("it is glTF, but holds no VRM avatar")


def _known(nodes: dict[str, int]) -> dict[str, int]:
    """Some exporters list bones that the avatar lacks as node -1."""
    return {name: node for name, node in nodes.items() if name in INDEX and node >= 0}


def _unity(name: str) -> str:
    name = name[:1].upper() + name[1:]
    for side in ("Left", "Right"):
        if name.startswith(side):
            return side + _THUMBS.get(name.removeprefix(side), name.removeprefix(side))
    return name


def _avatar(version: str, bones: dict[str, int], nodes: list[Json]) -> Avatar:
    if "Hips" not in bones:
        raise ValueError("its humanoid has no hips")
    parents = {child: i for i, node in enumerate(nodes) for child in node.get("children", [])}
    axes, humanoid = _AXES[version], set(bones.values())
    height = float(_place(bones["Hips"], nodes, parents)[1])
    rest, present = OFFSETS * (height / OFFSETS[0, 1]), np.zeros(len(BONES), bool)
    for bone, node in bones.items():
        base = parents.get(node)
        # The bones that Unity moves: in VRM 0 the nodes themselves; in VRM 1 those of a control
        # rig, where every bone hangs on the next bone above it.
        while version == "1" and base is not None and base not in humanoid:
            base = parents.get(base)
        place = _place(node, nodes, parents) - (0 if base is None else _place(base, nodes, parents))
        rest[INDEX[bone]], present[INDEX[bone]] = place * axes, True
    return Avatar(version, rest, present, height)


def _place(node: int, nodes: list[Json], parents: dict[int, int]) -> Floats:
    """Where a node stands in the scene."""
    place = np.zeros(3)
    step: int | None = node
    for _ in range(len(nodes) + 1):  # no path to the root is longer
        if step is None:
            return place
        matrix, shift = _transform(nodes[step])
        place = matrix @ place + shift
        step = parents.get(step)
    raise ValueError("its nodes form a circle")


def _transform(node: Json) -> tuple[Floats, Floats]:
    if "matrix" in node:
        whole = np.array(node["matrix"], float).reshape(4, 4).T
        return whole[:3, :3], whole[:3, 3]
    turned = to_matrix(np.array(node.get("rotation", [0, 0, 0, 1]), float))
    scaled = turned * np.array(node.get("scale", [1, 1, 1]), float)
    return scaled, np.array(node.get("translation", [0, 0, 0]), float)
