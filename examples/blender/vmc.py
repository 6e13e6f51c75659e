"""VMC frames from a UDP port, with the standard library alone.

What arrives stays as it is: Unity's left-handed frame, Y up, metres, quaternions xyzw.
"""

from __future__ import annotations

import math
import select
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

Transform = tuple[float, ...]  # position x y z, rotation x y z w

NOWHERE: Transform = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
_NUMBERS = {"i": ">i", "f": ">f", "h": ">q", "d": ">d"}
_BUFFER = 1 << 21  # bytes that may wait while Blender is busy, some seconds


class Frame(NamedTuple):
    """An avatar at `time` s of the performer's clock: its root, its bones by Unity's names."""

    time: float
    root: Transform
    bones: dict[str, Transform]


def messages(data: bytes) -> Iterator[tuple[str, list]]:
    """Addresses and arguments in a datagram, of bundles in bundles too.

    ValueError or struct.error where it is broken.
    """
    if not data.startswith(b"#bundle\0"):
        yield _message(data)
        return
    place = 16
    while place < len(data):
        (size,) = struct.unpack_from(">i", data, place)
        if not 0 < size <= len(data) - place - 4:
            raise ValueError("the bundle is cut")
        yield from messages(data[place + 4 : place + 4 + size])
        place += 4 + size


def _message(data: bytes) -> tuple[str, list]:
    address, place = _string(data, 0)
    tags, place = _string(data, place)
    values: list = []
    for tag in tags[1:]:
        if tag == "s":
            value, place = _string(data, place)
        else:
            if tag not in _NUMBERS:
                raise ValueError(f"the type tag {tag!r} is not of VMC")
            (value,) = struct.unpack_from(_NUMBERS[tag], data, place)
            place += struct.calcsize(_NUMBERS[tag])
        values.append(value)
    return address, values


def _string(data: bytes, place: int) -> tuple[str, int]:
    end = data.index(b"\0", place)
    return data[place:end].decode(), (end // 4 + 1) * 4


class Listener:
    """A UDP port on which a performer sends. `datagrams` and `malformed` count what came."""

    def __init__(self, host: str, port: int) -> None:
        self.datagrams = self.malformed = 0
        self._root = NOWHERE
        self._bones: dict[str, Transform] = {}
        self._fresh = False  # a bone has come since the last frame
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind((host, port))
        self._socket.setblocking(False)

    def frames(self, wait: float = 0.0) -> list[Frame]:
        """The frames that have arrived, after at most `wait` s; frames without bones are none."""
        found: list[Frame] = []
        select.select([self._socket], [], [], wait)
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return found
            self.datagrams += 1
            try:
                for address, values in messages(data):
                    found += self._take(address, values)
            except (ValueError, struct.error, RecursionError):
                self.malformed += 1

    def close(self) -> None:
        self._socket.close()

    def _take(self, address: str, values: list) -> list[Frame]:
        if address == "/VMC/Ext/Root/Pos":
            self._root = _transform(values)
        elif address == "/VMC/Ext/Bone/Pos":
            self._bones[values[0]] = _transform(values)
            self._fresh = True
        elif address == "/VMC/Ext/T" and self._fresh and values:
            self._fresh = False
            return [Frame(float(values[0]), self._root, dict(self._bones))]
        return []


def _transform(values: list) -> Transform:
    numbers = tuple(n for n in values[1:8] if isinstance(n, (int, float)) and math.isfinite(n))
    if len(numbers) < 7:
        raise ValueError("a transform is a name and seven numbers")
    return numbers
