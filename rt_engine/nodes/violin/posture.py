"""Posture, seen."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet, action
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person
from rt_engine.violin.posture import CALIBRATION, FIGURES, Figures, PostureWatch

__all__ = ["Posture"]


class Posture(Node):
    """How far shoulders, right elbow, head and left hand are from the player's own good posture.

    The action `calibrate` says "this is my good pose": the two seconds after it are kept. What
    is measured then is told in the log, and may be given as `good` the next day. Until it is
    measured the one before holds; without one nothing is reliable. After a gap in the poses the
    two seconds begin again. Postures come twice a second, each the median of the last 6 s.
    """

    poses = Input(kinds.Poses)
    postures = Output(kinds.Postures)
    person: Person = -1
    good: Annotated[
        dict[str, float],
        Meta(description=f"{', '.join(FIGURES)} of a good posture, as 'calibrate' tells them"),
    ] = {}

    def plan(self) -> None:
        if self.good and set(self.good) != set(FIGURES):
            raise ValueError(
                f"setting 'good' needs {', '.join(FIGURES)}; found {', '.join(self.good)}"
            )
        self._watch = PostureWatch(Figures(**self.good) if self.good else None)

    def reset(self) -> None:
        self._followed = -1
        self._watch.reset()
        if self._watch.calibrating:
            self.log.warning("a gap: hold your good posture for another %g s", CALIBRATION)

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            return
        self._followed = pose.person
        before = self._watch.calibrating
        posture = self._watch.step(packet.t / SECOND, pose.world, pose.visibility)
        if before and not self._watch.calibrating and self._watch.good:
            good = self._watch.good._asdict().items()
            told = ", ".join(f"{name}: {value:.1f}" for name, value in good)
            self.log.info("good posture: {%s}", told)
        if posture:
            self.postures.emit(packet.t, posture)

    @action
    def calibrate(self, t: int) -> None:
        """Take the posture of the next two seconds as the good one."""
        self._watch.calibrate(t / SECOND)
        self.log.info("hold your good posture for %g s", CALIBRATION)
