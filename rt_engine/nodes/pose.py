"""Bodies in pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.kinds import Frames, Images, Pose, Poses
from rt_engine.motion.landmarks import HIPS, SHOULDERS
from rt_engine.motion.steady import SteadyPose
from rt_engine.quiet import quiet
from rt_engine.video.detectors import Body, Detector, Options, forget, open_detector, warm_up
from rt_engine.video.drawing import colour_picture
from rt_engine.video.opencv import opencv
from rt_engine.video.people import People, Place
from rt_engine.video.reader import Image

__all__ = ["MediaPipe", "Smooth"]

FACE_POINTS = 468
MS = 1_000_000

Confidence = Annotated[float, Meta(ge=0, le=1, description="least confidence of the detector")]


class MediaPipe(Node):
    """33 landmarks of each person, in the picture and in metres, by MediaPipe's BlazePose.

    While it works on one picture, only the newest of those that come is kept. A person who was
    out of sight for less than `memory` s keeps the number. Hands and face are those of one
    person, and take twice the time. The output `faces` has 468 points as x, y in pixels and a
    depth in the same unit, one after the other; nothing while no face is seen.
    """

    threaded = True
    images = Input(Images, keep="latest")
    poses = Output(Poses)
    faces = Output(Frames)
    model: Annotated[str, Meta(description='.task file; "" is the one in mediapipe 0.10.21')] = ""
    people: Annotated[int, Meta(ge=1, le=8, description="at most; more than one costs time")] = 1
    hands: Annotated[bool, Meta(description="find the fingers, too")] = False
    face: Annotated[bool, Meta(description="find the face, too")] = False
    detection: Confidence = 0.5
    tracking: Confidence = 0.5
    memory: Annotated[float, Meta(ge=0, le=60, description="s a person is remembered")] = 3.0

    def plan(self) -> None:
        if (self.hands or self.face) and (self.people > 1 or self.model):
            raise ValueError(
                "hands and face are found for one person, by the model in mediapipe: "
                "leave out 'people' and 'model', or 'hands' and 'face'"
            )
        if self.model and not Path(self.model).is_file():
            raise ValueError(f"model {self.model!r}: no such file")
        self.faces.format = Frames(size=3 * FACE_POINTS, content="face landmarks, pixels")

    def open(self) -> None:
        opencv()
        options = Options(
            self.model, self.people, self.hands, self.face, self.detection, self.tracking
        )
        with quiet():
            self._detector: Detector = open_detector(options)
            warm_up(self._detector)

    def reset(self) -> None:
        self._people = People(self.memory)
        forget(self._detector)

    def on_images(self, packet: Packet) -> None:
        image: Image = packet.data
        bodies = self._detector.detect(_rgb(image), packet.t // MS) if image.size else []
        height, width = (*image.shape, 0, 0)[:2]
        places = [_place(body, max(height, 1)) for body in bodies]
        numbers = self._people.match(packet.t / SECOND, places)
        pairs = sorted(zip(numbers, bodies, strict=True), key=lambda pair: pair[0])
        self.poses.emit(packet.t, [_pose(n, body, width, height) for n, body in pairs])
        for body in bodies:
            if body.face is not None:
                self.faces.emit(packet.t, body.face[:FACE_POINTS].reshape(-1))

    def close(self) -> None:
        if hasattr(self, "_detector"):
            self._detector.close()


class Smooth(Node):
    """Landmarks that tremble less: One-Euro filters on one control from calm to quick.

    Each person has filters of their own. A landmark that is badly seen pulls less; one that is
    lost, or a person who is, goes on for up to 0.3 s at a velocity that decays. Where the
    detector has exchanged left and right, they are put back. The output `lag` says what this
    costs: the delay in ms that was added of late, in the picture plane and in depth.
    """

    poses = Input(Poses)
    smooth = Output(Poses)
    lag = Output(Frames)
    quick: Annotated[float, Knob(ge=0, le=1, description="0 is calm and late, 1 quick")] = 0.5
    swaps: Annotated[bool, Meta(description="undo exchanges of left and right")] = True
    memory: Annotated[
        float, Meta(ge=0.3, le=60, description="s that someone out of sight is remembered")
    ] = 2.0

    def plan(self) -> None:
        self.smooth.format = self.poses.format
        self.lag.format = Frames(size=2, content="lag, ms: picture plane, depth")

    def reset(self) -> None:
        self._people: dict[int, SteadyPose] = {}

    def on_setting(self, name: str) -> None:
        for person in self._people.values():
            person.filter.quick = self.quick

    def on_poses(self, packet: Packet) -> None:
        t = packet.t
        found = [self._person(pose.person).step(pose, t) for pose in packet.data]
        seen = {pose.person for pose in found}
        gone = [self._people[number].coast(t) for number in self._people.keys() - seen]
        found += [pose for pose in gone if pose is not None]
        self._people = {n: p for n, p in self._people.items() if p.age(t) <= self.memory}
        self.smooth.emit(t, sorted(found, key=lambda pose: pose.person))
        if seen:
            lags = [self._people[number].lag for number in seen]
            self.lag.emit(t, np.max(lags, axis=0).astype(np.float32) * np.float32(1000))

    def _person(self, number: int) -> SteadyPose:
        if number not in self._people:
            self._people[number] = SteadyPose(self.quick, self.swaps)
        return self._people[number]


def _rgb(image: Image) -> Image:
    rgb: Image = opencv().cvtColor(colour_picture(image), opencv().COLOR_BGR2RGB)
    return rgb


def _place(body: Body, height: int) -> Place:
    """Where someone is, in picture heights: the same after a change of the picture's size."""
    points = body.image[:, :2].astype(np.float64) / height
    hips, shoulders = points[list(HIPS)].mean(axis=0), points[list(SHOULDERS)].mean(axis=0)
    return Place(hips, float(np.linalg.norm(shoulders - hips)))


def _pose(person: int, body: Body, width: int, height: int) -> Pose:
    return Pose(
        person,
        body.image,
        body.world,
        body.visibility,
        width,
        height,
        body.left_hand,
        body.right_hand,
    )
