"""Packets as the page draws them: small arrays, JPEG pictures, JSON.

A frame on the wire, little endian: u16 watch, u8 form, u8 dimensions, i64 time (ns on the engine
clock), u32 for each dimension, then the data. Forms: 1 float32, 2 a JPEG picture, 3 JSON.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from rt_engine import kinds
from rt_engine.core import SECOND, Kind, Packet
from rt_engine.extras import installed
from rt_engine.kinds import Pose, SkeletonPose
from rt_engine.motion.skeleton import OFFSETS, forward

__all__ = ["Frame", "View", "event_of", "framed", "is_event", "json_of", "view_of"]

FLOATS, PICTURE, JSON = 1, 2, 3
COLUMNS = 200  # of the envelope of a sound, a second
ROWS = 200  # of a feature, at most in one frame
SIDE = 640  # pixels of the longer side of a picture
QUALITY = 70  # of JPEG, of 100
LARGEST = 65_536  # numbers of an array that no view knows

_HEAD = struct.Struct("<HBBq")

Floats = npt.NDArray[np.float32]


class Frame(NamedTuple):
    """One thing to draw: its form, shape and bytes, and its time in ns."""

    form: int
    t: int
    shape: tuple[int, ...]
    data: bytes


def is_event(kind: Kind) -> bool:
    """Whether a stream of this format carries single things with a name: beats, notes, cues."""
    payload = type(kind).payload
    return isinstance(payload, type) and issubclass(payload, msgspec.Struct)


def framed(watch: int, frame: Frame) -> bytes:
    """The bytes of `frame` for the watch of this number."""
    dims = struct.pack(f"<{len(frame.shape)}I", *frame.shape)
    return _HEAD.pack(watch, frame.form, len(frame.shape), frame.t) + dims + frame.data


def json_of(message: Any) -> str:
    """A message as JSON; arrays become lists."""
    return msgspec.json.encode(message, enc_hook=_plain).decode()


def event_of(node: str, output: str, packet: Packet, now: int) -> dict[str, Any]:
    """The message of an event; `ahead` is how many s it lies in the future of `now` (ns)."""
    at = {"t": packet.t, "ahead": (packet.t - now) / SECOND}
    return {"is": "event", "node": node, "output": output, **at, "data": packet.data}


class View:
    """Turns the packets of one stream that came since the last look into a frame.

    `size` is how many packets are kept between two looks. What is `shared` depends on the
    newest packet alone, so that it is made once for all who look.
    """

    def __init__(self, size: int, make: Callable[[Sequence[Packet]], Frame | None]) -> None:
        self.size, self.make = size, make
        self.shared = size == 1


def view_of(kind: Kind) -> View:
    """A view of a stream of this format."""
    if isinstance(kind, kinds.Audio):
        return View(512, Envelope(kind.rate or 48_000))
    if isinstance(kind, kinds.Frames):
        return View(ROWS, _rows)
    if isinstance(kind, kinds.Images):
        return View(1, _picture if installed("cv2") else _no_picture)
    if isinstance(kind, kinds.Poses):
        return View(1, _people)
    return View(1, _bodies if isinstance(kind, kinds.Skeletons) else _other)


class Envelope:
    """Lowest and highest sample of every 1/200 s, of the first channel: float32 (columns, 2)."""

    def __init__(self, rate: int) -> None:
        self._step = max(1, rate // COLUMNS)
        self._rest: Floats = np.zeros(0, np.float32)

    def __call__(self, packets: Sequence[Packet]) -> Frame | None:
        """The columns that are complete now; the time is that of the newest packet."""
        parts = [p.data if p.data.ndim == 1 else p.data[:, 0] for p in packets]
        samples = np.concatenate([self._rest, *parts])
        count = len(samples) // self._step
        self._rest = samples[count * self._step :]
        if not count:
            return None
        columns = samples[: count * self._step].reshape(count, self._step)
        return _floats(packets[-1].t, np.stack([columns.min(1), columns.max(1)], axis=1))


def _floats(t: int, values: npt.NDArray[Any]) -> Frame:
    made = np.ascontiguousarray(values, np.float32)
    return Frame(FLOATS, t, made.shape, made.tobytes())


def _rows(packets: Sequence[Packet]) -> Frame:
    """Rows of features, the oldest first; the time is that of the newest."""
    return _floats(packets[-1].t, np.stack([np.atleast_1d(p.data) for p in packets]))


def _picture(packets: Sequence[Packet]) -> Frame | None:
    from rt_engine.video.opencv import opencv

    cv2, image = opencv(), packets[-1].data
    scale = SIDE / max(image.shape[:2])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    good, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    data = jpeg.tobytes() if good else b""
    return Frame(PICTURE, packets[-1].t, (len(data),), data) if good else None


def _no_picture(packets: Sequence[Packet]) -> Frame:
    return _json(packets[-1].t, {"missing": "pip install 'rt-engine[pose]'"})


def _people(packets: Sequence[Packet]) -> Frame:
    """(people, 33, 7): x and y in fractions of the picture, depth, world x y z, visibility."""
    people = [_landmarks(pose) for pose in packets[-1].data]
    return _floats(packets[-1].t, np.array(people, np.float32).reshape(-1, 33, 7))


def _landmarks(pose: Pose) -> Floats:
    place = pose.image / np.array([pose.width, pose.height, pose.width], np.float32)
    return np.concatenate([place, pose.world, pose.visibility[:, None]], axis=1)


def _bodies(packets: Sequence[Packet]) -> Frame:
    """(people, 55, 3): places of the joints in metres, body frame."""
    people = [_joints(pose) for pose in packets[-1].data]
    return _floats(packets[-1].t, np.array(people, np.float32).reshape(-1, 55, 3))


def _joints(pose: SkeletonPose) -> Floats:
    found: Floats = forward(pose.rotations, pose.root, OFFSETS * pose.scale).astype(np.float32)
    return found


def _other(packets: Sequence[Packet]) -> Frame:
    """What no view knows: numbers as they are, anything else as JSON."""
    t, data = packets[-1].t, packets[-1].data
    if isinstance(data, np.ndarray) and data.dtype.kind in "fiub" and data.size <= LARGEST:
        return _floats(t, data)
    return _json(t, data)


def _json(t: int, data: Any) -> Frame:
    raw = msgspec.json.encode(data, enc_hook=_plain)
    return Frame(JSON, t, (len(raw),), raw)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist() if value.size <= LARGEST else f"array {value.shape}"
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
