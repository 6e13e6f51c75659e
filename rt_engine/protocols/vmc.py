"""The Virtual Motion Capture protocol 3.1, the performer's side: a skeleton as OSC datagrams.

Unity's frame is left-handed, Y up, the avatar looks along +Z; the engine's body frame is its
mirror image in X. A frame of an avatar is /OK, the root, the bones, blend shapes, and one /T,
last. The messages are laid out once, as bytes; a frame only writes its numbers between them,
all of them as floats, because receivers reject a 0.0 that arrives as an int.

Source: the protocol's performer specification, version 3.1 (protocol.vmc.info).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal

import numpy as np

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.quaternion import IDENTITY, Arrays, Floats, multiply
from rt_engine.motion.skeleton import BONES, INDEX, MIRROR, OFFSETS, PARENTS
from rt_engine.protocols.osc import bundle, message

__all__ = [
    "LOWER_BODY",
    "MTU",
    "Packing",
    "Performer",
    "Travel",
    "blend_name",
    "midi_note",
    "select",
    "thru",
    "to_unity",
]

MTU = 1472  # bytes of UDP payload that an Ethernet frame carries: no datagram is cut in pieces
POSITION = np.array([-1.0, 1.0, 1.0])
ROTATION = np.array([1.0, -1.0, -1.0, 1.0])
LOWER_BODY = frozenset(
    bone for bone in BONES if bone == "Hips" or bone.endswith(("Leg", "Foot", "Toes"))
)
_HEADER = 16  # bytes of an empty bundle

# packets: bundles that fit the network; frame: one bundle a frame; messages: no bundles
Packing = Literal["packets", "frame", "messages"]
# hips: the hips move, the root stays; root: the root moves over the floor; lock: neither does
Travel = Literal["hips", "root", "lock"]

# Expressions: names of VRM 1 and of VRM 0.
_EXPRESSIONS = {
    **{"happy": "Joy", "angry": "Angry", "sad": "Sorrow", "relaxed": "Fun", "neutral": "Neutral"},
    **{"aa": "A", "ih": "I", "ou": "U", "ee": "E", "oh": "O", "surprised": "Surprised"},
    **{"blink": "Blink", "blinkLeft": "Blink_L", "blinkRight": "Blink_R"},
    **{f"look{way}": f"Look{way}" for way in ("Up", "Down", "Left", "Right")},
}
_FORMER = {old: new for new, old in _EXPRESSIONS.items()}


def to_unity(positions: Arrays, rotations: Arrays) -> tuple[Floats, Floats]:
    """Positions (..., 3) and rotations (..., 4) from the body frame to Unity's, or back."""
    return positions * POSITION, rotations * ROTATION


def blend_name(name: str, names: Literal["vrm0", "vrm1"]) -> str:
    """The name of an expression in VRM 0 or VRM 1; one that is in neither stays."""
    return (_EXPRESSIONS if names == "vrm0" else _FORMER).get(name, name)


def midi_note(on: bool, channel: int, note: int, velocity: float) -> bytes:
    """A MIDI key pressed or let go: channel 1 to 16, velocity 0 to 1."""
    return message("/VMC/Ext/Midi/Note", "iiif", [on, channel - 1, note, velocity])


def thru(name: str, key: str, value: float | int | None = None) -> bytes:
    """A message that every marionette relays untouched: /VMC/Thru/`name`, a word and a number."""
    tag = "" if value is None else "i" if isinstance(value, int) else "f"
    return message(f"/VMC/Thru/{name}", "s" + tag, [key] if value is None else [key, value])


def select(patterns: Collection[str]) -> frozenset[str]:
    """The bones that `patterns` name, such as "Jaw" or "*Toes"; ValueError where one fits none."""
    chosen: set[str] = set()
    for pattern in patterns:
        fitting = {bone for bone in BONES if fnmatchcase(bone, pattern)}
        if not fitting:
            raise ValueError(f"no bone is named {pattern!r} (bones: {', '.join(BONES)})")
        chosen |= fitting
    return frozenset(chosen)


class Template:
    """Messages as datagrams, laid out once; `fill` writes the floats at their ends.

    `messages` are whole messages and how many floats each of them ends with.
    """

    def __init__(self, messages: Sequence[tuple[bytes, int]], packing: Packing) -> None:
        groups = [[m] for m in messages]
        if packing != "messages":
            groups = _grouped(messages, MTU if packing == "packets" else 1 << 30)
        datagrams: list[bytes] = []
        places: list[int] = []
        start = 0
        for group in groups:
            raw = group[0][0] if packing == "messages" else bundle(m for m, _ in group)
            end = start if packing == "messages" else start + _HEADER
            for content, floats in group:
                end += len(content) + (0 if packing == "messages" else 4)
                places += range(end // 4 - floats, end // 4)
            datagrams.append(raw)
            start += len(raw)
        self._raw = bytearray(b"".join(datagrams))
        self._words = np.frombuffer(self._raw, ">f4")
        self._places = np.array(places)
        ends = np.cumsum([len(raw) for raw in datagrams]).tolist()
        self._spans = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]

    def fill(self, numbers: Arrays | list[float]) -> list[bytes]:
        """The datagrams with `numbers`, all floats of all messages in order."""
        self._words[self._places] = numbers
        raw = bytes(self._raw)
        return [raw[span] for span in self._spans]


def _grouped(messages: Sequence[tuple[bytes, int]], limit: int) -> list[list[tuple[bytes, int]]]:
    """Messages in bundles of at most `limit` bytes."""
    groups: list[list[tuple[bytes, int]]] = [[]]
    size = _HEADER
    for item in messages:
        size += 4 + len(item[0])
        if size > limit and groups[-1]:
            groups.append([])
            size = _HEADER + 4 + len(item[0])
        groups[-1].append(item)
    return groups


class Performer:
    """Datagrams for one avatar.

    `rest` (55, 3) are the rest positions of the avatar's bones in the body frame, against their
    parents, the hips' above the floor; None sends zeros, for receivers that ignore positions.
    `present` (55,) says which bones the avatar has: of others the children take the rotation
    over. So do those of bones in `cut`, which are not sent at all. `mirror` and `travel` may
    change at any time.
    """

    def __init__(
        self,
        rest: Floats | None = OFFSETS,
        present: Arrays | None = None,
        cut: Collection[str] = (),
        packing: Packing = "packets",
        hips_height: float = float(OFFSETS[0, 1]),
    ) -> None:
        self.mirror: bool = False
        self.travel: Travel = "hips"
        self._packing: Packing = packing
        self._hips = (OFFSETS if rest is None else rest)[0]
        self._size = hips_height / float(OFFSETS[0, 1])
        self._lift = self._hips - [0.0, hips_height, 0.0]
        self._sent = np.array([i for i, bone in enumerate(BONES) if bone not in cut], np.intp)
        absent = np.zeros(len(BONES), bool) if present is None else ~np.asarray(present, bool)
        absent[[INDEX[bone] for bone in cut]] = True
        self._folds = _folds(absent)
        self._numbers = np.zeros((1 + len(self._sent), 7), np.float32)
        self._numbers[0, 6] = 1.0
        if rest is not None:
            self._numbers[1:, :3] = (rest * POSITION)[self._sent]
        self._templates: dict[tuple[bool, tuple[str, ...]], Template] = {}

    def frame(
        self, pose: SkeletonPose | None, time: float, blends: Mapping[str, float] | None = None
    ) -> list[bytes]:
        """The datagrams of one frame at `time` s; without a pose, nobody is tracked.

        `blends` are values of blend shapes by name.
        """
        blends = blends or {}
        template = self._template(pose is not None, tuple(blends))
        rest = [*blends.values(), time]
        if pose is None:
            return template.fill(rest)
        self._pose(pose)
        return template.fill(np.concatenate([self._numbers.reshape(-1), rest]))

    def _pose(self, pose: SkeletonPose) -> None:
        rotations = np.asarray(pose.rotations, np.float64)
        hips = np.asarray(pose.root, np.float64) * (self._size / pose.scale)
        if self.mirror:
            rotations, hips = rotations[MIRROR] * ROTATION, hips * POSITION
        if self._folds:
            rotations = np.array(rotations)
            for bone, children in self._folds:
                rotations[children] = multiply(rotations[bone], rotations[children])
                rotations[bone] = IDENTITY
        self._numbers[1:, 3:] = (rotations * ROTATION)[self._sent]
        floor = np.array([hips[0], 0.0, hips[2]])
        root, kept = {
            "hips": (np.zeros(3), hips),
            "root": (floor, hips - floor),
            "lock": (np.zeros(3), hips - floor),
        }[self.travel]
        self._numbers[0, :3] = root * POSITION
        if len(self._sent) and self._sent[0] == 0:
            self._numbers[1, :3] = (kept + self._lift) * POSITION

    def _template(self, tracked: bool, blends: tuple[str, ...]) -> Template:
        key = tracked, blends
        if key not in self._templates:
            messages = [(message("/VMC/Ext/OK", "iiii", [1, 3, 0, int(tracked)]), 0)]
            if tracked:
                messages.append(_transform("/VMC/Ext/Root/Pos", "root"))
                messages += [_transform("/VMC/Ext/Bone/Pos", BONES[i]) for i in self._sent]
            messages += [(message("/VMC/Ext/Blend/Val", "sf", [name, 0]), 1) for name in blends]
            if blends:
                messages.append((message("/VMC/Ext/Blend/Apply"), 0))
            messages.append((message("/VMC/Ext/T", "f", [0]), 1))
            self._templates = {key: Template(messages, self._packing)}
        return self._templates[key]


def _transform(address: str, name: str) -> tuple[bytes, int]:
    return message(address, "s" + 7 * "f", [name, *7 * [0.0]]), 7


def _folds(absent: Arrays) -> list[tuple[int, list[int]]]:
    """Bones that are not there, from the hips outwards, and children that take them over."""
    order = sorted(range(len(BONES)), key=_depth)
    found = [(b, [c for c in order if PARENTS[c] == b]) for b in order if absent[b]]
    return [(bone, children) for bone, children in found if children]


def _depth(bone: int) -> int:
    return 0 if PARENTS[bone] < 0 else 1 + _depth(PARENTS[bone])
