"""The whole body, as a network wants it."""

from __future__ import annotations

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet
from rt_engine.motion import dance
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person

__all__ = ["Dance"]


class Dance(Node):
    """How a body moves, as a network that finds beats in motion wants it.

    The 17 keypoints of COCO in the picture plane, thirty times a second: x and y in sizes of the
    body, their velocities over how lively it was of late, and the confidence, joint after joint;
    a joint that is not seen is five zeros. A frame comes up to a picture after its time; none
    while nobody is seen. Wire the detector's own poses: models are trained on its noise.

    RhythmicNet (2021), section 3; see `rt_engine.motion.dance`.
    """

    poses = Input(kinds.Poses)
    dance = Output(kinds.Frames)
    person: Person = -1

    def plan(self) -> None:
        self.dance.format = kinds.Frames(dance.FPS, dance.SIZE, "dance")

    def reset(self) -> None:
        self._followed, self._stream = -1, dance.DanceMotion()

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed:
            self._followed, self._stream = pose.person, dance.DanceMotion()
        rows = self._stream.step(packet.t / SECOND, *dance.keypoints(pose))
        for t, row in zip(rows.times.tolist(), rows.values, strict=True):
            self.dance.emit(round(t * SECOND), row)
