"""A conductor as the orchestra sees one: a drawn figure with a baton, and the way of its tip."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from rt_engine.kinds import SkeletonPose
from rt_engine.motion.quaternion import Arrays, rotate
from rt_engine.motion.skeleton import INDEX, OFFSETS, forward, orientations
from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image
from rt_engine.violin.avatar import held

__all__ = ["Holding", "Stage"]

# Blue green red.
WALL, FLOOR, COAT, SHIRT = (52, 40, 34), (36, 28, 24), (24, 22, 24), (235, 235, 235)
SKIN, HAIR, WOOD = (150, 180, 222), (40, 50, 66), (225, 240, 250)
TRAIL, TEXT = (80, 190, 255), (220, 220, 220)
GLOW, VARNISH = (90, 200, 255), (40, 84, 160)
CAMERA = np.array([0.0, 1.28, 3.4])  # m: where it is; it looks back along Z
VIEW = 1.30  # m that the height of the picture shows at the distance of the body
BATON = 0.36  # m
BODY = 0.5  # of a violin's length: its body below the fingerboard's free end
Holding = Literal["baton", "violin"]
TRAIL_SECONDS, FLASH = 1.2, 0.16  # s

Floats = npt.NDArray[np.float64]
Pixel = tuple[int, int]


class Stage:
    """Pictures (height, width, 3) of one conductor after another time; keeps the trail.

    holding: what the figure has in its hands: a baton, or violin and bow.
    """

    def __init__(self, width: int = 640, height: int = 480, holding: Holding = "baton") -> None:
        self.width, self.height, self.holding = width, height, holding
        self._trail: deque[tuple[float, Floats]] = deque()

    def draw(self, t: float, pose: SkeletonPose | None, struck: float, text: str = "") -> Image:
        """The picture of time `t` s; `struck` is the time of the last ictus, `text` a caption."""
        image: Image = np.full((self.height, self.width, 3), WALL, np.uint8)
        image[round(self.height * 0.92) :] = FLOOR
        if pose is not None:
            turned = np.asarray(pose.rotations, np.float64)
            places = forward(turned, pose.root / pose.scale)
            whole = orientations(turned)
            tip, grip = (_baton if self.holding == "baton" else _bow)(places, whole)
            self._remember(t, tip if self.holding == "baton" else grip)
            self._figure(image, places)
            if self.holding == "violin":
                self._violin(image, places, whole)
            self._way(image, t)
            self._line(image, [grip, tip], 0.008, WOOD)
            self._flash(image, tip, t - struck)
        if text:
            self._caption(image, text)
        return image

    def _remember(self, t: float, tip: Floats) -> None:
        if self._trail and t <= self._trail[-1][0]:
            self._trail.clear()
        self._trail.append((t, tip))
        while t - self._trail[0][0] > TRAIL_SECONDS:
            self._trail.popleft()

    def _figure(self, image: Image, places: Floats) -> None:
        at = {name: places[INDEX[name]] for name in INDEX}
        for side in ("Left", "Right"):
            legs = [at[side + bone] for bone in ("UpperLeg", "LowerLeg", "Foot")]
            self._line(image, legs, 0.15, COAT)
        chest = (at["LeftUpperArm"] + at["RightUpperArm"]) / 2
        self._line(image, [at["Hips"], np.subtract(chest, (0, 0.10, 0))], 0.34, COAT)
        self._line(image, [at["LeftUpperArm"], at["RightUpperArm"]], 0.15, COAT)
        front = [np.add(chest, place) for place in ((0, 0.05, 0.09), (0, -0.22, 0.10))]
        self._line(image, front, 0.08, SHIRT)
        self._line(image, [at["Neck"], at["Head"]], 0.10, SKIN)
        self._head(image, at["Head"], places)
        for side in ("Left", "Right"):
            arm = [at[side + bone] for bone in ("UpperArm", "LowerArm", "Hand")]
            self._line(image, arm, 0.105, COAT)
            self._line(image, [arm[1] * 0.08 + arm[2] * 0.92, arm[2]], 0.075, SHIRT)
            for finger in ("Index", "Middle", "Ring", "Little"):
                end = at[f"{side}{finger}Distal"]
                self._line(image, [arm[2], end], 0.035, SKIN)

    def _violin(self, image: Image, places: Floats, turned: Floats) -> None:
        """The instrument: its body, and a neck that is as long again."""
        button, scroll, *_ = (np.array(place) for place in held(places, turned))
        middle = button + BODY * (scroll - button)
        self._line(image, [button, middle], 0.13, VARNISH)
        self._line(image, [middle, scroll], 0.028, HAIR)

    def _head(self, image: Image, joint: Floats, places: Floats) -> None:
        cv2 = opencv()
        eyes = [places[INDEX[f"{side}Eye"]] for side in ("Left", "Right")]
        middle = joint * 0.35 + (eyes[0] + eyes[1]) / 2 * 0.65
        middle = np.add(middle, (0.0, 0.02, -0.03))
        radius = self._size(0.105, middle[2])
        centre = self._pixel(middle)
        cv2.ellipse(image, centre, (int(radius * 0.82), radius), 0, 0, 360, SKIN, -1, cv2.LINE_AA)
        top = self._pixel(np.add(middle, (0, 0.045, -0.02)))
        cap = (int(radius * 0.85), int(radius * 0.75))
        cv2.ellipse(image, top, cap, 0, 180, 360, HAIR, -1, cv2.LINE_AA)
        for eye in eyes:
            cv2.circle(image, self._pixel(eye), max(2, radius // 12), HAIR, -1, cv2.LINE_AA)

    def _way(self, image: Image, t: float) -> None:
        """The trail of the tip, brighter where it is newer."""
        cv2 = opencv()
        points = [(self._pixel(place), (t - at) / TRAIL_SECONDS) for at, place in self._trail]
        for (a, _), (b, age) in pairwise(points):
            shares = zip(WALL, TRAIL, strict=True)
            colour = [round(w + (c - w) * (1 - age) ** 1.5) for w, c in shares]
            cv2.line(image, a, b, colour, 2, cv2.LINE_AA)

    def _flash(self, image: Image, tip: Floats, ago: float) -> None:
        if 0 <= ago < FLASH:
            radius = self._size(0.02 + 0.10 * ago / FLASH, float(tip[2]))
            opencv().circle(image, self._pixel(tip), radius, GLOW, 2, opencv().LINE_AA)

    def _caption(self, image: Image, text: str) -> None:
        cv2 = opencv()
        size = self.height / 600
        place = (round(0.03 * self.width), round(0.97 * self.height))
        cv2.putText(image, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, TEXT, 1, cv2.LINE_AA)

    def _line(
        self, image: Image, points: Sequence[Floats], width: float, colour: Sequence[int]
    ) -> None:
        cv2 = opencv()
        pixels = np.array([self._pixel(point) for point in points], np.int32)
        thick = max(1, self._size(width, float(np.mean([p[2] for p in points]))))
        cv2.polylines(image, [pixels], False, colour, thick, cv2.LINE_AA)

    def _pixel(self, point: Arrays) -> Pixel:
        """Where a point (m) is seen."""
        scale = self.height / VIEW * CAMERA[2] / (CAMERA[2] - point[2])
        x = self.width / 2 + (point[0] - CAMERA[0]) * scale
        y = self.height / 2 - (point[1] - CAMERA[1]) * scale
        return round(x), round(y)

    def _size(self, metres: float, z: float) -> int:
        return round(float(metres * self.height / VIEW * CAMERA[2] / (CAMERA[2] - z)))


def _bow(places: Floats, turned: Floats) -> tuple[Floats, Floats]:
    """Tip and frog of the bow."""
    *_, frog, tip = held(places, turned)
    return np.array(tip), np.array(frog)


def _baton(places: Floats, turned: Floats) -> tuple[Floats, Floats]:
    """Tip and grip: it goes on from the hand, a little inward and up."""
    hand, knuckle = INDEX["RightHand"], INDEX["RightIndexProximal"]
    grip = places[knuckle]
    along = OFFSETS[knuckle] / np.linalg.norm(OFFSETS[knuckle]) + [0.0, 0.2, -0.4]
    way = rotate(turned[hand], along / np.linalg.norm(along))
    tip: Floats = grip + BATON * way
    return tip, grip
