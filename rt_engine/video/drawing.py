"""Skeletons drawn over pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import Pose, SkeletonPose
from rt_engine.motion.skeleton import BONES, OFFSETS, PARENTS, forward
from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = ["LINKS", "colour_picture", "draw", "draw_pose", "draw_skeleton"]

Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float64]

# Blue, green, red; the sides keep their colours whoever turns round.
LEFT, RIGHT, MIDDLE, CONTACT = (80, 170, 255), (255, 170, 60), (230, 230, 230), (80, 255, 120)
LINKS = (  # pairs of MediaPipe's 33 landmarks
    (0, 2), (2, 7), (0, 5), (5, 8), (9, 10), (11, 12), (11, 23), (12, 24), (23, 24),
    (11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19),
    (12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20),
    (23, 25), (25, 27), (27, 29), (27, 31), (29, 31),
    (24, 26), (26, 28), (28, 30), (28, 32), (30, 32),
)  # fmt: skip
_LEFT_SIDE = {1, 2, 3, 7, 9, *range(11, 33, 2)}
STAGE = 2.2  # m of the world that fill a picture from the floor line to the top
FLOOR = 0.95  # of the picture's height, where the floor line of drawn skeletons is


def draw(
    image: Image,
    poses: Sequence[Pose] = (),
    skeletons: Sequence[SkeletonPose] = (),
    visibility: float = 0.5,
) -> Image:
    """A copy of `image` with people drawn over it; points below `visibility` are left out."""
    picture = colour_picture(image).copy()
    for pose in poses:
        draw_pose(picture, pose, visibility)
    for skeleton in skeletons:
        draw_skeleton(picture, skeleton)
    return picture


def colour_picture(image: Image) -> Image:
    """`image` with three channels: grey ones get them, a fourth (opacity) is dropped."""
    flat = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    if flat.ndim == 2:
        return np.repeat(flat[..., None], 3, axis=2)
    return np.ascontiguousarray(flat[..., :3])


def draw_pose(picture: Image, pose: Pose, visibility: float = 0.5) -> None:
    """Draw the landmarks of `pose` into `picture`, which may have another size than its own."""
    cv2 = opencv()
    height, width = picture.shape[:2]
    scale = np.array([width / max(pose.width, 1), height / max(pose.height, 1)])
    points, seen = pose.image[:, :2] * scale, pose.visibility >= visibility
    thick = _thickness(picture)
    for a, b in LINKS:
        if seen[a] and seen[b]:
            _line(cv2, picture, points[a], points[b], _side(a, b), thick)
    for index in np.flatnonzero(seen):
        cv2.circle(picture, _pixel(points[index]), thick + 1, _side(index, index), -1, cv2.LINE_AA)


def draw_skeleton(picture: Image, skeleton: SkeletonPose) -> None:
    """Draw a humanoid by forward kinematics, seen from the front, standing on a floor line."""
    cv2 = opencv()
    height, width = picture.shape[:2]
    places = forward(skeleton.rotations, skeleton.root, OFFSETS * skeleton.scale)
    scale = FLOOR * height / STAGE
    points = np.array([width / 2, FLOOR * height]) + places[:, :2] * [scale, -scale]
    thick = _thickness(picture)
    _line(cv2, picture, (0, FLOOR * height), (width, FLOOR * height), MIDDLE, 1)
    for bone, parent in enumerate(PARENTS):
        if parent >= 0:
            _line(cv2, picture, points[parent], points[bone], _bone_colour(bone), thick)
    for foot, touches in zip(("LeftFoot", "RightFoot"), skeleton.contacts, strict=True):
        if touches:
            cv2.circle(picture, _pixel(points[BONES.index(foot)]), 3 * thick, CONTACT, thick)


def _bone_colour(bone: int) -> Colour:
    name = BONES[bone]
    return LEFT if name.startswith("Left") else RIGHT if name.startswith("Right") else MIDDLE


def _side(a: int, b: int) -> Colour:
    if 0 in (a, b) or (a in _LEFT_SIDE) != (b in _LEFT_SIDE):
        return MIDDLE
    return LEFT if a in _LEFT_SIDE else RIGHT


def _thickness(picture: Image) -> int:
    return max(1, round(min(picture.shape[:2]) / 240))


def _line(cv2: Any, picture: Image, a: Any, b: Any, colour: Colour, thick: int) -> None:
    cv2.line(picture, _pixel(a), _pixel(b), colour, thick, cv2.LINE_AA)


def _pixel(point: Any) -> tuple[int, int]:
    """Whole pixels; far outside they are drawn at the limit of what OpenCV takes."""
    x, y = np.nan_to_num(np.clip(point, -30000, 30000))
    return int(x), int(y)
