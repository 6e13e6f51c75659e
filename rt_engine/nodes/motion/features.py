"""Numbers for music."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.motion.directogram import BINS, RATE, Directogram
from rt_engine.motion.kinematics import Difference, IctusDetector, quantity_of_motion
from rt_engine.motion.landmarks import WRISTS
from rt_engine.motion.people import chosen
from rt_engine.motion.picture import Places
from rt_engine.motion.quaternion import Floats
from rt_engine.nodes.motion.following import GAP, Person, send

__all__ = ["Features"]


class Features(Node):
    """What a body does, in numbers for music: how fast, how much, which way, and the ictus.

    Places are those of the landmarks in metres, with the way of the hips across the picture.
    Every frame has the time of the middle of what it is taken from:

    - `velocity` (m/s) and `acceleration` (m/s^2): 33 landmarks, x, y, z of each in turn
    - `motion`: quantity of motion, the mean speed of 17 keypoints in m/s
    - `directogram`: 12 sums of speed in m/s by direction in the picture plane; the first is
      to the person's left, the fourth up
    - `offset`: the kinematic offset in m/s^2, the mean growth of the directogram
    - `left`, `right`: lowest points of the strokes of a hand, candidates for an ictus, whose
      strength is the change of speed in m/s; they are known 40 ms or so after their time

    RhythmicNet (2021), section "Style Extraction"; directogram and offset at `fps`.
    """

    poses = Input(kinds.Poses)
    velocity = Output(kinds.Frames)
    acceleration = Output(kinds.Frames)
    motion = Output(kinds.Frames)
    directogram = Output(kinds.Frames)
    offset = Output(kinds.Frames)
    left = Output(kinds.Onsets)
    right = Output(kinds.Onsets)
    person: Person = -1
    fps: Annotated[float, Meta(gt=0, le=120, description="directograms a second")] = RATE
    depth: Annotated[float, Knob(ge=0, le=1, unit="m", description="least fall of an ictus")] = 0.03
    turn: Annotated[
        float, Knob(ge=0, le=20, unit="m/s", description="least change of speed of an ictus")
    ] = 0.4

    def plan(self) -> None:
        self.velocity.format = kinds.Frames(size=99, content="velocity, m/s")
        self.acceleration.format = kinds.Frames(size=99, content="acceleration, m/s^2")
        self.motion.format = kinds.Frames(size=1, content="quantity of motion, m/s")
        self.directogram.format = kinds.Frames(self.fps, BINS, "directogram, m/s")
        self.offset.format = kinds.Frames(self.fps, 1, "kinematic offset, m/s^2")

    def reset(self) -> None:
        self._followed, self._seen = -1, 0
        self._begin()

    def _begin(self) -> None:
        self._places, self._speed, self._change = Places(), Difference(), Difference()
        self._directions = Directogram(self.fps)
        self._hands = [IctusDetector(self.depth, self.turn) for _ in WRISTS]

    def on_setting(self, name: str) -> None:
        for hand in self._hands:
            hand.depth, hand.turn = self.depth, self.turn

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed or packet.t - self._seen > GAP:
            self._begin()
        self._followed, self._seen = pose.person, packet.t
        t = packet.t / SECOND
        self._derive(t, self._places.step(t, pose))

    def _derive(self, t: float, places: Floats) -> None:
        if velocity := self._speed.step(t, places):
            send(self.velocity, velocity[0], velocity[1])
            send(self.motion, velocity[0], quantity_of_motion(velocity[1]))
            if acceleration := self._change.step(*velocity):
                send(self.acceleration, *acceleration)
        for row in self._directions.step(t, places):
            send(self.directogram, row.t, row.directions)
            if row.offset is not None:
                send(self.offset, row.offset_t, np.array(row.offset))
        for output, hand, wrist in zip((self.left, self.right), self._hands, WRISTS, strict=True):
            if ictus := hand.step(t, float(places[wrist, 1])):
                output.emit(round(ictus.t * SECOND), kinds.Onset(ictus.strength))
