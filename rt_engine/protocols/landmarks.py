"""Landmarks as OSC messages: the ARR form of the PoseOSC family, and two forms in 3-D.

`arr`: one message a picture, `/poses/arr i:width i:height i:people`, then for each person
`f:score` and `f:x f:y f:score` of each point, in pixels of the picture (origin top left, y down).
Nobody: only the first three values. 17 points in the order of PoseNet, as PoseOSC and VisionOSC
send them, or all 33 of MediaPipe, as BlazePoseOSC does. Source: the "ARR" sections of the
readmes of LingDong-/PoseOSC and LingDong-/VisionOSC.

`normalised` and `world`: bundles of small messages, for receivers that take each address as a
channel. `/landmarks i:people i:width i:height` and `/landmarks/ID/POINT f:x f:y f:z f:visibility`,
x and y 0..1 in the picture (origin top left), z in the unit of x, growing away from the camera.
`/world i:people` and `/world/ID/POINT f:x f:y f:z f:visibility`, in metres from the middle of
the hips, y up, x to the person's left, z forward; with hands also
`/world/ID/left_hand/N f:x f:y f:z`, N from 0 to 20. ID stays with a person, POINT is one of
NAMES. A picture is spread over as few bundles as fit into single packets of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import Pose
from rt_engine.protocols.osc import Layout, bundle

__all__ = ["FORMS", "NAMES", "POSENET", "Form", "arr", "datagrams", "normalised", "world"]

Form = Literal["arr", "normalised", "world"]

_SIDES = ("left", "right")
NAMES: tuple[str, ...] = (  # MediaPipe's 33
    "nose",
    *(f"{side}_eye{part}" for side in _SIDES for part in ("_inner", "", "_outer")),
    "left_ear", "right_ear", "mouth_left", "mouth_right",
    *(
        f"{side}_{part}"
        for part in (
            "shoulder", "elbow", "wrist", "pinky", "index", "thumb",
            "hip", "knee", "ankle", "heel", "foot_index",
        )
        for side in _SIDES
    ),
)  # fmt: skip
# PoseNet's 17: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles
POSENET = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
ALL = tuple(range(33))

PACKET = 1472  # bytes of UDP that fit into one Ethernet frame
_BUNDLE_HEAD, _SIZE = 16, 4


def arr(poses: Sequence[Pose], size: tuple[int, int], points: int = 17) -> bytes:
    """The message `/poses/arr`; `size` is width and height of the picture, `points` 17 or 33."""
    chosen = list(POSENET if points == 17 else ALL)
    values: list[float] = [*size, len(poses)]
    for pose in poses:
        rows = np.column_stack([pose.image[chosen, :2], pose.visibility[chosen]])
        values += [float(pose.visibility[chosen].mean()), *rows.ravel().tolist()]
    return _arr_layout(len(poses), len(chosen)).pack(values)


def normalised(poses: Sequence[Pose], size: tuple[int, int]) -> list[bytes]:
    """Messages of points in fractions of the picture."""
    width, height = size
    made = [_layout("/landmarks", "iii").pack([len(poses), width, height])]
    for pose in poses:
        scale = 1 / np.array([pose.width or 1, pose.height or 1, pose.width or 1])
        made += _points(f"/landmarks/{pose.person}", pose.image * scale, pose.visibility)
    return made


def world(poses: Sequence[Pose], size: tuple[int, int]) -> list[bytes]:
    """Messages of points in metres."""
    made = [_layout("/world", "i").pack([len(poses)])]
    for pose in poses:
        root = f"/world/{pose.person}"
        made += _points(root, pose.world, pose.visibility)
        for side, hand in zip(_SIDES, (pose.left_hand, pose.right_hand), strict=True):
            rows = [] if hand is None else hand.tolist()
            made += [_layout(f"{root}/{side}_hand/{n}", "fff").pack(r) for n, r in enumerate(rows)]
    return made


FORMS: dict[str, Callable[[Sequence[Pose], tuple[int, int]], list[bytes]]] = {
    "normalised": normalised,
    "world": world,
}


def datagrams(
    forms: Iterable[Form], poses: Sequence[Pose], size: tuple[int, int], points: int = 17
) -> list[bytes]:
    """One picture in all of `forms`, as what is sent."""
    made: list[bytes] = []
    for form in forms:
        if form == "arr":
            made.append(arr(poses, size, points))
        else:
            made += _bundles(FORMS[form](poses, size))
    return made


def _points(
    root: str, places: npt.NDArray[np.floating[Any]], visibility: npt.NDArray[np.float32]
) -> Iterator[bytes]:
    for name, row in zip(NAMES, np.column_stack([places, visibility]).tolist(), strict=True):
        yield _layout(f"{root}/{name}", "ffff").pack(row)


def _bundles(messages: Iterable[bytes]) -> Iterator[bytes]:
    """Bundles that are as full as a packet allows."""
    held: list[bytes] = []
    length = _BUNDLE_HEAD
    for message in messages:
        if held and length + _SIZE + len(message) > PACKET:
            yield bundle(held)
            held, length = [], _BUNDLE_HEAD
        held.append(message)
        length += _SIZE + len(message)
    if held:
        yield bundle(held)


@lru_cache(maxsize=64)
def _arr_layout(people: int, points: int) -> Layout:
    return Layout("/poses/arr", "iii" + people * ("f" + points * "fff"))


@lru_cache(maxsize=1024)
def _layout(address: str, tags: str) -> Layout:
    return Layout(address, tags)
