"""MediaPipe's body detectors behind one face: a picture in, landmarks in the body frame out.

`mediapipe` before 1.0 carries its models; later versions have only the Tasks interface, and
the model is a file. V. Bazarevsky et al., "BlazePose: On-device Real-time Body Pose tracking"
(2020).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rt_engine.extras import require
from rt_engine.motion.landmarks import ELBOWS, HIPS, SHOULDERS, WRISTS
from rt_engine.video.mannequin import mannequin
from rt_engine.video.reader import Image

__all__ = [
    "Body",
    "Detector",
    "Options",
    "carried_models",
    "distinct",
    "forget",
    "open_detector",
    "warm_up",
]

Floats = npt.NDArray[np.float32]

BODY_FRAME = np.array([1, -1, -1], np.float32)  # MediaPipe: y down, z away from the camera
TRUNK = [*SHOULDERS, *HIPS]
TRUNK_AND_ARMS = [*TRUNK, *ELBOWS, *WRISTS]
SAME = 0.6  # trunk lengths: bodies whose middles are nearer than this are one
BLANK: Image = np.zeros((256, 256, 3), np.uint8)


@dataclass(frozen=True)
class Options:
    """model: a .task file, "" for what comes with mediapipe. people: at most.

    hands, face: also those, of one person. detection, tracking: least confidence, 0..1.
    """

    model: str = ""
    people: int = 1
    hands: bool = False
    face: bool = False
    detection: float = 0.5
    tracking: float = 0.5


@dataclass(frozen=True)
class Body:
    """One person: what `rt_engine.kinds.Pose` has, and a face (n, 3) in pixels, or None."""

    image: Floats
    world: Floats
    visibility: Floats
    left_hand: Floats | None = None
    right_hand: Floats | None = None
    face: Floats | None = None


class Detector(Protocol):
    """Finds people in a stream of pictures."""

    def detect(self, rgb: Image, t: int) -> list[Body]:
        """The people in `rgb` (height, width, 3), taken at `t` ms."""
        ...

    def close(self) -> None:
        """Let go of the models."""
        ...


def open_detector(options: Options) -> Detector:
    """The back end that can do what is asked for.

    Raises MissingExtra without mediapipe, and ValueError where this version of it has no model,
    or only one that cannot do this.
    """
    mediapipe = require("mediapipe")
    whole = options.hands or options.face
    if options.model:
        return Tasks(mediapipe, Path(options.model).read_bytes(), options)
    if not hasattr(mediapipe, "solutions"):
        raise ValueError(
            f"mediapipe {mediapipe.__version__} carries no model: set 'model' to a .task file "
            "(pose_landmarker_full.task of MediaPipe's model page)"
            + ("; hands and face need mediapipe 0.10.21" if whole else "")
        )
    if options.people > 1:
        return Tasks(mediapipe, carried_models(mediapipe), options)
    return Holistic(mediapipe, options) if whole else Solutions(mediapipe, options)


def warm_up(detector: Detector) -> None:
    """Let a figure be detected, so that the first real picture is not late, and forget it."""
    figure = mannequin()
    for t in range(2):
        detector.detect(figure, t)
    forget(detector)


def forget(detector: Detector) -> None:
    """Let it lose sight of whom it follows."""
    detector.detect(BLANK, 0)


class Solutions:
    """`mediapipe.solutions.pose`: one person; its own smoothing is off."""

    def __init__(self, mediapipe: Any, options: Options) -> None:
        self._pose = mediapipe.solutions.pose.Pose(
            smooth_landmarks=False,
            min_detection_confidence=options.detection,
            min_tracking_confidence=options.tracking,
        )

    def detect(self, rgb: Image, t: int) -> list[Body]:
        """At most one person; `t` is not used."""
        found = self._pose.process(rgb)
        if found.pose_landmarks is None or found.pose_world_landmarks is None:
            return []
        image, world = found.pose_landmarks.landmark, found.pose_world_landmarks.landmark
        return [_body(image, world, rgb)]

    def close(self) -> None:
        self._pose.close()


class Holistic:
    """`mediapipe.solutions.holistic`: one person with hands and face."""

    def __init__(self, mediapipe: Any, options: Options) -> None:
        self._options = options
        self._holistic = mediapipe.solutions.holistic.Holistic(
            smooth_landmarks=False,
            min_detection_confidence=options.detection,
            min_tracking_confidence=options.tracking,
        )

    def detect(self, rgb: Image, t: int) -> list[Body]:
        """At most one person; `t` is not used."""
        found = self._holistic.process(rgb)
        if found.pose_landmarks is None or found.pose_world_landmarks is None:
            return []
        body = _body(found.pose_landmarks.landmark, found.pose_world_landmarks.landmark, rgb)
        hands: list[Floats | None] = [None, None]
        if self._options.hands:
            both = (found.left_hand_landmarks, found.right_hand_landmarks)
            hands = [
                _hand(body, _pixels(hand.landmark, rgb), body.world[wrist]) if hand else None
                for hand, wrist in zip(both, WRISTS, strict=True)
            ]
        wanted = self._options.face and found.face_landmarks
        face = _pixels(found.face_landmarks.landmark, rgb) if wanted else None
        left, right = hands
        return [Body(body.image, body.world, body.visibility, left, right, face)]

    def close(self) -> None:
        self._holistic.close()


class Tasks:
    """`mediapipe.tasks`: several people; smooths by itself when it looks for one only."""

    def __init__(self, mediapipe: Any, model: bytes, options: Options) -> None:
        vision = require("mediapipe.tasks.python.vision")
        base = require("mediapipe.tasks.python").BaseOptions(model_asset_buffer=model)
        self._mediapipe, self._last = mediapipe, -1
        self._landmarker = vision.PoseLandmarker.create_from_options(
            vision.PoseLandmarkerOptions(
                base_options=base,
                running_mode=vision.RunningMode.VIDEO,
                num_poses=options.people,
                min_pose_detection_confidence=options.detection,
                min_pose_presence_confidence=options.detection,
                min_tracking_confidence=options.tracking,
            )
        )

    def detect(self, rgb: Image, t: int) -> list[Body]:
        """Everybody found."""
        self._last = max(t, self._last + 1)  # it refuses times that do not grow
        image_format = self._mediapipe.ImageFormat.SRGB
        picture = self._mediapipe.Image(image_format=image_format, data=rgb)
        found = self._landmarker.detect_for_video(picture, self._last)
        pairs = zip(found.pose_landmarks, found.pose_world_landmarks, strict=True)
        return distinct([_body(image, world, rgb) for image, world in pairs])

    def close(self) -> None:
        self._landmarker.close()


def distinct(bodies: Sequence[Body]) -> list[Body]:
    """The bodies, the best seen first, without those that lie upon another.

    Where two people are looked for and one is there, the detector may find that one twice.
    """
    kept: list[tuple[Floats, float]] = []  # middle and length of the trunk
    found = []
    for body in sorted(bodies, key=lambda b: -float(b.visibility.mean())):
        corners = body.image[TRUNK, :2]
        middle = corners.mean(axis=0)
        length = float(np.linalg.norm(corners[:2].mean(axis=0) - corners[2:].mean(axis=0)))
        if all(np.linalg.norm(middle - m) > SAME * max(length, n) for m, n in kept):
            kept.append((middle, length))
            found.append(body)
    return found


def _body(image: Sequence[Any], world: Sequence[Any], rgb: Image) -> Body:
    visibility = np.array([p.visibility for p in image], np.float32)
    return Body(_pixels(image, rgb), _points(world) * BODY_FRAME, np.clip(visibility, 0, 1))


def _points(landmarks: Sequence[Any]) -> Floats:
    return np.array([(p.x, p.y, p.z) for p in landmarks], np.float32)


def _pixels(landmarks: Sequence[Any], rgb: Image) -> Floats:
    """x, y in pixels, and the depth in the unit of x."""
    height, width = rgb.shape[:2]
    return _points(landmarks) * np.array([width, height, width], np.float32)


def _hand(body: Body, pixels: Floats, wrist: Floats) -> Floats:
    """A hand in metres: hung on the wrist, with the scale that trunk and arms have in the picture.

    Holistic gives hands in pixels only; over the depth of a body, perspective is neglected.
    """
    flat = body.image[TRUNK_AND_ARMS, :2]
    real = body.world[TRUNK_AND_ARMS, :2] * BODY_FRAME[:2]
    flat, real = flat - flat.mean(axis=0), real - real.mean(axis=0)
    scale = float((flat * real).sum() / max((flat * flat).sum(), 1e-6))
    hand: Floats = wrist + (pixels - pixels[0]) * BODY_FRAME * np.float32(scale)
    return hand


def carried_models(mediapipe: Any) -> bytes:
    """The models that mediapipe 0.10 carries, put together for Tasks.

    A .task file is a zip without compression; its models must say how pixels are normalised.
    """
    writer = require("mediapipe.tasks.python.metadata.metadata_writers.metadata_writer")
    modules = Path(mediapipe.__file__).parent / "modules"
    models = {
        "pose_detector.tflite": ("pose_detection/pose_detection.tflite", 127.5, 127.5),
        "pose_landmarks_detector.tflite": ("pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
    }
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as bundle:
        for name, (path, mean, deviation) in models.items():
            made = writer.MetadataWriter.create((modules / path).read_bytes())
            bundle.writestr(name, bytes(made.add_image_input([mean], [deviation]).populate()[0]))
    return file.getvalue()
