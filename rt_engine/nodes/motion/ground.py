"""Skeletons to feet that stand."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.calibration.body import load_body
from rt_engine.core import SECOND, Input, Node, Output, Packet, action
from rt_engine.motion.ground import Grounder
from rt_engine.motion.picture import Places
from rt_engine.motion.skeleton import HEIGHT, offsets_of
from rt_engine.nodes.motion.following import FORGET
from rt_engine.nodes.motion.measures import BodyFile, measured

__all__ = ["Ground"]


class Ground(Node):
    """Feet that stay where they stand, hips that follow from them, and jumps that stay jumps.

    A foot on the floor is held in place; the way of the hips through the world follows from it.
    Landmarks are centred on the hips, so a jump shows only in the picture: wire `poses`, the
    same that the skeletons come from, and the height of the hips is taken from there. Without
    it the root of the skeletons says how high they are, and from landmarks alone one foot is
    always on the floor. The camera is taken to look level.
    """

    skeletons = Input(kinds.Skeletons)
    poses = Input(kinds.Poses, optional=True)
    grounded = Output(kinds.Skeletons)
    body: BodyFile = ""
    height: Annotated[float, Meta(ge=0, le=3, description="m, as of Skeleton; 0: learnt")] = 0.0
    lengths: Annotated[dict[str, float], Meta(description="m, by bone, as of Skeleton")] = {}

    def plan(self) -> None:
        body = load_body(self.body) if self.body else None
        height, lengths = measured(body, self.height, self.lengths)
        height = height or HEIGHT
        self._bones = offsets_of(height, lengths) * (HEIGHT / height)
        self.grounded.format = self.skeletons.format

    def reset(self) -> None:
        self._people: dict[int, tuple[Grounder, int]] = {}
        self._hips: dict[int, tuple[Places, int, float | None]] = {}
        self._pictured = 0  # ns, of the newest poses
        self._waiting: Packet | None = None  # skeletons whose poses are still to come

    def on_poses(self, packet: Packet) -> None:
        for pose in packet.data:
            hips, _, _ = self._hips.get(pose.person) or (Places(), 0, None)
            self._hips[pose.person] = hips, packet.t, float(hips.hips(packet.t / SECOND, pose)[1])
        self._hips = {n: found for n, found in self._hips.items() if packet.t - found[1] < FORGET}
        self._pictured = packet.t
        if self._waiting is not None and self._waiting.t <= packet.t:
            self._emit(self._waiting)

    def on_skeletons(self, packet: Packet) -> None:
        if self._waiting is not None:
            self._emit(self._waiting)
        if "poses" in self.formats and self._pictured < packet.t:
            self._waiting = packet
        else:
            self._emit(packet)

    def _emit(self, packet: Packet) -> None:
        self._waiting = None
        found = []
        for pose in packet.data:
            grounder, _ = self._people.get(pose.person) or (Grounder(self._bones), 0)
            self._people[pose.person] = grounder, packet.t
            height = self._hips[pose.person][2] if pose.person in self._hips else None
            found.append(grounder.step(packet.t / SECOND, pose, height))
        self._people = {n: who for n, who in self._people.items() if packet.t - who[1] < FORGET}
        self.grounded.emit(packet.t, found)

    @action
    def recentre(self, t: int) -> None:
        """Put everybody back to the middle of the floor."""
        for grounder, _ in self._people.values():
            grounder.recentre()
