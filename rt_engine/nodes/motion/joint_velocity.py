"""The upper body, as a network wants it."""

from __future__ import annotations

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet
from rt_engine.motion import joint_velocity
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person

__all__ = ["JointVelocity"]


class JointVelocity(Node):
    """How the upper body moves, as a network that hears music in motion wants it.

    Velocities of 13 joints (nose, ears, shoulders, elbows, wrists, knuckles of index and little
    finger; of each pair the left one first) along x, y, z, fifty times a second, each joint over
    its quickest of late: 0.5 is rest, 0 and 1 are full speed. A frame comes 20 ms and up to a
    picture after its time; none while nobody is seen. Wire the detector's own poses: models are
    trained on its noise.

    MOSA (2024), section IV A 2, made causal; see `rt_engine.motion.joint_velocity`.
    """

    poses = Input(kinds.Poses)
    velocity = Output(kinds.Frames)
    person: Person = -1

    def plan(self) -> None:
        size, rate = joint_velocity.SIZE, joint_velocity.FPS
        self.velocity.format = kinds.Frames(rate, size, "joint velocity")

    def reset(self) -> None:
        self._followed, self._stream = -1, joint_velocity.JointVelocity()

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed:
            self._followed, self._stream = pose.person, joint_velocity.JointVelocity()
        rows = self._stream.step(packet.t / SECOND, pose.world, pose.visibility)
        for t, row in zip(rows.times.tolist(), rows.values, strict=True):
            self.velocity.emit(round(t * SECOND), row)
