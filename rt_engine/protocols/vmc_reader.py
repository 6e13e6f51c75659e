"""The Virtual Motion Capture protocol, the marionette's side: datagrams of any performer.

Performers differ: bundles or single messages, ints among the floats, /T after the bones or
before them, in every bundle or never. What cannot be read is left out and counted.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rt_engine.motion.quaternion import IDENTITY, Arrays, Floats, multiply, normalize, rotate
from rt_engine.motion.skeleton import BONES, INDEX, OFFSETS, identity
from rt_engine.protocols.vmc import to_unity

__all__ = ["Reader", "Received", "messages"]

_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_BARE = {"T": True, "F": False, "N": None}


class Received(NamedTuple):
    """An avatar in the body frame: hips (3,) in metres, local rotations (55, 4), and what came."""

    root: Floats
    rotations: Floats
    seen: Arrays  # (55,) bool: bones that came at least once


def messages(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    """Addresses and arguments in a datagram, of bundles within bundles too.

    ValueError, after the last message that can be read, where a datagram is broken.
    """
    if not data.startswith(b"#bundle\0"):
        yield _message(data)
        return
    place = 16
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        if place + 4 + size > len(data):
            raise ValueError("the bundle is cut")
        yield from messages(data[place + 4 : place + 4 + size])
        place += 4 + size


def _message(data: bytes) -> tuple[str, list[Any]]:
    address, place = _string(data, 0)
    tags, place = _string(data, place)
    if not address.startswith("/") or not tags.startswith(","):
        raise ValueError("this is no OSC message")
    values: list[Any] = []
    for tag in tags[1:]:
        if tag == "s":
            text, place = _string(data, place)
            values.append(text)
        elif tag in _BARE:
            values.append(_BARE[tag])
        elif tag in _NUMBERS:
            layout = _NUMBERS[tag]
            if place + struct.calcsize(layout) > len(data):
                raise ValueError("the message is cut")
            values += struct.unpack_from(layout, data, place)
            place += struct.calcsize(layout)
        else:
            raise ValueError(f"the type tag {tag!r} is not known")
    return address, values


def _string(data: bytes, place: int) -> tuple[str, int]:
    end = data.find(b"\0", place)
    if end < 0:
        raise ValueError("the message is cut")
    return data[place:end].decode("utf-8", "replace"), (end // 4 + 1) * 4


class Reader:
    """Collects datagrams into frames. `malformed` counts what could not be read."""

    def __init__(self) -> None:
        self.malformed = 0
        self._bones = identity()
        self._seen = np.zeros(len(BONES), bool)
        self._hips: Floats = OFFSETS[0]
        self._root: tuple[Floats, Floats] = np.zeros(3), IDENTITY
        self._timed = False  # /T has come at least once
        self._new: set[int] = set()

    def feed(self, data: bytes) -> list[Received]:
        """The frames that end within `data`."""
        frames: list[Received] = []
        try:
            for address, values in messages(data):
                frames += self._take(address, values)
        except ValueError:
            self.malformed += 1
        return frames

    def _take(self, address: str, values: list[Any]) -> list[Received]:
        if address == "/VMC/Ext/T":
            self._timed = True
            return self._frame()
        if address not in ("/VMC/Ext/Bone/Pos", "/VMC/Ext/Root/Pos"):
            return []
        found = _transform(values)
        if found is None:
            self.malformed += 1
            return []
        name, position, rotation = found
        if address == "/VMC/Ext/Root/Pos":
            self._root = position, rotation
            return []
        bone = INDEX.get(name, -1)
        if bone < 0:
            return []
        # A performer that sends no /T: a bone that comes again begins the next frame.
        frames = [] if self._timed or bone not in self._new else self._frame()
        self._bones[bone], self._seen[bone] = rotation, True
        self._new.add(bone)
        if name == "Hips":
            self._hips = position
        return frames

    def _frame(self) -> list[Received]:
        if not self._new:
            return []
        self._new.clear()
        position, rotation = self._root
        rotations = self._bones.copy()
        rotations[0] = multiply(rotation, rotations[0])
        root = position + rotate(rotation, self._hips)
        return [Received(root, rotations, self._seen.copy())]


def _transform(values: list[Any]) -> tuple[str, Floats, Floats] | None:
    """Name, position and rotation in the body frame; None where the arguments are not that."""
    name, numbers = values[0] if values else None, values[1:8]
    if not isinstance(name, str) or len(numbers) < 7:
        return None
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
        return None
    position, rotation = to_unity(np.array(numbers[:3], float), np.array(numbers[3:], float))
    if np.abs(rotation).max() < 1e-6:
        return None
    return name, position, normalize(rotation)
