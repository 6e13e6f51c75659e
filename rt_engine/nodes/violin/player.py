"""Which of the people in sight plays the violin."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Node, Output, Packet
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person

__all__ = ["Player"]

AGAIN = 10.0  # s for which what was said must not hold before it may be said anew


class Player(Node):
    """The poses of the player alone: who was seen first, for as long as that person is in sight.

    Who comes after is left out, also where the detector sees only one person and jumps from one
    to another; a player out of sight for `patience` s is replaced by who is there then. A second
    person, and nobody, are said once.
    """

    poses = Input(kinds.Poses)
    player = Output(kinds.Poses)
    person: Person = -1
    patience: Annotated[
        float, Meta(ge=0.5, le=60, description="s after which someone out of sight is given up")
    ] = 4.0

    def plan(self) -> None:
        self.player.format = self.poses.format

    def reset(self) -> None:
        self._followed = -1
        self._seen: int | None = None  # ns, when the player was last in sight
        self._said: dict[str, int] = {}  # ns, when it last held

    def on_poses(self, packet: Packet) -> None:
        t, seen = packet.t, self._seen
        given_up = seen is None or t - seen > self.patience * SECOND
        pose = chosen(packet.data, self.person, self._followed)
        if pose is not None and pose.person != self._followed and self.person < 0:
            pose = pose if given_up else None
        if pose is not None:
            self._followed, self._seen = pose.person, t
        elif seen is None:
            self._seen = t
        self._tell(t, packet.data, pose is None and given_up and seen is not None)
        self.player.emit(t, [] if pose is None else [pose])

    def _tell(self, t: int, people: list[kinds.Pose], nobody: bool) -> None:
        if any(pose.person != self._followed for pose in people):
            self._say("others", t, "a second person is in sight; the player is who was first")
        if nobody and not people:
            self._say("nobody", t, "nobody is in sight: bow and posture are not measured")

    def _say(self, what: str, t: int, text: str) -> None:
        """Once, for as long as it holds without a longer break."""
        last = self._said.get(what)
        self._said[what] = t
        if last is None or t - last > AGAIN * SECOND:
            self.log.warning("%s", text)
