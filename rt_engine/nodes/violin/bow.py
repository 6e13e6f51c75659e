"""The bow, seen."""

from __future__ import annotations

import numpy as np

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person
from rt_engine.violin.stroke import Bow as Path
from rt_engine.violin.stroke import Strokes, seen

__all__ = ["Bow"]


class Bow(Node):
    """Strokes of the bow as the right hand shows them: direction, amount, speed, straightness.

    `strokes` come when they have ended, stamped with their start, each figure with how sure it
    is. `bow` has, for each pose, how far the hand is along the bow in m (an offset stays) and
    how well that is seen. Straightness is a proxy: that of the wrist's path in the picture plane.
    """

    poses = Input(kinds.Poses)
    strokes = Output(kinds.BowStrokes)
    bow = Output(kinds.Frames)
    person: Person = -1

    def plan(self) -> None:
        self.bow.format = kinds.Frames(size=2, content="hand along the bow, m; reliability")

    def reset(self) -> None:
        self._followed = -1
        self._path, self._strokes = Path(), Strokes()

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        if pose.person != self._followed:
            self._followed = pose.person
            self._path, self._strokes = Path(), Strokes()
        t, sure = packet.t / SECOND, seen(pose.visibility)
        place, wrist = self._path.step(t, pose.world)
        self.bow.emit(packet.t, np.array([place, sure], np.float32))
        _, ended = self._strokes.step(t, place, wrist, sure)
        if ended:
            self.strokes.emit(round(ended[0] * SECOND), ended[1])
